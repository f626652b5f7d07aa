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
_LABELLED = re.compile(r"(?:\A|[>\n])[\s>|*_]{0,8}([^\s<>:：*_|][^<>:：\n]{0,25})[:：]")


def may_hold_headings(source: str) -> bool:
    """A quick look at text or HTML: a line that ends like an attribution, or the label of an author."""
    if _ENDS_IN_COLON.search(source):
        return True
    return any(
        Kind.AUTHOR in LABELS.get(found[1].strip(" *_\u00a0").lower(), {}).values() for found in _LABELLED.finditer(source)
    )


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
