"""Contact details that people type: addresses, phone numbers, messengers, links, also in disguise ("ann at mail dot test",
digits in words or spaced, look-alike letters, letters in reverse).

It says what stands where, and decides nothing: the marketplace's policy does. Aliases, the marketplace's own addresses and
hosts, the pair's order ids, and by their shape tracking numbers, EAN, ISBN, IBAN, prices and dates are no contact details.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from postern.mail.contact_words import (
    ENDINGS,
    MESSENGER_HOSTS,
    MESSENGERS,
    PREPOSITIONS,
    REACHING,
    SHORTENERS,
    WORDS_TOO,
)
from postern.mail.folding import places
from postern.mail.lookalikes import CONFUSABLE, SHOWN, foreign_letters, is_latin, translated
from postern.mail.patterns import SIGN_OF
from postern.mail.phone_numbers import find_numbers, find_spelled_numbers
from postern.mail.providers import is_public
from postern.model.contact_policy import DetailKind

_LOCAL = r"[\w.%+'-]{1,64}"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_AT_WORDS = "|".join(word for word, sign in SIGN_OF.items() if sign == "@")
_DOT_WORDS = "|".join(word for word, sign in SIGN_OF.items() if sign == ".")
_SIGNS = rf"(?P<sign>@|%40|&#0*64;?|&commat;)|[\[({{]\s?(?P<boxed>{_AT_WORDS}|@)\s?[\])}}]"
_AT = re.compile(rf"{_SIGNS}|[\s_-](?P<word>{_AT_WORDS})[\s_-]", re.IGNORECASE)
_AT_SIGN = re.compile(rf"{_SIGNS}|(?P<word>(?!))", re.IGNORECASE)
_WELL_KNOWN = (
    "gmail",
    "gmx",
    "hotmail",
    "outlook",
    "yahoo",
    "web.de",
    "icloud",
    "proton",
    "t-online",
    "libero",
    "orange",
    "mail.ru",
    "yandex",
)
_WITH_WORDS = (*_DOT_WORDS.split("|"), *_WELL_KNOWN)
_BEGINS_SIGN = "@%&[({"
_SIGNS_APART = 16  # characters from one to the next; where they stand closer, one search for all is quicker
_NAME_SIGNS = frozenset("_.%+'-")
_BACKWARDS = re.compile(rf"\s?({_LOCAL})")  # what stands before a sign, read from right to left
_PLAIN_DOMAIN = re.compile(rf"(?:{_LABEL}\.){{1,8}}[^\W\d_]{{2,24}}(?!\w)")
_SPELLED_BEFORE = re.compile(r"((?:(?<!\S)\S ){3,30})$")
_DOT = rf"(?:\s?(?P<plain>\.)\s?|\s?[\[({{]\s?(?:{_DOT_WORDS}|\.)\s?[\])}}]\s?|[\s_-](?:{_DOT_WORDS})[\s_-])"
_ANY_DOT = _DOT.replace("?P<plain>", "?:")
_NEXT_LABEL = re.compile(rf"{_DOT}({_LABEL})", re.IGNORECASE)
_FIRST_LABEL = re.compile(rf"\s?({_LABEL})")
_SPELLED_AFTER = re.compile(r"((?: ?\S(?=\s|$)){5,60})")
_SPELLED_DOT = re.compile(r"\. ?\S ?\S")
_LABELS_MAXIMUM = 6
# An ASCII address, and letters of a script that puts no space behind it: kana, Han, Hangul.
_WORDS_BEHIND = re.compile(r"([!-~]+)[\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]+")
_GOES_ON = re.compile(rf"[\w\u3099\u309a\u200c\u200d-]|{_ANY_DOT}{_LABEL}", re.IGNORECASE)
_REVERSED = re.compile(rf"\b([a-z]{{2,7}}(?:\.{_LABEL}){{1,4}}@{_LOCAL})")
_TOKEN_ROOM = 130

_ENDING = re.compile(r"\.[a-z0-9]{2}")
_SHORTENERS_BY_ENDING = tuple((host, host[host.rindex(".") :][:3]) for host in sorted(SHORTENERS))
_PLAIN_HOST = re.compile(r"https?://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?=[/?#]|\Z)")
_URL = re.compile(r"(?:\b(?:https?|hxxps?|ftp)://|\bwww\.)[^\s<>\"'\u00bb)\]]{3,2000}", re.IGNORECASE)
_BARE = re.compile(rf"(?<![\w@.:/-])((?:{_LABEL}\.){{1,4}}([a-z]{{2,10}}))(/[^\s<>\"']{{0,500}})?(?![\w@-])", re.IGNORECASE)
_SPELLED_HOST = re.compile(
    rf"(?<![\w.-])(?:www(?:{_ANY_DOT}))?({_LABEL})((?:\s?[\[({{]\s?(?:{_DOT_WORDS}|\.)\s?[\])}}]\s?|\s(?:{_DOT_WORDS})\s)([a-z]{{2,7}})\b)",
    re.IGNORECASE,
)

_WORD = re.compile(r"[^\W\d_]+")
_HANDLE = re.compile(
    r"\s{0,2}[:=\-\u2013]{0,2}\s{0,2}(?:(?:id|name|user|username|is|ist|handle|me|number|nummer)\b[\s:]{1,3})?(@\w[\w.]{2,31}|[+(]?\d[\d\s().-]{6,18}\d|(?=[\w.]*[\d_])[a-z][\w.]{3,31})",
    re.IGNORECASE,
)
_HANDLE_BEFORE = re.compile(
    r"(@\w[\w.]{2,31}|\+\d[\d\s().-]{6,18}\d)[\s,]{1,3}(?:on|via|auf|bei|per|sur|en|su|op|na|no|p\u00e5|\u0432|\()?\s{0,2}$",
    re.IGNORECASE,
)
_DISCORD = re.compile(r"\b\w[\w.]{1,31}#\d{4}\b")
_NEAR = 40  # characters before a number that say what it is


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is never a contact detail: addresses of these domains, links to these hosts and below, these numbers; and the pair's
    known addresses, for aliases take their place.
    """

    domains: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    known_addresses: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Detail:
    """A contact detail in a text, from ``start`` to ``end``. ``shortened`` says that it is a link which hides where it leads."""

    kind: DetailKind
    start: int
    end: int
    shortened: bool = False


