"""The tree of a mail's parts (RFC 2046 5.1), walked without recursion: a flat list in the order of the mail.

A boundary counts only where it stands alone on its line, so ``--x`` never ends a part of ``--xy``. Every maximum met is said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from postern.mail.reading import header_block
from postern.mail.reading.charsets import by_evidence
from postern.mail.reading.encoded_words import decode_words
from postern.mail.reading.file_names import clean_file_name
from postern.mail.reading.header_block import HeaderBlock
from postern.mail.reading.parameters import Parameterised, read_parameters
from postern.mail.reading.transfer import UUENCODE, decode, is_unencoded_text
from postern.mail.reading.uuencoded import UuencodedFile, take_out_files
from postern.model.limits import Limits

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_LIKELY_BOUNDARY = re.compile(rb"^--(\S[^\n]{0,69}?)[ \t]*\n(?=content-)", re.MULTILINE | re.IGNORECASE)
_BEHIND_ENCODING = re.compile(r"[(;,]")
_UNKNOWN_TYPE = "application/octet-stream"
_TYPES_READ = 3  # of the Content-Type fields of one part
_TEXTUAL = ("text/", "message/", "multipart/")
_OWN_LINE_ENDS = frozenset({"base64", *UUENCODE})  # the file's, which those of the mail cannot change
_FORK = "application/applefile"  # Macintosh's icon and window of the file beside it (RFC 1740): no file to anybody else


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``parent`` is its parent's place in the list, -1 for the mail itself. A multipart has no content of its own, but
    a text has, even with files that were found in it below.
    """

    parent: int
    media_type: str
    content: bytes | None  # decoded; None for a multipart
    charset: str = ""
    flowed: bool = False
    delete_space: bool = False
    is_attached: bool = False  # the author's program called it an attachment
    file_name: str = ""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """The parts; each stands after its parent and after what came before it in the mail."""

    parts: tuple[Part, ...]
    defects: tuple[str, ...] = ()
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class _Range:
    """Octets that are still to be read as one part."""

    octets: bytes
    start: int
    end: int
    parent: int
    depth: int
    default_type: str
    header: HeaderBlock | None = None
    is_decoded: bool = False  # from parts that were encoded all together


def walk(octets: bytes, header: HeaderBlock, limits: Limits) -> Tree:
    """Every part of the mail whose own header is already read."""
    parts: list[Part] = []
    defects: list[str] = []
    waiting = [_Range(octets, 0, len(octets), -1, 0, "text/plain", header)]
    while waiting:
        here = waiting.pop()
        block = here.header or header_block.split(here.octets, here.start, here.end, limits)
        defects += block.defects
        if block.unreadable:
            return Tree(tuple(parts), tuple(defects), block.unreadable)
        kind = _kind_of(block, here, limits, defects)
        inner = _inner_ranges(here, block, len(parts), kind, limits, defects)
        if inner:
            parts.append(_part(here.parent, kind, block, None, limits))
            waiting += reversed(inner)
        elif not (kind.value == _FORK and parts and parts[here.parent].media_type == "multipart/appledouble"):
            parts += _leaf(here, block, kind, limits, len(parts), defects)
        if len(parts) + len(waiting) > limits.parts:
            return Tree(tuple(parts), tuple(defects), f"This mail has more than {limits.parts} parts.")
        if here.depth > limits.part_depth:
            return Tree(tuple(parts), tuple(defects), f"The parts of this mail are nested more than {limits.part_depth} deep.")
    return Tree(tuple(parts), tuple(defects))


def _kind_of(block: HeaderBlock, here: _Range, limits: Limits, defects: list[str]) -> Parameterised:
    """The first Content-Type that is one; of several a multipart that has parts goes before, for some program will show them."""
    named = [read_parameters(value, limits.parameters_per_field) for value in block.all("content-type")[:_TYPES_READ]]
    kinds = [kind for kind in named if _MEDIA_TYPE.fullmatch(kind.value)]
    if len(named) > 1:
        defects.append("Content-Type stands there more than once")
        for kind in kinds:
            if kind.value.startswith("multipart/") and _delimiters(here, block.body_at, _boundary_of(kind), limits):
                return kind
    if kinds:
        return kinds[0]
    return Parameterised(here.default_type, named[0].parameters if named else {})  # RFC 2045 5.2


def _boundary_of(kind: Parameterised) -> bytes:
    return kind.parameters.get("boundary", "").rstrip(" \t").encode("utf-8", "replace")


