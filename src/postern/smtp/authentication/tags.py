"""Tag lists (RFC 6376 3.2): ``name=value; name=value``, as in signatures, their keys and DMARC's records."""

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VALUE = re.compile(r"[ \t\r\n!-:<-~]*")
_FOLDING = re.compile(r"[ \t\r\n]+")


class TagsError(Exception):
    """It is no tag list, or names a tag twice."""


def read_tags(text: str) -> dict[str, str]:
    """The tags in order, with their white space at the ends cut. Raises TagsError."""
    tags: dict[str, str] = {}
    pieces = text.split(";")
    if not pieces[-1].strip(" \t\r\n"):
        pieces.pop()
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name in tags:
            raise TagsError
        tags[name] = value.strip(" \t\r\n")
    return tags


def without_space(text: str) -> str:
    """A value that may be folded anywhere: base64, and lists."""
    return _FOLDING.sub("", text)