def find_details(text: str, allowed: Allowed, kinds: Collection[DetailKind] = tuple(DetailKind)) -> tuple[Detail, ...]:
    """The contact details of these kinds, in order, none inside another; and shortened links always."""
    flat, places = _flatten(text)
    words = _WORD.findall(flat.lower()) if DetailKind.PHONE in kinds or DetailKind.MESSENGER in kinds else []
    found: list[Detail] = []
    for finds, finder in _FINDERS:
        if finds in kinds or (finds is DetailKind.LINK and _may_shorten(flat)):
            found += _apart(finder(flat, words, allowed), found)
    kept = sorted((one for one in found if one.kind in kinds or one.shortened), key=lambda one: one.start)
    if places is None:
        return tuple(kept)
    return tuple(Detail(one.kind, places[one.start], places[one.end - 1] + 1, one.shortened) for one in kept)


def _may_shorten(text: str) -> bool:
    """Whether a shortener may be named: few texts have the dot and the two letters in which its host ends."""
    lower = text.lower()
    endings = set(_ENDING.findall(lower))
    return any(host in lower for host, ending in _SHORTENERS_BY_ENDING if ending in endings)


def _apart(details: Iterable[Detail], found: Sequence[Detail]) -> list[Detail]:
    """Those that overlap none which was found before."""
    taken = sorted((one.start, one.end) for one in found)
    kept: list[Detail] = []
    for one in details:
        place = bisect_left(taken, (one.end, 0))
        if (place == 0 or taken[place - 1][1] <= one.start) and (not kept or kept[-1].end <= one.start):
            kept.append(one)
    return kept


_ONE_TO_ONE = {code: plain for code, plain in SHOWN.items() if len(plain) == 1} | {
    first + digit: str(digit) for first in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50) for digit in range(10)
}
_GONE = frozenset(chr(code) for code, plain in SHOWN.items() if not plain and not chr(code).isspace()) | {"\u20e3", "\ufe0f"}


def _flatten(text: str) -> tuple[str, list[int] | None]:
    """The text in plain letters, one for one; and where each stood, if some that are not seen were left out."""
    if text.isascii():
        return text, None
    if _GONE.isdisjoint(foreign_letters(text.encode("utf-8", "replace"))):
        return translated(text, _ONE_TO_ONE), None
    places = [place for place, letter in enumerate(text) if letter not in _GONE]
    return translated("".join(text[place] for place in places), _ONE_TO_ONE), places


