"""What can be read in a file that is packed: the XML of documents, the text of PDF pages, the members of archives.

The search for known addresses asks here, because octets that are packed show nothing. It raises UncleanError where it cannot see
all there is (a file broken, locked or too large): such a file does not count as searched.
"""

import re
from collections.abc import Iterator

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.kinds import Kind, kind_of
from postern.mail.files.pdf_text import text_of
from postern.mail.files.xml_rewriting import words_of
from postern.mail.files.zip_members import read_members
from postern.mail.letter import Attachment
from postern.model.limits import Limits

_DOCUMENT_XML = re.compile(r".*\.(?:xml|rels|vml)", re.IGNORECASE)


def searchable(file: Attachment, limits: Limits) -> Iterator[bytes]:
    """Its octets, then each unpacked piece of it: raw, and as the text that a reader sees."""
    waiting = [(file, 0)]
    budget = Budget(limits)
    while waiting:
        here, depth = waiting.pop()
        yield here.content
        match kind_of(here, limits):
            case Kind.PDF:
                yield from text_of(here.content, budget)
            case Kind.ZIP:
                if depth > limits.archive_depth:
                    raise UncleanError
                for member in read_members(here.content, budget):
                    yield member.name.encode("utf-8", "replace")
                    content = member.unpack(budget)
                    if _DOCUMENT_XML.fullmatch(member.name):
                        yield content
                        yield words_of(content).encode("utf-8", "replace")
                    else:
                        waiting.append((Attachment(member.name, "application/octet-stream", content), depth + 1))
            case _:
                pass
