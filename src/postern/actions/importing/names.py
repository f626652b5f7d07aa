"""The names that people may bear: one that pretends to be the marketplace is refused, and so is an address in a name (R28).

A name is looked for in any case, in every compatible spelling (full-width letters, ligatures) and without what cannot be seen. It
refuses a name that holds it anywhere, and one that spells it in pieces: "Example-Market", "E x a m p l e Market". It knows no
look-alikes of other alphabets.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Names that sound like the house. Whoever bears one could ask a buyer, or a seller, for anything.
RESERVED_NAMES = (
    "Account Health",
    "Buyer Protection",
    "Dispute Team",
    "Fraud Prevention",
    "Marketplace Support",
    "Postmaster",
    "Seller Performance",
    "Seller Support",
    "Trust and Safety",
)

_UNSEEN = {"Cf", "Mn", "Me"}  # formatting, and marks that are drawn over another letter
_ADDRESS = re.compile(r"@\s*[^\s@.]+\.[^\s@.]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def find_fault_in_name(name: str) -> str | None:
    """What is wrong with the name of anybody, as the end of a sentence, or None."""
    plain = _plain(name)
    if _ADDRESS.search(plain):
        return "must not hold an e-mail address"
    reserved = next((one for one in RESERVED_NAMES if _holds(plain, _plain(one))), None)
    return f"must not hold {reserved!r}, a reserved name" if reserved else None


def find_marketplace_in_name(name: str, marketplaces: Iterable[str]) -> str | None:
    """The first of these marketplaces' names that the name holds, or None."""
    plain = _plain(name)
    return next((one for one in marketplaces if _holds(plain, _plain(one))), None)


@lru_cache(maxsize=1_000)
def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(character for character in folded if unicodedata.category(character) not in _UNSEEN)
    return " ".join(seen.split())


def _holds(plain: str, wanted: str) -> bool:
    letters = _letters(wanted)
    if not letters:  # a name of symbols alone
        return bool(wanted) and wanted in plain
    return letters in _letters(plain) and (wanted in plain or _spells(plain, letters))


@lru_cache(maxsize=1_000)
def _letters(plain: str) -> str:
    return _BETWEEN_WORDS.sub("", plain)


def _spells(plain: str, wanted: str) -> bool:
    """Whether some words of the name, written together, are the wanted one."""
    words = [word for word in _BETWEEN_WORDS.split(plain) if word]
    return any(_begins_with(words[start:], wanted) for start in range(len(words)))


def _begins_with(words: list[str], wanted: str) -> bool:
    written = ""
    for word in words:
        written += word
        if len(written) >= len(wanted):
            break
    return written == wanted
