"""How one attempt to hand a mail to the next hop ended.

Nothing here holds an address or a host name: ``text`` is what is left of the reply once everything that could name somebody
was taken out, so an outcome may be written to the record and shown to the sender.
"""

from dataclasses import dataclass
from enum import StrEnum


class Carries(StrEnum):
    """What a delivery carries."""

    MESSAGE = "message"
    NOTICE = "notice"
    HOUSE = "house"  # mail for the operator


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next hop took the mail and answers for it from here (RFC 5321 6.1)."""

    code: int
    enhanced: str  # RFC 3463, as "2.0.0"
    text: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not taken now; trying again may help. ``code`` is 0 where no readable reply came.

    ``indeterminate``: the connection was lost after the final dot, so the mail may have been taken (RFC 5321 4.5.4.1 makes us try
    again). Only a retry at the same host with the same Message-ID lets the other side recognise a copy.
    """

    code: int
    enhanced: str
    text: str
    indeterminate: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good. ``code`` is 0 where the mail never reached a host that could have refused it."""

    code: int
    enhanced: str
    text: str


Outcome = Delivered | Deferred | Failed
