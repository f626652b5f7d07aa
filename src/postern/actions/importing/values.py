"""The values of a feed line: each function takes what JSON gave and answers our type, or says what is wrong with it.

Strict on purpose: a number in quotes is refused, not converted, because a feed that guesses cannot be trusted with addresses. No
sentence here repeats the value: it may be an address.
"""

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import TypeVar
from urllib.parse import urlsplit

from postern.errors import AddressError, PosternError
from postern.model.address import Address, is_domain
from postern.model.contact_policy import ContactPolicy, DetailKind, Treatment, Treatments

ID_MAXIMUM = 100
NAME_MAXIMUM = 100
TEXT_MAXIMUM = 1_000
URL_MAXIMUM = 1_000
MAIL_DOMAIN_MAXIMUM = 189  # so that any local part before it still makes an address (RFC 5321 4.5.3.1.3)
HOSTS_MAXIMUM = 200  # whose links a marketplace lets pass
NUMBER_MAXIMUM = 1_000_000_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, line and paragraph separators
_TURNS_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)  # RFC 3339 5.6
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")  # RFC 5646: a language, perhaps a script and a region
_URL = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986 2, with nothing that ends a link in a mail
_SHOWABLE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
ORDER_PLACE = "{order}"

T = TypeVar("T")
Read = Callable[[object], T]
Choice = TypeVar("Choice", bound=StrEnum)


class WrongValueError(PosternError):
    """What a value must be, and where in its line it stands."""

    def __init__(self, sentence: str, place: str = "") -> None:
        super().__init__(f"{place} {sentence}" if place else sentence)
        self.sentence = sentence
        self.place = place

    def within(self, key: str) -> "WrongValueError":
        """The same mistake, as seen from the object or list around it."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        return WrongValueError(self.sentence, f"{key}{dot}{self.place}")


class Fields:
    """One JSON object, read key by key; ``finish`` refuses the keys that nobody asked for."""

    def __init__(self, content: object) -> None:
        if not isinstance(content, Mapping):
            raise WrongValueError("must be an object in braces")
        self._content: Mapping[str, object] = content
        self._asked: list[str] = []

    def need(self, key: str, read: Read[T]) -> T:
        """The value of a key that must be there."""
        self._asked.append(key)
        if key not in self._content:
            raise WrongValueError(f"{key!r} is missing{_meant(key, self._content)}")
        return _read_at(key, read, self._content[key])

    def may(self, key: str, read: Read[T], otherwise: T) -> T:
        """The value of a key that may be left out; null means the same."""
        self._asked.append(key)
        content = self._content.get(key)
        return otherwise if content is None else _read_at(key, read, content)

    def finish(self) -> None:
        for key in self._content:
            if key not in self._asked:
                raise WrongValueError(f"{_show_key(key)} is not known here{suggest(key, self._asked)}")


def suggest(text: str, known: Iterable[str]) -> str:
    """What was probably meant, as the end of a sentence."""
    near = get_close_matches(text[:ID_MAXIMUM], list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def show_id(text: str) -> str:
    """An id in a sentence; one that looks like an address stays unsaid."""
    return "(an id with an @)" if "@" in text else repr(text)


def _meant(key: str, content: Iterable[str]) -> str:
    near = get_close_matches(key, [other[:ID_MAXIMUM] for other in content], n=1, cutoff=0.75)
    return f"; was it meant by {_show_key(near[0])}?" if near else ""


def _show_key(key: str) -> str:
    return f"the key {key!r}" if _SHOWABLE_KEY.fullmatch(key) else "a key"


def _read_at(key: str, read: Read[T], content: object) -> T:
    try:
        return read(content)
    except WrongValueError as error:
        raise error.within(key) from None


def read_string(content: object) -> str:
    if not isinstance(content, str):
        raise WrongValueError("must be a string in quotes")
    return content


def read_identifier(content: object) -> str:
    """The shop's own id of something."""
    text = read_string(content)
    if not 1 <= len(text) <= ID_MAXIMUM or not text.isprintable() or text != text.strip():
        raise WrongValueError(f"must have 1 to {ID_MAXIMUM} printable characters, without spaces around them")
    return text


def read_line_of_text(maximum: int, *, empty: bool = False) -> Read[str]:
    """Text of people, in one line."""

    def read(content: object) -> str:
        text = read_string(content).strip()
        if len(text) > maximum or (not text and not empty):
            raise WrongValueError(f"must have {0 if empty else 1} to {maximum} characters")
        if not text.isascii() and _TURNS_DIRECTION.search(text):
            raise WrongValueError("must not turn the direction of reading")
        if not text.isprintable() and any(unicodedata.category(character) in _UNPRINTABLE for character in text):
            raise WrongValueError("must be one line without control characters")
        return text

    return read


def read_flag(content: object) -> bool:
    if not isinstance(content, bool):
        raise WrongValueError("must be true or false")
    return content


