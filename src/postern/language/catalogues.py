"""The languages that Postern speaks: a folder each under ``catalogue/locale``, with its sentences (``postern.mo``) and its forms
of days and numbers (``forms.json``).

Each is read once, when first somebody is spoken to in it. A name that no folder has is never made into a path.
"""

import gettext
import json
import struct
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from postern.language.forms import Forms

DEFAULT_LANGUAGE = "en"  # where it is not known who reads
CATALOGUES = Path(__file__).parents[1] / "catalogue" / "locale"
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "yi"}
# Chinese is asked for by the land and written in two scripts (Unicode CLDR, likely subtags); Hebrew was "iw" once (RFC 5646).
_ALSO_CALLED = {"iw": "he", "zh": "zh-hans", "zh-hk": "zh-hant", "zh-mo": "zh-hant", "zh-tw": "zh-hant"}
_TWO, _THREE = struct.Struct("<2I"), struct.Struct("<3I")
_SUBTAGS = 4  # of a name that are looked at


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language, ready to be spoken."""

    name: str
    sentences: gettext.NullTranslations
    forms: Forms
    is_read_from_the_right: bool


@lru_cache(maxsize=1)
def known_languages() -> tuple[str, ...]:
    """The languages that people can read us in (``de``, ``pt-BR``), English first."""
    found = sorted(path.parts[-3].replace("_", "-") for path in CATALOGUES.glob("*/LC_MESSAGES/postern.mo"))
    return (DEFAULT_LANGUAGE, *(language for language in found if language != DEFAULT_LANGUAGE))


@lru_cache(maxsize=200)
def spoken(language: str) -> str | None:
    """The known language in which ``say`` speaks to one who asks for this one; None where that is none, and English is spoken.

    It is the longest beginning that we know of what may be anything (RFC 4647 3.4).
    """
    known = {name.lower(): name for name in known_languages()}
    subtags = language.replace("_", "-").lower().split("-", _SUBTAGS)[:_SUBTAGS]
    beginnings = ("-".join(subtags[:count]) for count in range(len(subtags), 0, -1))
    return next((known[name] for one in beginnings if (name := _ALSO_CALLED.get(one, one)) in known), None)


def direction(language: str) -> str:
    """``rtl`` where what ``say`` answers is read from right to left, else ``ltr``: for HTML's ``dir``."""
    return "rtl" if tongue(language).is_read_from_the_right else "ltr"


def name_of(language: str) -> str:
    """What this language calls itself: ``Deutsch``."""
    return tongue(language).forms.name


@lru_cache(maxsize=200)  # asked for with every sentence
def tongue(language: str) -> Tongue:
    """The language in which one is spoken to who asks for this one."""
    return _read(spoken(language) or DEFAULT_LANGUAGE)


@lru_cache(maxsize=100)
def _read(name: str) -> Tongue:
    return Tongue(name, open_sentences(name), _open_forms(name), name.partition("-")[0] in _RIGHT_TO_LEFT)


def open_sentences(name: str) -> gettext.NullTranslations:
    """The sentences of a known language, read anew."""
    try:
        with _compiled(name).open("rb") as file:
            return gettext.GNUTranslations(file)
    except FileNotFoundError:  # English says its sentences as they are
        return gettext.NullTranslations()


def find_sentence(name: str, sentence: str) -> str:
    """One sentence of a known language, without reading its others: whoever looks for our words looks in every language, and a
    catalogue in memory is half a megabyte. The table is sorted (GNU gettext, "The Format of GNU MO Files").
    """
    try:
        octets = _compiled(name).read_bytes()
    except FileNotFoundError:
        return sentence
    count, originals, translations = _THREE.unpack_from(octets, 8)
    wanted = sentence.encode()
    number = bisect_left(range(count), wanted, key=lambda place: _entry(octets, originals, place))
    found = number < count and _entry(octets, originals, number) == wanted
    return _entry(octets, translations, number).decode() if found else sentence


def _entry(octets: bytes, table: int, number: int) -> bytes:
    length, place = _TWO.unpack_from(octets, table + _TWO.size * number)
    return octets[place : place + length]


def _open_forms(name: str) -> Forms:
    try:
        return Forms.read(json.loads((_folder(name) / "forms.json").read_text("utf-8")))
    except FileNotFoundError:
        return Forms()


def _compiled(name: str) -> Path:
    return _folder(name) / "LC_MESSAGES" / "postern.mo"


def _folder(name: str) -> Path:
    return CATALOGUES / name.replace("-", "_")
