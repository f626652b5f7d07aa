"""What stands behind the edge, and how its answers are said over SMTP."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from postern.actions.find_recipient import Recipient
from postern.actions.receive_mail import Answer
from postern.language import DEFAULT_LANGUAGE
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.policy.reasons import Cause
from postern.ports import Clock
from postern.smtp.doorkeeper import Doorkeeper
from postern.smtp.places import Places
from postern.smtp.reply import Reply
from postern.smtp.sources import Sources


@dataclass(frozen=True, slots=True)
class Desk:
    """The look-up for RCPT, and the way of a finished mail."""

    find_recipient: Callable[[str], Awaitable[Recipient]]
    receive: Callable[[Mail], Awaitable[Answer]]
    clock: Clock
    doorkeeper: Doorkeeper | None = None  # where mail is submitted


@dataclass(frozen=True, slots=True)
class Post:
    """What all carriers of one edge work with."""

    desk: Desk
    hostname: str
    limits: Limits
    tls: ssl.SSLContext | None
    sources: Sources
    places: Places


def reply_for(cause: Cause) -> Reply:
    """A cause as the SMTP session says it: what happened, then what to do, in English."""
    words = f"{cause.sentence(DEFAULT_LANGUAGE)}\n{cause.remedy(DEFAULT_LANGUAGE)}"
    return Reply(cause.reason.status, words, cause.reason.enhanced)