def read_count(content: object) -> int:
    if not isinstance(content, int) or isinstance(content, bool) or not 1 <= content <= NUMBER_MAXIMUM:
        raise WrongValueError(f"must be a whole number from 1 to {NUMBER_MAXIMUM}")
    return content


def read_number(content: object) -> float:
    """A number as it was written: 12 stays 12."""
    if not isinstance(content, (int, float)) or isinstance(content, bool) or not 0 <= content <= NUMBER_MAXIMUM:
        raise WrongValueError(f"must be a number from 0 to {NUMBER_MAXIMUM}")
    return content


def read_average(content: object) -> float | Mapping[str, float]:
    """R21: a number, or an object of numbers by marketplace."""
    if not isinstance(content, Mapping):
        return read_number(content)
    return {read_identifier(key): read_number(value) for key, value in content.items()}


def read_moment(content: object) -> datetime:
    """RFC 3339, in UTC."""
    text = read_string(content)
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC) if _TIME.fullmatch(text) else None
    except (ValueError, OverflowError):  # the 30th of February; the year 1 minus an hour
        moment = None
    if moment is None:
        raise WrongValueError("must be a time with its offset, such as 2026-11-20T10:00:00Z")
    if not EARLIEST <= moment < LATEST:
        raise WrongValueError(f"must lie from {EARLIEST.year} to {LATEST.year - 1}")
    return moment


def read_address(content: object) -> Address:
    try:
        return Address.parse(read_string(content))
    except AddressError as error:
        raise WrongValueError(f"is not an address that can be written to: {error}") from None


def read_mail_domain(content: object) -> str:
    text = read_string(content)
    if len(text) > MAIL_DOMAIN_MAXIMUM or "." not in text or not is_domain(text):
        raise WrongValueError("must be a domain name such as marketplace.example (international names in their xn-- form)")
    if text != text.lower():
        raise WrongValueError("must be in lower case")
    return text


def read_language(content: object) -> str:
    text = read_string(content)
    if not _LANGUAGE.fullmatch(text):
        raise WrongValueError("must be a language tag such as de or pt-BR")
    return text


def read_time_zone(content: object) -> str:
    text = read_string(content)
    if text not in _time_zones():
        raise WrongValueError(f"must be a time zone such as Europe/Berlin{suggest(text, _time_zones())}")
    return text


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def read_web_address(content: object) -> str:
    """An absolute http or https URL."""
    text = read_string(content)
    if not text:
        return text
    if not _is_absolute(text):
        raise WrongValueError("must be a whole web address that begins with https:// or http://")
    if len(text) > URL_MAXIMUM or not _URL.fullmatch(text):
        raise WrongValueError(f"must have at most {URL_MAXIMUM} characters, and only those of web addresses")
    return text


def _is_absolute(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # brackets that do not close; a port that is no number
        return False


def read_order_address(content: object) -> str:
    """The same, with ``{order}`` where the order id goes."""
    text = read_string(content)
    read_web_address(text.replace(ORDER_PLACE, "0"))
    return text


def read_choice(choices: type[Choice]) -> Read[Choice]:
    """One of a fixed set of words."""
    words = [one.value for one in choices]

    def read(content: object) -> Choice:
        text = read_string(content)
        if text not in words:
            raise WrongValueError(f"must be one of {', '.join(words)}{suggest(text, words)}")
        return choices(text)

    return read


def read_list(read_one: Read[T], maximum: int) -> Read[tuple[T, ...]]:
    """A list of values of one kind."""

    def read(content: object) -> tuple[T, ...]:
        if not isinstance(content, list):
            raise WrongValueError("must be a list in brackets")
        if len(content) > maximum:
            raise WrongValueError(f"must have at most {maximum} entries")
        return tuple(_read_at(f"[{number}]", read_one, one) for number, one in enumerate(content))

    return read


def read_contact_policy(content: object) -> ContactPolicy:
    """What becomes of typed contact details: by direction and kind; what is left out has its usual treatment."""
    fields = Fields(content)
    policy = ContactPolicy(
        buyer_to_seller=fields.may("buyer_to_seller", _read_treatments, Treatments()),
        seller_to_buyer=fields.may("seller_to_buyer", _read_treatments, Treatments()),
        telling=fields.may("telling", _read_pass_or_mask, Treatment.PASS),
        allowed_hosts=fields.may("allowed_hosts", read_list(read_mail_domain, HOSTS_MAXIMUM), ()),
    )
    fields.finish()
    return policy


def _read_treatments(content: object) -> Treatments:
    fields, usual = Fields(content), Treatments()
    read = read_choice(Treatment)
    treatments = Treatments(**{kind.value: fields.may(kind.value, read, usual.of(kind)) for kind in DetailKind})
    fields.finish()
    return treatments


def _read_pass_or_mask(content: object) -> Treatment:
    treatment = read_choice(Treatment)(content)
    if treatment not in (Treatment.PASS, Treatment.MASK):
        raise WrongValueError("must be pass or mask")
    return treatment
