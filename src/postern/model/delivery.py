"""How one attempt to hand a mail to the next hop ended, and what a worker asks of the queue.

Code, status and text may be written to the record and shown to the sender. They hold no address and no host name: the text is
what is left of the reply once everything that could name somebody was taken out. A host is named apart, for the queue alone.
"""

from dataclasses import dataclass, field
from enum import StrEnum

_SENT_AWAY = 421
_NO_ANSWER = ("4.4.1", "4.4.3")  # RFC 3463 3.5: from the host; from the name servers


class Carries(StrEnum):
    """What a delivery carries."""

    MESSAGE = "message"
    NOTICE = "notice"
    HOUSE = "house"  # mail for the operator


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker can carry now: so many mails, by their time alone; or, where ``each`` is set, the destinations in turns, at
    most ``each`` to one of them, ``each_trusted`` to one that is ``trusted``, none to those that are ``full`` or ``resting``,
    but what has waited too long for these.
    """

    count: int
    each: int | None = None
    each_trusted: int = 0
    full: tuple[bytes, ...] = ()
    resting: tuple[bytes, ...] = ()
    trusted: tuple[bytes, ...] = ()
    only_given_up: bool = False  # nothing can be sent now: only what has waited too long is wanted


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
    again). Only a retry at the same host with the same Message-ID lets the other side recognise a copy. ``host`` is that host's
    name, empty where the next hop is always the same.
    """

    code: int
    enhanced: str
    text: str
    indeterminate: bool = False
    host: str = field(default="", repr=False)  # where it is indeterminate, and another host could be picked next time

    @property
    def unreachable(self) -> bool:
        """Nobody answered there, or everybody is sent away (RFC 5321 3.8, 421): nothing was said about this mail."""
        return not self.indeterminate and (self.code == _SENT_AWAY or (self.code == 0 and self.enhanced in _NO_ANSWER))


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good. ``code`` is 0 where the mail never reached a host that could have refused it."""

    code: int
    enhanced: str
    text: str


Outcome = Delivered | Deferred | Failed