# Addresses


def _addresses(text: str, _: Sequence[str], allowed: Allowed) -> Iterator[Detail]:
    if "@" in text and not is_latin(text):
        text = translated(text, CONFUSABLE)
    end = 0
    backwards = _Backwards(text)
    for sign in _at_signs(text):
        if sign.start() < end:
            continue
        detail = _address_around(text, sign, end) or backwards.around(sign)
        if detail:
            end = detail.end
            address = text[detail.start : detail.end].lower()
            if not (
                _is_allowed(address, allowed) or (_is_allowed_before_words(address, allowed) and not _GOES_ON.match(text, end))
            ):
                yield detail


def _is_allowed(address: str, allowed: Allowed) -> bool:
    return address in allowed.known_addresses or address.rpartition("@")[2] in allowed.domains


def _is_allowed_before_words(address: str, allowed: Allowed) -> bool:
    """Its ASCII domain ends where Japanese words begin; but if these go on with a dot, they belong to a stranger's domain."""
    match = None if address.isascii() else _WORDS_BEHIND.fullmatch(address)
    return match is not None and _is_allowed(match[1], allowed)


def _at_signs(text: str) -> Iterator[re.Match[str]]:
    """What may be an at sign. The word alone counts where a dot is a word too, or a large provider is named."""
    if any(map(text.lower().__contains__, _WITH_WORDS)):
        yield from _AT.finditer(text)
        return
    if sum(map(text.count, _BEGINS_SIGN)) > len(text) // _SIGNS_APART:
        yield from _AT_SIGN.finditer(text)
        return
    end = 0
    for place in sorted(place for sign in _BEGINS_SIGN if sign in text for place in places(text, sign)):
        match = _AT_SIGN.match(text, place) if place >= end else None
        if match:
            end = match.end()
            yield match


def _address_around(text: str, sign: re.Match[str], earliest: int) -> Detail | None:
    start = sign.start()
    last = text[start - 1] if start > earliest else ""
    if not (last.isalnum() or last.isspace() or last in _NAME_SIGNS):
        return None
    left = text[max(earliest, start - _TOKEN_ROOM) : start]
    if left[-1:] == left[-3:-2] == " " and (before := _SPELLED_BEFORE.search(left)):
        after = _SPELLED_AFTER.match(text, sign.end())
        if after and _SPELLED_DOT.search(after[1]):
            return Detail(DetailKind.ADDRESS, start - len(before[0]), after.end())
    name = _BACKWARDS.match(left[::-1])
    if name is None:
        return None
    plain = _PLAIN_DOMAIN.match(text, sign.end()) if sign["sign"] else None
    end = plain.end() if plain else _end_of_domain(text, sign)
    return Detail(DetailKind.ADDRESS, start - len(name[0]), end) if end else None


def _end_of_domain(text: str, sign: re.Match[str]) -> int:
    """Where the domain behind an at sign ends; 0 if none stands there that makes an address."""
    label = _FIRST_LABEL.match(text, sign.end())
    if label is None:
        return 0
    end, labels, disguised = label.end(), [label[1]], False
    while len(labels) < _LABELS_MAXIMUM and (more := _NEXT_LABEL.match(text, end)):
        spaced = more["plain"] is not None and " " in more[0]
        if (spaced or more["plain"] is None) and not _is_ending(more[2]):
            break
        disguised = disguised or more["plain"] is None
        labels.append(more[2])
        end = more.end()
    if len(labels) == 1 or not labels[-1].isalpha() or len(labels[-1]) < len("de"):
        return 0
    if sign["word"] and not disguised and not is_public(".".join(labels)):
        return 0  # "look at shop.example"
    return end


def _is_ending(label: str) -> bool:
    return label.lower() in ENDINGS or (len(label) == len("de") and label.isalpha())


