"""A file that somebody hands over on a page or by a program: its name and type made safe, as the reader does for a mail's.

What the file is, is seen later by its content; this only sees to it that nothing in its names can be more than a name.
"""

import re

from postern.mail.letter import Attachment
from postern.mail.reading.file_names import clean_file_name
from postern.model.limits import Limits

_UNKNOWN = "application/octet-stream"
_TYPE = re.compile(r"(?!multipart/|message/)[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")  # RFC 6838 4.2


def clean_posted_file(file: Attachment, limits: Limits) -> Attachment:
    """The same file, standing for itself: nothing written here shows pictures in its text."""
    kind = file.media_type.strip().lower()
    name = clean_file_name(file.file_name, limits.file_name)
    return Attachment(name, kind if _TYPE.fullmatch(kind) else _UNKNOWN, file.content)
