"""The last look at a finished mail, before it may leave: does something that must stay hidden stand in it, in any spelling?

It knows two classes. CERTAIN are the author's addresses and the trace of the author's machine: where one is found, the mail
does not leave. TELLING are words that let the author be guessed (a rare local part, a domain of one's own): they are counted
and no more.

It trusts nobody, so it reads the finished octets again as the recipient's program will: every field decoded, every part
decoded, and every spelling undone that a reader could undo. A header line that is exactly what we wrote is not searched. It
repairs nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from postern.mail.characters import one_line
from postern.mail.files.budget import UncleanError
from postern.mail.files.searching import searchable
from postern.mail.letter import Attachment
from postern.mail.reading import header_block
from postern.mail.reading.charsets import decode
from postern.mail.reading.encoded_words import decode_words
from postern.mail.reading.parts import Part, walk
from postern.mail.spelling import present, present_in_octets
from postern.model.address import Address
from postern.model.limits import Limits

_OWN_LIMITS = Limits()  # what we write stays far below them; if it did not, that is a finding
_STRUCTURE = frozenset({"mime-version", "content-type", "content-transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, in lower case, and the header lines that are not searched if they have exactly this value."""

    certain: tuple[str, ...]
    telling: tuple[str, ...] = ()
    written: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where something certain stands, in plain words; and how many telling words were seen."""

    certain: tuple[str, ...]
    telling: int


@dataclass(frozen=True, slots=True)
class _View:
    """One thing a reader sees, and where. Octets are those of a file."""

    place: str
    words: str = ""
    octets: bytes | None = None
    markup: bool = False
    hides: bool = False  # nobody can say what else is in it
    as_it_is: bool = False  # what its parts spell in other ways, they show by themselves


def find_certain(content: bytes, hidden: Sequence[Address]) -> tuple[str, ...]:
    """The places where one of these addresses stands, in plain words; empty if the mail may leave."""
    return look_over(content, Sought(tuple(address.canonical() for address in hidden))).certain


def look_over(content: bytes, sought: Sought) -> Sighting:
    """Look at everything in the mail."""
    sure = frozenset(sought.certain)
    pairs = tuple((word, "") for word in dict.fromkeys((*sought.certain, *sought.telling)))
    if not pairs:
        return Sighting((), 0)
    places: dict[str, None] = {}
    told: set[str] = set()
    for view in _views(content, sought.written or {}):
        seen = {word for word, _ in _seen_in(view, pairs)}
        if seen & sure or (view.hides and sure):
            places[view.place] = None
        told |= seen - sure
    return Sighting(tuple(places), len(told))


def _seen_in(view: _View, pairs: Sequence[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    if view.octets is None:
        return present(view.words, pairs, markup=view.markup)
    if view.as_it_is:
        return [pair for pair in pairs if "@" in pair[0] and pair[0].encode() in view.octets]
    return present_in_octets(view.octets, pairs)


def _views(content: bytes, written: Mapping[str, str]) -> Iterator[_View]:
    octets = content.replace(b"\r\n", b"\n")
    header = header_block.split(octets, 0, len(octets), _OWN_LIMITS)
    for field in header.fields:
        value = one_line(decode_words(field.text()))
        if written.get(field.name) != value and field.name not in _STRUCTURE:
            yield _View(f"the field {field.name}", value)
    yield _View("the raw mail", octets=octets[header.body_at :].lower(), as_it_is=True)
    tree = walk(octets, header, _OWN_LIMITS)
    for number, part in enumerate(tree.parts, start=1):
        if part.file_name:
            yield _View(f"the file name of part {number}", part.file_name)
        if part.content is not None:
            yield from _views_of(f"part {number} ({part.media_type})", part)


def _views_of(place: str, part: Part) -> Iterator[_View]:
    content = part.content or b""
    if part.media_type.startswith("text/"):
        yield _View(place, decode(content, part.charset), markup=part.media_type == "text/html")
    else:
        yield from _views_of_file(place, Attachment(part.file_name, part.media_type, content))


def _views_of_file(place: str, file: Attachment) -> Iterator[_View]:
    """A file counts as searched only when it was unpacked; one that cannot be is as bad as one that shows an address."""
    try:
        yield from (_View(place, octets=shown) for shown in searchable(file, _OWN_LIMITS))
    except UncleanError:
        yield _View(f"{place}, which cannot be searched", hides=True)
