"""Saying a sentence. It is written in English where it is used; one without a translation stays English.

Fields are filled in after translation, so what a person typed is never taken for a pattern. Where two directions of reading meet
in a sentence, each field is isolated (Unicode UAX 9), so that neither turns the other around.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from postern.language.catalogues import Tongue, find_sentence, known_languages, tongue

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAY_TURN = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_OTHER_TURNING = re.compile("[\u202a-\u202e\u2066\u2067]")

Field = str | int | datetime


class Phrase(str):
    """A sentence of ours in a table, or in the field of another: who says it says it in the reader's language."""

    __slots__ = ()


def say(language: str, sentence: str, **fields: Field) -> str:
    """The sentence in this language (``de``, ``pt-BR``), with its ``{fields}`` filled in."""
    spoken = tongue(language)
    return _fill(spoken, spoken.sentences.gettext(sentence), sentence, fields)


def say_count(language: str, one: str, many: str, count: int, **fields: Field) -> str:
    """The sentence for so many things, with ``{count}`` filled in: English has two forms of it, Arabic six."""
    spoken = tongue(language)
    translated = spoken.sentences.ngettext(one, many, count)
    return _fill(spoken, translated, one if count == 1 else many, {"count": count, **fields})


def phrase(sentence: str) -> Phrase:
    """Words that are said later, by ``say`` or in a field of what it says; here translators find them."""
    return Phrase(sentence)


def say_date(language: str, day: date) -> str:
    """A day in full: ``24. November 2026``."""
    return tongue(language).forms.day(day)


def say_moment(language: str, at: datetime) -> str:
    """A moment to the minute: ``24. November 2026, 09:30 UTC``."""
    return tongue(language).forms.time(at)


def say_number(language: str, number: Decimal | int) -> str:
    """A number with all its digits: ``1.234,50``."""
    return tongue(language).forms.number(number)


def say_money(language: str, amount: Decimal, currency: str) -> str:
    """An amount with the three letters of its currency: ``1.234,50 EUR``."""
    return tongue(language).forms.amount(amount, currency)


@lru_cache(maxsize=100)
def wordings(sentence: str) -> tuple[str, ...]:
    """The sentence in every language that has a catalogue, English first, its fields not filled in: how we know our own words."""
    return tuple(dict.fromkeys((sentence, *(find_sentence(language, sentence) for language in known_languages()))))


def _fill(spoken: Tongue, translated: str, sentence: str, fields: Mapping[str, Field]) -> str:
    shown = {name: _shown(spoken, value) for name, value in fields.items()}
    try:
        return translated.format(**shown)
    except (KeyError, IndexError, ValueError, AttributeError):  # a damaged translation must not cost a mail
        return sentence.format(**shown)


def _shown(spoken: Tongue, value: Field) -> str:
    match value:
        case int():
            return spoken.forms.number(value)
        case Phrase():
            return spoken.sentences.gettext(value)
        case datetime():
            value = spoken.forms.time(value)
    if spoken.is_read_from_the_right or (not value.isascii() and _MAY_TURN.search(value)):
        return isolated(value)
    return value


def isolated(words: str) -> str:
    """Words that keep their own direction of reading. Whatever else in them would turn it is taken out."""
    if _is_isolated(words):
        return words
    return f"{FIRST_STRONG_ISOLATE}{_TURNING.sub('', words)}{POP_ISOLATE}"


def _is_isolated(words: str) -> bool:
    """Whether nothing in them reaches out: they stand in isolates of ours, each of which ends."""
    if not words.startswith(FIRST_STRONG_ISOLATE) or _OTHER_TURNING.search(words):
        return False
    depth = 0
    for letter in words:
        depth += (letter == FIRST_STRONG_ISOLATE) - (letter == POP_ISOLATE)
        if depth < 0:
            return False
    return depth == 0
