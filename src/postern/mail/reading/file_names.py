"""File names that strangers chose, made safe to show and to save."""

import re
import unicodedata

from postern.mail.characters import INVISIBLE, one_line
from postern.model.limits import Limits

NAME_MAXIMUM = Limits().file_name  # characters
_OCTETS_MAXIMUM = 240  # in UTF-8: most file systems take 255, and programs add "(1)"
_FORBIDDEN = re.compile(f'[<>:"|?*{INVISIBLE}]')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
# Names that one system takes for its devices, whatever extension follows.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(?=\.|\Z)", re.IGNORECASE)


def clean_file_name(name: str, maximum: int = NAME_MAXIMUM) -> str:
    """The last part of a path, without control characters, reversed text or what file systems forbid; may be empty."""
    if not name:
        return ""
    name = one_line(name).replace("\\", "/").rpartition("/")[2]
    name = unicodedata.normalize(
        "NFC", _FORBIDDEN.sub("", name)
    )  # in this order, for what is taken out may have kept letters apart
    name = _shorten(one_line(name).strip(" .~-"), maximum)
    return f"_{name}" if _DEVICE.match(name) else name


def extension_of(name: str) -> str:
    """``.pdf`` of ``invoice.PDF``, or nothing."""
    match = _EXTENSION.search(name)
    return match[0].lower() if match else ""


def _shorten(name: str, maximum: int) -> str:
    """The name cut before its extension, at a letter and not within one."""
    extension = extension_of(name)
    stem = name[: len(name) - len(extension)]
    if len(name) > maximum:
        stem = stem[: maximum - len(extension)]
    octets = stem.encode("utf-8", "replace")[: _OCTETS_MAXIMUM - len(extension)]
    return octets.decode("utf-8", "ignore").rstrip(" .") + extension
