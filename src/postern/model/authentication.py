"""What is known of who sent a mail: the proofs that came with it, and whether they prove its author.

Nothing is looked up or computed here. How a check is done is told in ``smtp/authentication``, and what follows from the answer
in ``policy/rules/sender.py``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from postern.model.address import Address
from postern.model.submission import SignedIn


class Mode(StrEnum):
    """By what the author of a mail is proved."""

    OFF = "off"  # by nothing: header From is believed, and ``serve`` allows that on loopback only
    ENFORCE = "enforce"  # by SPF or DKIM, checked here
    UPSTREAM = "upstream"  # by what the one server in front found
    SUBMISSION = "submission"  # by signing in


class Proof(StrEnum):
    """Whether a mail's author is who its header From says."""

    PROVED = "proved"
    UNPROVED = "unproved"
    UNKNOWN_NOW = "unknown now"  # what would tell cannot be asked at the moment


class Result(StrEnum):
    """What a check came to (RFC 8601 2.7)."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a result, and no password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    POLICY = "policy"  # it verifies, and is not good enough for us
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Aligned(StrEnum):
    """Whether what was checked is of the same house as the address in From (RFC 7489 3.1)."""

    YES = "aligned"
    NO = "not aligned"
    UNKNOWN_NOW = "alignment unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One proof that a mail brought: ``domain`` is whose it is, ``note`` says in our own words how it ended."""

    method: str  # ``spf``, ``dkim`` or ``dmarc``
    result: Result
    aligned: Aligned = Aligned.NO
    domain: str = field(default="", repr=False)
    selector: str = field(default="", repr=False)
    note: str = ""

    def __str__(self) -> str:
        """For the record: it names no domain, since a person's own domain names that person."""
        return " ".join(filter(None, (self.method, f"{self.result},", self.aligned, self.note and f"({self.note})")))


@dataclass(frozen=True, slots=True)
class Published:
    """What the domain in From asks of those who get its mail (RFC 7489 6.3). ``policy`` is ``none``, ``quarantine`` or
    ``reject``; empty where it asks nothing.
    """

    result: Result = Result.NONE  # of the look-up: ``pass`` where there is a record
    policy: str = ""
    is_testing: bool = False


@dataclass(frozen=True, slots=True)
class Authentication:
    """The proofs of one mail, and the domain in header From that they were gathered for. ``arc`` tells of the servers on the way
    (RFC 8617), and proves nothing by itself.
    """

    mode: Mode = Mode.OFF
    author_domain: str = field(default="", repr=False)
    checks: tuple[Check, ...] = ()
    published: Published = Published()
    arc: Result = Result.NONE
    signed_in: SignedIn | None = None

    @classmethod
    def by_signing_in(cls, signed_in: SignedIn) -> Self:
        """Of a mail that was submitted: it proves the one address, for its seller."""
        return cls(Mode.SUBMISSION, signed_in.address.domain, signed_in=signed_in)

    def proof_of(self, author: Address) -> Proof:
        """R16, R20: whether this mail comes from this address, the one in its header From."""
        match self.mode:
            case Mode.OFF:
                return Proof.PROVED
            case Mode.SUBMISSION:
                own = self.signed_in.address if self.signed_in else None
                return Proof.PROVED if own and own.canonical() == author.canonical() else Proof.UNPROVED
            case _:
                return self._by_checks() if author.domain == self.author_domain else Proof.UNPROVED

    def _by_checks(self) -> Proof:
        found = {(check.result, check.aligned) for check in self.checks if check.aligned is not Aligned.NO}
        if (Result.PASS, Aligned.YES) in found:
            return Proof.PROVED
        undecided = any(result in {Result.PASS, Result.TEMPERROR} for result, _ in found)
        return Proof.UNKNOWN_NOW if undecided else Proof.UNPROVED

    def story(self) -> list[str]:
        """What was found, for the record, without a domain or an address."""
        lines = [str(check) for check in self.checks]
        if self.published.result is not Result.NONE:
            testing = ", in testing" if self.published.is_testing else ""
            lines.append(f"dmarc record {self.published.policy or self.published.result}{testing}")
        if self.arc is not Result.NONE:
            lines.append(f"arc {self.arc}, a hint only")
        return lines
