"""Languages that exist for one test: compiled catalogues, written as msgfmt writes them."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from postern import language

_MAGIC = 0x950412DE
_HEAD = 28  # octets: seven numbers of four


@contextmanager
def speaking(folder: Path, sentences: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Postern speaks these languages beside English until the block ends."""
    for name, translations in sentences.items():
        path = folder / name.replace("-", "_") / "LC_MESSAGES" / "postern.mo"
        path.parent.mkdir(parents=True)
        path.write_bytes(_compiled(translations))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "_CATALOGUES", folder)
        _forget()
        yield
    _forget()


def _forget() -> None:
    language._catalogue.cache_clear()
    language.known_languages.cache_clear()


def _compiled(translations: Mapping[str, str]) -> bytes:
    entries = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **translations}.items())
    tables, strings = [b"", b""], b""
    strings_at = _HEAD + 2 * 8 * len(entries)
    for column in (0, 1):
        for entry in entries:
            octets = entry[column].encode()
            tables[column] += struct.pack("<II", len(octets), strings_at + len(strings))
            strings += octets + b"\0"
    numbers = (_MAGIC, 0, len(entries), _HEAD, _HEAD + 8 * len(entries), 0, 0)
    return struct.pack("<7I", *numbers) + b"".join(tables) + strings
