"""Telephone numbers that people type, in digits or in words, told apart from the other numbers of a shop by their shape, and by
the words around them.
"""

import re
from collections.abc import Iterator, Sequence

from postern.mail.contact_words import DIGIT_OF, NUMBER_WORDS, PHONE_WORDS, UNITS

_NUMBER = re.compile(r"(?<![\w#/])(?<!\d[.,-])[+(]{0,2}\d(?:[\s().\-/\u2013\u00b7_*~|]{0,3}\d){6,17}(?![\w]|[.,-]\d)")
_ORDER_SHAPES = re.compile(
    r"\d{3}-\d{7}-\d{7}|(?:19|20)\d\d[-./]\d\d?[-./]\d\d?.*|\d\d?[-./]\d\d?[-./](?:19|20)\d\d.*"
    r"|97[89][- ]?\d[- ]?\d+[- ]?\d+[- ]?\d"
    r"|\d{1,3}(?:[., ]\d{3})+(?:[.,]\d\d)?|\d+[.,]\d\d"
)
_US_SHAPE = re.compile(r"\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-.]\d{3}[-.]\d{4}")
_IBAN_BEFORE = re.compile(r"[A-Z]{2}\d{2}[ \d]*$")
_WORD = re.compile(r"[^\W\d_]+")
_PHONE_DIGITS, _PHONE_DIGITS_MAXIMUM = 8, 15  # E.164
_SPELLED_DIGITS = 4  # of a number in words; fewer are somebody who counts
_BETWEEN_DIGITS = 3  # characters between two digits of a number in words
_PLAIN_DIGITS = frozenset("+0123456789")
_DIGIT_OR_WORD = re.compile(r"[^\W\d_]+|[0-9+]")
_NEAR = 40  # characters before a number that say what it is


def find_numbers(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each stands."""
    for match in _NUMBER.finditer(text):
        before, after = text[max(0, match.start() - _NEAR) : match.start()], text[match.end() : match.end() + 8]
        if _is_phone(match[0], before, after):
            yield match.span()


def _is_phone(number: str, before: str, after: str) -> bool:
    digits = "".join(one for one in number if one.isdigit())
    if len(digits) > _PHONE_DIGITS_MAXIMUM or _ORDER_SHAPES.fullmatch(number) or "\n\n" in number or _IBAN_BEFORE.search(before):
        return False
    said = _WORD.findall(before.lower())
    unit = _WORD.match(after.strip().lower())
    if (unit and unit[0] in UNITS) or after.lstrip()[:1] in tuple("€$£%") or before.rstrip()[-1:] in tuple("€$£#"):
        return False
    kinds = [word in PHONE_WORDS for word in said[-4:] if word in PHONE_WORDS or word in NUMBER_WORDS]
    if kinds:
        return kinds[-1]
    if number.startswith(("+", "(+", "00")):
        return len(digits) >= _PHONE_DIGITS
    if _US_SHAPE.fullmatch(number):
        return True
    return number.lstrip("(").startswith("0") and len("012345678") <= len(digits) <= len("012345678901") and "\n" not in number


def find_spelled_numbers(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The same for numbers in words; ``words`` are those of the text, in lower case."""
    if sum(word in DIGIT_OF for word in words) < _SPELLED_DIGITS:
        return
    run: list[re.Match[str]] = []
    for token in _DIGIT_OR_WORD.finditer(text):
        if token[0].lower() not in DIGIT_OF and token[0] not in _PLAIN_DIGITS:
            continue
        if run and (token.start() - run[-1].end() > _BETWEEN_DIGITS or "\n" in text[run[-1].end() : token.start()]):
            yield from _spelled_number(run)
            run = []
        run.append(token)
    yield from _spelled_number(run)


def _spelled_number(run: Sequence[re.Match[str]]) -> Iterator[tuple[int, int]]:
    spelled = sum(token[0] not in _PLAIN_DIGITS for token in run)
    if spelled >= _SPELLED_DIGITS and len(run) >= _PHONE_DIGITS - 1:
        yield run[0].start(), run[-1].end()
