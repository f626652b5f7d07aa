"""A real e-mail address, which hides itself wherever it is shown.

``str``, ``repr`` and ``format`` never give the address; ``reveal()`` does, and only the modules that a test lists may call it,
so one search shows every place where a real address can appear. It refuses what Postern could not write to: anything that is
not an RFC 5321 Mailbox in ASCII (SMTPUTF8 is not offered), address literals and source routes.
"""

import re
from dataclasses import dataclass
from typing import Self

from postern.errors import AddressError

LOCAL_PART_MAXIMUM = 64  # RFC 5321 4.5.3.1.1
DOMAIN_MAXIMUM = 255  # RFC 5321 4.5.3.1.2
PATH_MAXIMUM = 254  # RFC 5321 4.5.3.1.3, less the angle brackets

_DOT_STRING = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED_STRING = re.compile(r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"')
_DOMAIN_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """One mailbox. Two addresses are equal only if spelled alike; ``canonical()`` is what look-ups compare."""

    local_part: str
    domain: str  # lower case, ASCII (A-labels)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``local@domain`` (RFC 5321 4.1.2 Mailbox). Raises AddressError, whose sentence does not repeat the text."""
        local_part, at, domain = text.rpartition("@")
        if not at:
            raise AddressError("an e-mail address needs an @")
        if not local_part or len(local_part) > LOCAL_PART_MAXIMUM:
            raise AddressError(f"the part before the @ must have 1 to {LOCAL_PART_MAXIMUM} characters")
        if not (_DOT_STRING.fullmatch(local_part) or _QUOTED_STRING.fullmatch(local_part)):
            raise AddressError("the part before the @ has characters that an e-mail address cannot have")
        if len(domain) > DOMAIN_MAXIMUM or len(text) > PATH_MAXIMUM:
            raise AddressError(f"an e-mail address has at most {PATH_MAXIMUM} characters")
        if not is_domain(domain):
            raise AddressError("the part after the @ is not a domain name (write international names in their xn-- form)")
        return cls(local_part, domain.lower())

    def reveal(self) -> str:
        """The address as text, for the wire and for its own person; every caller is on a list that a test holds."""
        return f"{self.local_part}@{self.domain}"

    def canonical(self) -> str:
        """The form that look-ups compare: all lower case, as every large mail host compares local parts."""
        return f"{self.local_part}@{self.domain}".lower()

    def __repr__(self) -> str:
        return "Address(hidden)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)


def is_domain(text: str) -> bool:
    """Whether this is a domain name as RFC 5321 4.1.2 writes it: LDH labels, no trailing dot, no address literal."""
    return len(text) <= DOMAIN_MAXIMUM and all(_DOMAIN_LABEL.fullmatch(label) for label in text.split("."))
