"""Every sentence a person reads, in that person's language.

A sentence is written in English where it is used; the catalogues under ``catalogue/locale`` hold its translations, and a sentence
without one stays English. Fields are filled in after translation, so what a person typed is never taken for a pattern.
"""

import gettext
from functools import lru_cache
from pathlib import Path

DEFAULT_LANGUAGE = "en"  # where it is not known who reads
_CATALOGUES = Path(__file__).parent / "catalogue" / "locale"
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "yi"}


def say(language: str, sentence: str, **fields: str | int) -> str:
    """The sentence in this language (``de``, ``pt-BR``), with its ``{fields}`` filled in."""
    translated = _catalogue(language).gettext(sentence)
    try:
        return translated.format(**fields)
    except (KeyError, IndexError, ValueError):  # a damaged translation must not cost a mail
        return sentence.format(**fields)


@lru_cache(maxsize=1)
def known_languages() -> tuple[str, ...]:
    """The languages that people can read us in (``de``, ``pt-BR``), English first."""
    found = sorted(path.parts[-3].replace("_", "-") for path in _CATALOGUES.glob("*/LC_MESSAGES/postern.mo"))
    return (DEFAULT_LANGUAGE, *(language for language in found if language != DEFAULT_LANGUAGE))


def spoken(language: str) -> str | None:
    """The known language in which ``say`` speaks to one who asks for this one; None where that is none, and English is spoken."""
    known = {name.lower(): name for name in known_languages()}
    wanted = language.replace("_", "-").lower()
    return known.get(wanted) or known.get(wanted.partition("-")[0])


def direction(language: str) -> str:
    """``rtl`` where what ``say`` answers is read from right to left, else ``ltr``: for HTML's ``dir``."""
    return "rtl" if (spoken(language) or DEFAULT_LANGUAGE).partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=100)
def wordings(sentence: str) -> tuple[str, ...]:
    """The sentence in every language that has a catalogue, English first, its fields not filled in: how we know our own words."""
    languages = sorted(path.parent.parent.name for path in _CATALOGUES.glob("*/LC_MESSAGES/postern.mo"))
    return tuple(dict.fromkeys((sentence, *(_catalogue(language).gettext(sentence) for language in languages))))


@lru_cache(maxsize=100)
def _catalogue(language: str) -> gettext.NullTranslations:
    """The translations of ``language``, else of the language without its region, else none."""
    primary, _, region = language.replace("_", "-").partition("-")
    names = [f"{primary}_{region}", primary] if region else [primary]
    if not all(name.replace("_", "").isalnum() for name in names):
        return gettext.NullTranslations()
    return gettext.translation("postern", _CATALOGUES, names, fallback=True)
