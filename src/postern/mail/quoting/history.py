"""All attributions and header blocks of a text or of HTML, from top to bottom, in one pass."""

import re
from collections.abc import Sequence

from postern.mail.characters import INVISIBLE
from postern.mail.quoting.attribution import Attribution, find_attribution
from postern.mail.quoting.header_block import HeaderBlock, find_header_block
from postern.mail.quoting.labels import LABELS, Kind
from postern.mail.quoting.rows import Row

Heading = Attribution | HeaderBlock

CANDIDATES_MAXIMUM = 1_000  # lines that end in a colon, as attributions do; no person writes so many

_ENDS_IN_COLON = re.compile(rf"[:：][\s{INVISIBLE}]{{0,8}}(?:[\n<&]|\Z)")
_LABEL_AND_MARKS = 35  # letters before a colon: the longest label looked for, the marks before it, and what they follow
_LINE_BEGINS = re.compile("[<>\n]")
_MARKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "|*_"


def may_hold_headings(source: str) -> bool:
    """A quick look at text or HTML: a line that ends like an attribution, or the label of an author."""
    if _ENDS_IN_COLON.search(source):
        return True
    ends = {piece[-_LABEL_AND_MARKS:] for piece in source.replace("：", ":").split(":")[:-1]}
    return any(Kind.AUTHOR in LABELS.get(_LINE_BEGINS.split(end)[-1].strip(_MARKS).lower(), {}).values() for end in ends)


def find_headings(rows: Sequence[Row]) -> list[Heading]:
    """In order, none inside another."""
    found: list[Heading] = []
    place = candidates = 0
    while place < len(rows):
        if not rows[place].words:
            place += 1
            continue
        block, following = find_header_block(rows, place)
        if block:
            _add(found, block)
        else:
            for number in range(place, following):
                candidates += rows[number].words.endswith((":", "："))
                if candidates > CANDIDATES_MAXIMUM:
                    break
                if attribution := find_attribution(rows, number):
                    _add(found, attribution)
        place = following
    return found


def _add(found: list[Heading], heading: Heading) -> None:
    """A line that two readings claim belongs to the second: it begins further down."""
    if found and found[-1].last > heading.first:
        if isinstance(heading, Attribution):
            return
        found.pop()
    found.append(heading)
