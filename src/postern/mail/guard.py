"""The last look at a finished mail, before it may leave: does an address that must stay hidden stand in it, in any spelling?

It trusts nobody, so it reads the finished octets again as the recipient's program will: raw, every field decoded, every part
decoded, entities, percent signs, full-width and invisible letters undone. It repairs nothing; it only says where.
"""

from collections.abc import Iterator, Sequence

from postern.mail.marks import TAG
from postern.mail.reading import header_block
from postern.mail.reading.charsets import decode
from postern.mail.reading.encoded_words import decode_words
from postern.mail.reading.parts import Part, walk
from postern.mail.spelling import fold, fold_markup, fold_octets
from postern.model.address import Address
from postern.model.limits import Limits

_OWN_LIMITS = Limits()  # what we write stays far below them; if it did not, that is a finding


def find_certain(content: bytes, hidden: Sequence[Address]) -> tuple[str, ...]:
    """The places where one of these addresses stands, in plain words; empty if the mail may leave."""
    wanted = tuple(address.canonical() for address in hidden)
    if not wanted:
        return ()
    return tuple(dict.fromkeys(place for place, words in _views(content) if any(address in words for address in wanted)))


def _views(content: bytes) -> Iterator[tuple[str, str]]:
    """Everything a reader could see, folded, each with the place where it is seen."""
    yield "the raw mail", content.lower().decode("latin-1")
    octets = content.replace(b"\r\n", b"\n")
    header = header_block.split(octets, 0, len(octets), _OWN_LIMITS)
    for field in header.fields:
        yield f"the field {field.name}", fold(decode_words(field.text()))
    tree = walk(octets, header, _OWN_LIMITS)
    for number, part in enumerate(tree.parts, start=1):
        yield f"the file name of part {number}", fold(part.file_name)
        if part.content is not None:
            for words in _words_of(part):
                yield f"part {number} ({part.media_type})", words


def _words_of(part: Part) -> Iterator[str]:
    octets = part.content or b""
    if part.media_type == "text/html":
        html = decode(octets, part.charset)
        yield fold(" ".join(TAG.findall(html)))
        yield fold_markup(html)
    elif part.media_type.startswith("text/"):
        yield fold(decode(octets, part.charset))
    else:
        yield from fold_octets(octets)