class _Backwards:
    """The addresses that read from right to left (``tset.liam@nna``), sought once in a text, and only if somebody asks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: list[tuple[int, int]] | None = None

    def around(self, sign: re.Match[str]) -> Detail | None:
        """The one in which this sign stands."""
        if self._spans is None:
            matches = _REVERSED.finditer(self._text)
            self._spans = [one.span() for one in matches if _is_ending(one[1].partition(".")[0][::-1])]
        if not self._spans:
            return None
        place = bisect_left(self._spans, (sign.start(), 0)) - 1
        if place < 0 or self._spans[place][1] <= sign.start():
            return None
        return Detail(DetailKind.ADDRESS, *self._spans[place])


# Links


def _links(text: str, _: Sequence[str], allowed: Allowed) -> Iterator[Detail]:
    for match in _URL.finditer(text):
        yield from _link(match[0].rstrip(".,;:!?"), match.start(), allowed)
    for match in _BARE.finditer(text) if "." in text else ():
        ending = match[2].lower()
        if match[3] or ((ending in ENDINGS or len(ending) == len("de")) and ending not in WORDS_TOO):
            yield from _link(match[0].rstrip(".,;:!?"), match.start(), allowed)
    if any(map(text.lower().__contains__, _DOT_WORDS.split("|"))) or any(map(text.__contains__, "[({")):
        for match in _SPELLED_HOST.finditer(text):
            if match[3].lower() in ENDINGS:
                yield Detail(DetailKind.LINK, match.start(), match.end())


def _link(url: str, start: int, allowed: Allowed) -> Iterator[Detail]:
    host = host_of(url)
    if "." not in host or is_below(host, allowed.hosts):
        return
    kind = DetailKind.MESSENGER if is_below(host, MESSENGER_HOSTS) else DetailKind.LINK
    yield Detail(kind, start, start + len(url), shortened=is_below(host, SHORTENERS))


def host_of(url: str) -> str:
    """The host of a URL, or of one without its scheme, in lower case, without port and credentials."""
    if plain := _PLAIN_HOST.match(url):
        return plain[1]
    rest = url.partition("://")[2] or url
    return unquote(re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]).lower().rstrip(".")


def is_below(host: str, known: tuple[str, ...] | frozenset[str]) -> bool:
    """Whether this host is one of these, or lies under one."""
    while host not in known:
        _, dot, host = host.partition(".")
        if not dot:
            return False
    return True


# Messengers


def _messengers(text: str, words: Sequence[str], _: Allowed) -> Iterator[Detail]:
    names = MESSENGERS.intersection(words)
    if "discord" in names:
        for match in _DISCORD.finditer(text):
            yield Detail(DetailKind.MESSENGER, match.start(), match.end())
    for match in _name_pattern(tuple(sorted(names))).finditer(text) if names else ():
        before = text[max(0, match.start() - _NEAR) : match.start()]
        if handle := _HANDLE.match(text, match.end()):
            if handle[1][0] in "@+(" or handle[1][0].isdigit() or _reaches(before):
                yield Detail(DetailKind.MESSENGER, match.start(), handle.end())
        elif handle := _HANDLE_BEFORE.search(before):
            yield Detail(DetailKind.MESSENGER, match.start() - len(before) + handle.start(1), match.end())
        elif _reaches(before):
            yield Detail(DetailKind.MESSENGER, match.start(), match.end())


@lru_cache(maxsize=100)
def _name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE)


def _reaches(before: str) -> bool:
    """As in "write me on ...": a preposition right before the name, and somebody who wants to be reached before that."""
    said = _WORD.findall(before.lower())
    return bool(said) and (said[-1] in PREPOSITIONS or said[-1] in REACHING) and not REACHING.isdisjoint(said[-5:])


# Phone numbers


def _phones(text: str, _: Sequence[str], allowed: Allowed) -> Iterator[Detail]:
    for start, end in find_numbers(text):
        number = text[start:end]
        if not any(number in one or one in number for one in allowed.order_ids):
            yield Detail(DetailKind.PHONE, start, end)


def _phones_in_words(text: str, words: Sequence[str], _: Allowed) -> Iterator[Detail]:
    yield from (Detail(DetailKind.PHONE, start, end) for start, end in find_spelled_numbers(text, words))


_FINDERS: tuple[tuple[DetailKind, Callable[[str, Sequence[str], Allowed], Iterator[Detail]]], ...] = (
    (DetailKind.ADDRESS, _addresses),
    (DetailKind.LINK, _links),
    (DetailKind.MESSENGER, _links),
    (DetailKind.MESSENGER, _messengers),
    (DetailKind.PHONE, _phones),
    (DetailKind.PHONE, _phones_in_words),
)
