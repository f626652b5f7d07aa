"""File names that strangers chose, made safe to show and to save."""

import re
import unicodedata

from postern.mail.characters import INVISIBLE, one_line

NAME_MAXIMUM = 100  # characters
_FORBIDDEN = re.compile(f'[<>:"|?*{INVISIBLE}]')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


def clean_file_name(name: str) -> str:
    """The last part of a path, without control characters, reversed text or what file systems forbid; may be empty."""
    name = one_line(unicodedata.normalize("NFC", name)).replace("\\", "/").rpartition("/")[2]
    return _shorten(_FORBIDDEN.sub("", name).strip(" .~-"))


def extension_of(name: str) -> str:
    """``.pdf`` of ``invoice.PDF``, or nothing."""
    match = _EXTENSION.search(name)
    return match[0].lower() if match else ""


def _shorten(name: str) -> str:
    if len(name) <= NAME_MAXIMUM:
        return name
    extension = extension_of(name)
    return name[: NAME_MAXIMUM - len(extension)].rstrip(" .") + extension