def _inner_ranges(
    here: _Range, block: HeaderBlock, place: int, kind: Parameterised, limits: Limits, defects: list[str]
) -> list[_Range]:
    """The ranges between the boundaries of a multipart; nothing for another part, or without a boundary."""
    if not kind.value.startswith("multipart/"):
        return []
    inner = _between(here, block.body_at, place, kind, limits, defects)
    encoding = _encoding_of(block)
    if inner or here.is_decoded or encoding not in {"base64", "quoted-printable"}:
        return inner
    # Forbidden (RFC 2045 6.4), but some programs encode the parts all together, and others read it.
    decoded = b"\n" + (decode(here.octets[block.body_at : here.end], encoding) or b"").replace(b"\r\n", b"\n")
    whole = replace(here, octets=decoded, start=1, end=len(decoded), is_decoded=True)
    return _between(whole, 1, place, kind, limits, defects)


def _between(here: _Range, start: int, place: int, kind: Parameterised, limits: Limits, defects: list[str]) -> list[_Range]:
    delimiters = _delimiters(here, start, _boundary_of(kind), limits)
    if not delimiters and (likely := _LIKELY_BOUNDARY.search(here.octets, start, here.end)):
        defects.append("a boundary is missing or wrong")
        delimiters = _delimiters(here, start, likely[1], limits)
    default_type = "message/rfc822" if kind.value == "multipart/digest" else "text/plain"  # RFC 2046 5.1.5
    inner: list[_Range] = []
    for number, (_, begin, is_last) in enumerate(delimiters, start=1):
        if is_last:
            return inner
        stop = delimiters[number][0] if number < len(delimiters) else here.end
        inner.append(_Range(here.octets, begin, max(begin, stop), place, here.depth + 1, default_type, None, here.is_decoded))
    defects.append("a multipart has no end" if delimiters else "a multipart has no parts")
    return inner


def _delimiters(here: _Range, start: int, boundary: bytes, limits: Limits) -> list[tuple[int, int, bool]]:
    """Where each delimiter line begins (the line end before it belongs to it), where it ends, and whether it is the last."""
    if not boundary:
        return []
    found: list[tuple[int, int, bool]] = []
    misses = 0
    for place, line_end, rest in _lines_after(here.octets, b"\n--" + boundary, start - 1, here.end):
        if rest.removeprefix(b"--").strip(b" \t"):
            misses += 1  # a longer boundary, or text
        else:
            found.append((max(place, start), min(line_end + 1, here.end), rest.startswith(b"--")))
        if (found and found[-1][2]) or misses > limits.boundary_misses or len(found) > limits.parts:
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


def _encoding_of(block: HeaderBlock) -> str:
    return _BEHIND_ENCODING.split(block.first("content-transfer-encoding"), maxsplit=1)[0].lower().strip(' \t"')


def _leaf(
    here: _Range, block: HeaderBlock, kind: Parameterised, limits: Limits, place: int, defects: list[str]
) -> tuple[Part, ...]:
    """A part with content, and the files that stand uuencoded in it, if it is a text."""
    encoding = _encoding_of(block)
    raw = here.octets[block.body_at : here.end]
    is_text = kind.value.startswith(_TEXTUAL)
    if not is_text and encoding not in _OWN_LINE_ENDS:
        raw = raw.replace(b"\n", b"\r\n")  # a file goes on octet by octet
    content = raw if encoding == "base64" and is_text and is_unencoded_text(raw) else decode(raw, encoding)
    if content is None:
        defects.append("an encoding is unknown")
    media_type = _UNKNOWN_TYPE if content is None else kind.value  # RFC 2045 6.4
    part = _part(here.parent, Parameterised(media_type, kind.parameters), block, raw if content is None else content, limits)
    if part.media_type != "text/plain" or part.is_attached or part.file_name:
        return (part,)
    text, files = take_out_files(part.content or b"", limits.parts)
    if not files:
        return (part,)
    defects.append("a file stands uuencoded in the text")
    return (replace(part, content=text), *(_uuencoded_part(file, place, limits) for file in files))


def _uuencoded_part(file: UuencodedFile, parent: int, limits: Limits) -> Part:
    name = clean_file_name(by_evidence(file.name), limits.file_name)
    return Part(parent, _UNKNOWN_TYPE, file.content, is_attached=True, file_name=name)


def _part(parent: int, kind: Parameterised, block: HeaderBlock, content: bytes | None, limits: Limits) -> Part:
    disposition = read_parameters(block.first("content-disposition"), limits.parameters_per_field)
    name = disposition.parameters.get("filename") or kind.parameters.get("name") or ""
    return Part(
        parent=parent,
        media_type="text/plain" if content is not None and kind.value.startswith("multipart/") else kind.value,
        charset=kind.parameters.get("charset", ""),
        flowed=kind.parameters.get("format", "").lower() == "flowed",
        delete_space=kind.parameters.get("delsp", "").lower() == "yes",
        is_attached=disposition.value == "attachment",
        file_name=clean_file_name(decode_words(name), limits.file_name),
        content_id=block.first("content-id").strip("<> "),
        content=content,
    )
