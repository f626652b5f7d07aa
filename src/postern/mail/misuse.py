"""Recognises, by phrases of the catalogue, what people misuse messages for (R11). It sees words and understands none, so what it
finds is said to the author, and decided elsewhere.

Words are compared in small letters, without accents and signs; a text is looked at up to a maximum, in linear time.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from postern.mail.letter import Letter
from postern.mail.plain import plain
from postern.mail.quotation import cut
from postern.model.content_rule import ContentRule, Recognised

LOOKED_AT = 20_000  # characters of a message's text
_WORDS_ALONE = 45  # a message with more of them says something else too
# The Far East may ask without a question mark.
_QUESTIONS = re.compile("[?\uff1f\u061f]|[\u304b\uae4c\u5417\u55ce](?:[.\u3002]|$)", re.MULTILINE)
_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0970-\u0dff])+")  # in India vowels are signs, to ``\w`` no part of a word
_UNSPACED = frozenset(("ja", "ko", "zh"))  # written without spaces, or with spaces where one likes
_LETTERS_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff]")  # of which two are about a word
_GAP, _GAP_UNSPACED = r"(?: [^ ]+){0,6}", ".{0,12}"


def recognise_misuse(letter: Letter, rules: Iterable[ContentRule], languages: Collection[str]) -> tuple[Recognised, ...]:
    """What the author's own words, in these languages, are recognised as; once each."""
    words = _own_words(letter)
    text = _Text.of(words)
    is_alone = not _QUESTIONS.search(words) and text.length <= _WORDS_ALONE
    return tuple(found for rule in rules if is_alone or not rule.alone for found in _first(rule, text, _spoken(rule, languages)))


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in the two ways in which it is compared, and the words in it."""

    spaced: str
    unspaced: str
    words: frozenset[str]
    length: int  # in words

    @classmethod
    def of(cls, text: str) -> "_Text":
        spaced = _comparable(text)
        words = spaced.split()
        return cls(spaced, "".join(words), frozenset(words), len(words) + len(_LETTERS_UNSPACED.findall(spaced)) // 2)


def _own_words(letter: Letter) -> str:
    """Subject and text, without what is quoted."""
    text = letter.text if letter.text is not None else plain((letter.html or "")[: LOOKED_AT * 4])
    return f"{letter.subject}\n{cut(text[:LOOKED_AT]).new}"


def _spoken(rule: ContentRule, languages: Collection[str]) -> Iterator[str]:
    for language in languages:
        short = language.replace("_", "-").partition("-")[0].lower()
        if short in rule.phrases:
            yield short


def _first(rule: ContentRule, text: _Text, languages: Iterable[str]) -> Iterator[Recognised]:
    for language in languages:
        for phrase in _compiled(rule.phrases[language], language in _UNSPACED):
            if (match := phrase.find_in(text)) is not None:
                yield Recognised(rule.kind, rule.severity, match[0].strip())
                return


@dataclass(frozen=True, slots=True)
class _Phrase:
    """``words`` and ``stems`` are what it cannot be without: most texts lack one, and are not searched."""

    words: frozenset[str]
    stems: tuple[str, ...]
    pattern: re.Pattern[str]
    spaced: bool = True

    def find_in(self, text: _Text) -> re.Match[str] | None:
        if not self.spaced:
            return self.pattern.search(text.unspaced)
        if self.words <= text.words and all(stem in text.spaced for stem in self.stems):
            return self.pattern.search(text.spaced)
        return None


@lru_cache(maxsize=512)
def _compiled(phrases: tuple[str, ...], unspaced: bool) -> tuple[_Phrase, ...]:  # noqa: FBT001 - how the language is written
    if unspaced:
        return (_Phrase(frozenset(), (), re.compile("|".join(map(_unspaced, phrases))), spaced=False),)
    return tuple(map(_phrase, phrases))


def _phrase(phrase: str) -> _Phrase:
    words = phrase.replace("..", " ").split()
    whole = frozenset(piece for word in words if not word.endswith("*") for piece in _comparable(word).split())
    stems = tuple(_comparable(word.rstrip("*")).rstrip() for word in words if word.endswith("*"))
    return _Phrase(whole, stems, re.compile(f"(?<= )(?:{_spaced(phrase)})(?= )"))


def _unspaced(phrase: str) -> str:
    return _GAP_UNSPACED.join(re.escape("".join(_comparable(piece).split())) for piece in phrase.split(".."))


def _spaced(phrase: str) -> str:
    pieces = (" ".join(_word(word) for word in piece.split()) for piece in phrase.split(".."))
    return f"{_GAP} ".join(pieces)


def _word(word: str) -> str:
    stem = re.escape(_comparable(word.rstrip("*")).strip())
    return stem + "[^ ]*" if word.endswith("*") else stem


def _comparable(text: str) -> str:
    """Words in small letters with a space on either side of each."""
    folded = text.casefold().replace("'", "").replace("\u2019", "")
    if not folded.isascii():
        letters = unicodedata.normalize("NFKD", folded)
        folded = unicodedata.normalize("NFC", "".join(letter for letter in letters if not unicodedata.combining(letter)))
    return f" {' '.join(_WORD.findall(folded))} "
