"""Whether an address is one that Postern takes mail for, answered at RCPT, before any content."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postern.actions.frame import Frame
from postern.errors import TokenError
from postern.mail.return_path import PREFIX, read_return_path
from postern.model.address import is_domain
from postern.model.alias import read_local_part
from postern.policy.reasons import ALIASES_OF_TWO_SELLERS, MAILED_TO_NOTICES, UNKNOWN_ALIAS, Cause
from postern.storage.people import find_mail_domain
from postern.storage.relationships import AliasEntry, find_alias
from postern.storage.store import Look

HOUSE_ROLES = ("postmaster", "abuse")  # RFC 5321 4.5.1, RFC 2142 4
NOTICES = ("no-reply", "noreply")  # R30


@dataclass(frozen=True, slots=True)
class House:
    """A role of the house: ``postmaster``, ``abuse``, or ``report`` for a failure report about one message."""

    role: str
    about_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not taken, for this cause."""

    cause: Cause


Recipient = AliasEntry | House | Refused


def find_recipient(look: Look, frame: Frame, address: str, now: datetime) -> Recipient:
    """An alias, a live signed return path, or a role of the house; anything else is refused."""
    local_part, at, domain = address.rpartition("@")
    if not at:
        return House("postmaster") if address.lower() == "postmaster" else Refused(Cause(UNKNOWN_ALIAS))  # RFC 5321 4.5.1
    if not is_domain(domain):  # no store is asked for what it could not even spell
        return Refused(Cause(UNKNOWN_ALIAS))
    spelled = read_local_part(local_part)
    entry = find_alias(look, spelled, domain) if spelled else None
    if entry:
        return entry
    return _find_house(look, frame, local_part.lower(), domain, now)


def _find_house(look: Look, frame: Frame, local_part: str, domain: str, now: datetime) -> Recipient:
    if find_mail_domain(look, domain) is None:
        return Refused(Cause(UNKNOWN_ALIAS))
    if local_part in HOUSE_ROLES:
        return House(local_part)
    if local_part in NOTICES:
        return Refused(Cause(MAILED_TO_NOTICES))
    if local_part.startswith(PREFIX):
        try:
            return House("report", read_return_path(frame.keyring, local_part, now))
        except TokenError:
            return Refused(Cause(UNKNOWN_ALIAS))
    return Refused(Cause(UNKNOWN_ALIAS))


def refusal_beside(recipient: Recipient, accepted: Iterable[Recipient]) -> Cause | None:
    """Why this recipient cannot share a mail with those that are in it already: one mail is of one seller."""
    sellers = {one.seller_id for one in (recipient, *accepted) if isinstance(one, AliasEntry)}
    return Cause(ALIASES_OF_TWO_SELLERS) if len(sellers) > 1 else None
