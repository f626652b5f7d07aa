"""Names that fit their files: one ending, that of the content, and none before it that a program could be run by."""

from postern.mail.files.kinds import PROGRAM_EXTENSIONS
from postern.mail.reading.file_names import NAME_MAXIMUM, extension_of

_ENDINGS_MAXIMUM = 10


def fitting(name: str, extensions: tuple[str, ...]) -> str:
    """The name, ending in one of these: as it is, or with the first of them."""
    last = extension_of(name)
    ending = name[len(name) - len(last) :] if last in extensions else extensions[0]
    stem = name[: len(name) - len(last)] if last in extensions or last in PROGRAM_EXTENSIONS else name
    for _ in range(_ENDINGS_MAXIMUM):
        inner = extension_of(stem)
        if inner not in PROGRAM_EXTENSIONS and inner not in extensions:
            break
        stem = stem[: -len(inner)]
    stem = stem[: NAME_MAXIMUM - len(ending)].rstrip(" .")
    return (stem or "attachment") + ending
