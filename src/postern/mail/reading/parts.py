"""The tree of a mail's parts (RFC 2046 5.1), walked without recursion: a flat list in the order of the mail.

A boundary counts only where it stands alone on its line, so ``--x`` never ends a part of ``--xy``. Every maximum met is said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from postern.mail.reading import header_block
from postern.mail.reading.encoded_words import decode_words
from postern.mail.reading.file_names import clean_file_name
from postern.mail.reading.header_block import HeaderBlock
from postern.mail.reading.parameters import Parameterised, read_parameters
from postern.mail.reading.transfer import decode
from postern.model.limits import Limits

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_LIKELY_BOUNDARY = re.compile(rb"^--(\S[^\n]{0,69}?)[ \t]*\n(?=content-)", re.MULTILINE | re.IGNORECASE)
_MISSES_MAXIMUM = 10_000  # lines that begin like a boundary and are none; after so many nobody looks further


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``parent`` is its parent's place in the list, -1 for the mail itself. A multipart has no content of its own."""

    parent: int
    media_type: str
    charset: str
    flowed: bool
    delete_space: bool
    is_attached: bool  # the author's program called it an attachment
    file_name: str
    content_id: str
    content: bytes | None  # decoded; None for a multipart


@dataclass(frozen=True, slots=True)
class Tree:
    """The parts; each stands after its parent and after what came before it in the mail."""

    parts: tuple[Part, ...]
    defects: tuple[str, ...] = ()
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class _Range:
    """Octets that are still to be read as one part."""

    start: int
    end: int
    parent: int
    depth: int
    default_type: str
    header: HeaderBlock | None = None


def walk(octets: bytes, header: HeaderBlock, limits: Limits) -> Tree:
    """Every part of the mail whose own header is already read."""
    parts: list[Part] = []
    defects: list[str] = []
    waiting = [_Range(0, len(octets), -1, 0, "text/plain", header)]
    while waiting:
        here = waiting.pop()
        block = here.header or header_block.split(octets, here.start, here.end, limits)
        defects += block.defects
        if block.unreadable:
            return Tree(tuple(parts), tuple(defects), block.unreadable)
        kind = _kind_of(block, here.default_type, limits)
        inner, met = _inner_ranges(octets, here, block, len(parts), kind, limits)
        defects += met
        content = None if inner else octets[block.body_at : here.end]
        parts.append(_part(here.parent, kind, block, content, limits))
        waiting += reversed(inner)
        if len(parts) + len(waiting) > limits.parts:
            return Tree(tuple(parts), tuple(defects), f"This mail has more than {limits.parts} parts.")
        if here.depth > limits.part_depth:
            return Tree(tuple(parts), tuple(defects), f"The parts of this mail are nested more than {limits.part_depth} deep.")
    return Tree(tuple(parts), tuple(defects))


def _kind_of(block: HeaderBlock, default_type: str, limits: Limits) -> Parameterised:
    kind = read_parameters(block.first("content-type"), limits.parameters_per_field)
    if _MEDIA_TYPE.fullmatch(kind.value):
        return kind
    return Parameterised(default_type, kind.parameters)  # RFC 2045 5.2


def _inner_ranges(
    octets: bytes, here: _Range, block: HeaderBlock, place: int, kind: Parameterised, limits: Limits
) -> tuple[list[_Range], list[str]]:
    """The ranges between the boundaries of a multipart, and its defects; nothing for another part, or without a boundary."""
    inner: list[_Range] = []
    defects: list[str] = []
    if not kind.value.startswith("multipart/"):
        return inner, defects
    boundary = kind.parameters.get("boundary", "").encode("utf-8", "replace")
    delimiters = _delimiters(octets, block.body_at, here.end, boundary, limits)
    if not delimiters and (likely := _LIKELY_BOUNDARY.search(octets, block.body_at, here.end)):
        defects.append("a boundary is missing or wrong")
        delimiters = _delimiters(octets, block.body_at, here.end, likely[1], limits)
    default_type = "message/rfc822" if kind.value == "multipart/digest" else "text/plain"  # RFC 2046 5.1.5
    for number, (_, start, is_last) in enumerate(delimiters, start=1):
        if is_last:
            return inner, defects
        end = delimiters[number][0] if number < len(delimiters) else here.end
        inner.append(_Range(start, max(start, end), place, here.depth + 1, default_type))
    defects.append("a multipart has no end" if delimiters else "a multipart has no parts")
    return inner, defects


def _delimiters(octets: bytes, start: int, end: int, boundary: bytes, limits: Limits) -> list[tuple[int, int, bool]]:
    """Where each delimiter line begins (the line end before it belongs to it), where it ends, and whether it is the last."""
    if not boundary:
        return []
    found: list[tuple[int, int, bool]] = []
    misses = 0
    for place, line_end, rest in _lines_after(octets, b"\n--" + boundary, start - 1, end):
        if rest.removeprefix(b"--").strip(b" \t"):
            misses += 1  # a longer boundary, or text
        else:
            found.append((max(place, start), min(line_end + 1, end), rest.startswith(b"--")))
        if (found and found[-1][2]) or misses > _MISSES_MAXIMUM or len(found) > limits.parts:
            break
    return found


def _lines_after(octets: bytes, mark: bytes, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Each line that begins with the mark (whose first octet is the line end before it): its place, its end, the rest of it."""
    place = octets.find(mark, max(0, start), end)
    while place >= 0:
        after = place + len(mark)
        line_end = octets.find(b"\n", after, end)
        line_end = line_end if line_end >= 0 else end
        yield place, line_end, octets[after:line_end]
        place = octets.find(mark, after, end)


def _part(parent: int, kind: Parameterised, block: HeaderBlock, content: bytes | None, limits: Limits) -> Part:
    disposition = read_parameters(block.first("content-disposition"), limits.parameters_per_field)
    media_type = kind.value
    if content is not None:
        decoded = decode(content, block.first("content-transfer-encoding").lower().strip(' ;"'))
        if decoded is None:
            media_type = "application/octet-stream"  # RFC 2045 6.4
        elif media_type.startswith("multipart/"):
            media_type = "text/plain"
        content = content if decoded is None else decoded
    name = disposition.parameters.get("filename") or kind.parameters.get("name") or ""
    return Part(
        parent=parent,
        media_type=media_type,
        charset=kind.parameters.get("charset", ""),
        flowed=kind.parameters.get("format", "").lower() == "flowed",
        delete_space=kind.parameters.get("delsp", "").lower() == "yes",
        is_attached=disposition.value == "attachment",
        file_name=clean_file_name(decode_words(name)),
        content_id=block.first("content-id").strip("<> "),
        content=content,
    )
