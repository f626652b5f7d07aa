"""Files that are only a wrapping: an attached mail, a signed mail, winmail.dat. What is in them comes out as ordinary files.

The text of an attached mail becomes a text file, without its header and the header lines quoted in it. Wrappings in wrappings are
opened as deep as ``archive_depth`` says; beyond that they stay closed, and are withheld.
"""

import re
from dataclasses import replace

from postern.mail import reader
from postern.mail.files import signed, tnef
from postern.mail.files.kinds import Kind, kind_of
from postern.mail.letter import Attachment
from postern.mail.plain import plain
from postern.mail.reading.file_names import clean_file_name
from postern.model.limits import Limits

_HEADER_LINE = re.compile(
    r"^[ \t>]*(?:From|To|Cc|Bcc|Sent|Received|Reply-To|Return-Path|Sender):.*\n?", re.MULTILINE | re.IGNORECASE
)


def unwrapped(files: tuple[Attachment, ...], limits: Limits) -> tuple[Attachment, ...]:
    """The files, each wrapping replaced by what is in it; one that holds nothing stays."""
    for _ in range(limits.archive_depth):
        opened = tuple((file, _open(file, limits)) for file in files)
        if not any(inner for _, inner in opened):
            break
        files = tuple(one for file, inner in opened for one in (inner or (file,)))
        if len(files) > limits.parts:
            return files[: limits.parts]
    return files


def _open(file: Attachment, limits: Limits) -> tuple[Attachment, ...]:
    match kind_of(file, limits):
        case Kind.TNEF:
            return tnef.files_in(file.content, limits)
        case Kind.MAIL:
            return _files_of_mail(file.content, limits)
        case Kind.SIGNED:
            inner = signed.content_of(file.content)
            return _files_of_mail(inner, limits) if inner else ()
        case _:
            return ()


def _files_of_mail(octets: bytes, limits: Limits) -> tuple[Attachment, ...]:
    """What was written, as text, and what was attached; images that its HTML showed stand for themselves."""
    reading = reader.read(octets, limits)
    if reading.unreadable:
        return ()
    letter = reading.letter
    words = letter.text if letter.text and letter.text.strip() else plain(letter.html) if letter.html else ""
    text = "\n\n".join(piece for piece in (letter.subject, _HEADER_LINE.sub("", words).strip("\n")) if piece.strip())
    name = (clean_file_name(letter.subject) or "message") + ".txt"
    written = (Attachment(name, "text/plain", text.encode("utf-8", "replace")),) if text else ()
    return (*written, *(replace(one, content_id="") for one in letter.attachments))
