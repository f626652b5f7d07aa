"""The header that a program writes above a mail it quotes or forwards ("From: / Sent: / To: / Subject:"), in our languages.

It is recognised by its structure: labels of one language, one below the other, an author among them, and an address, a subject or
a rule above. A list of travel dates is none. Bounded: so many rows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from postern.mail.quoting.labels import LABELS, LONGEST_LABEL, OPENINGS, Kind
from postern.mail.quoting.rows import Row

ROWS_MAXIMUM = 300
_RULE_LETTERS = 120
_GAP = 3  # rows of a value between two labels
_LABEL = re.compile(rf"[*_]*([^:：]{{1,{LONGEST_LABEL + 4}}}?)\s*[*_]*\s*[:：]\s*[*_]*(.*)")
_TITLED = re.compile(r"[-=_*]{3,}\s*[^-=_*\s].{0,80}?\s*[-=_*]{3,}")
_LINE = re.compile(r"[-_=*—]{5,}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its rows from ``first`` to before ``last``, its label as written, what it is."""

    first: int
    last: int
    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The rows from ``first`` (the rule above, if there is one) to before ``last``, and the fields."""

    first: int
    last: int
    fields: tuple[Field, ...]


def find_header_block(rows: Sequence[Row], place: int) -> tuple[HeaderBlock | None, int]:
    """The block whose first label stands in this row, or None; and the row to go on with."""
    if _read_label(rows[place].words) is None:
        return None, place + 1
    found, last = _gather(rows, place)
    languages = _common_languages(found)
    for language in languages:
        fields = _fields(found, language, last)
        above = _rule_above(rows, place)
        if _is_a_header(rows, fields, ruled=above < place and not _LINE.fullmatch(rows[above].words)):
            return HeaderBlock(above, last, fields), last
    return None, last


def _read_label(words: str) -> tuple[str, dict[str, Kind]] | None:
    """The label at the beginning of a row and what it means by language."""
    match = _LABEL.match(words)
    if match is None:
        return None
    meanings = LABELS.get(" ".join(match[1].lower().split()))
    return (match[1], meanings) if meanings else None


def _gather(rows: Sequence[Row], place: int) -> tuple[list[tuple[int, str, dict[str, Kind]]], int]:
    """The labelled rows from here on, and where the block ends. An empty row may stand between two labels, and a long value may
    run over several rows.
    """
    depth = rows[place].depth
    found: list[tuple[int, str, dict[str, Kind]]] = []
    last = number = place
    while number < min(len(rows), place + ROWS_MAXIMUM) and rows[number].depth == depth:
        label = _read_label(rows[number].words)
        if label:
            found.append((number, *label))
            last = number + 1
        elif not rows[number].words:
            if not _label_follows(rows, number, 1):
                break
        elif is_rule(rows[number].words):
            break
        elif _continues(rows, number) or _label_follows(rows, number, _GAP):
            last = number + 1
        else:
            break
        number += 1
    return found, last


def _continues(rows: Sequence[Row], number: int) -> bool:
    """Whether this row goes on with a list of people."""
    above = rows[number - 1].words
    words = rows[number].words
    return above.endswith((",", ";", "<")) or (words.startswith("<") and "@" in words)


def _label_follows(rows: Sequence[Row], number: int, gap: int) -> bool:
    for row in rows[number + 1 : number + 1 + gap]:
        if row.depth != rows[number].depth or (not row.words and gap > 1):
            return False
        if _read_label(row.words):
            return True
    return False


def _common_languages(found: Sequence[tuple[int, str, dict[str, Kind]]]) -> list[str]:
    """The languages in which the labels make sense together; English ones may stand in any (``Cc``, ``Date``)."""
    scores: dict[str, int] = {}
    for _, _, meanings in found:
        for language in meanings:
            scores[language] = scores.get(language, 0) + 1
    return sorted(scores, key=lambda language: (-scores[language], language != "en"))[:4]


def _fields(found: Sequence[tuple[int, str, dict[str, Kind]]], language: str, last: int) -> tuple[Field, ...]:
    ends = [*(number for number, _, _ in found[1:]), last]
    return tuple(
        Field(number, end, label, meanings.get(language) or meanings.get("en") or next(iter(meanings.values())))
        for (number, label, meanings), end in zip(found, ends, strict=True)
    )


def _is_a_header(rows: Sequence[Row], fields: Sequence[Field], *, ruled: bool) -> bool:
    kinds = {field.kind for field in fields}
    if Kind.AUTHOR not in kinds or kinds == {Kind.AUTHOR}:
        return False
    if {Kind.DATE, Kind.SUBJECT} <= kinds:
        return True
    if kinds.isdisjoint({Kind.DATE, Kind.SUBJECT}):
        return False
    people = [field for field in fields if field.kind in {Kind.AUTHOR, Kind.PEOPLE}]
    return ruled or any("@" in row.words for field in people for row in rows[field.first : field.last])


def _rule_above(rows: Sequence[Row], place: int) -> int:
    """The row of the rule above, or this row if there is none."""
    for number in range(place - 1, max(-1, place - 3), -1):
        words = rows[number].words
        if words:
            return number if is_rule(words) else place
    return place


def is_rule(words: str) -> bool:
    """Whether a row is a line, a title between two lines, or says that a forwarded mail begins."""
    if len(words) > _RULE_LETTERS:
        return False
    if _LINE.fullmatch(words) or _TITLED.fullmatch(words):
        return True
    return words.rstrip(" :：").lower() in OPENINGS
