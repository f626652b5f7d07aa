"""Compiled catalogues: as ``bin/languages`` writes them, and of languages that exist for one test."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from postern.language import catalogues, wordings
from postern.mail.quoting import own_words

_MAGIC = 0x950412DE
HEADER = "Content-Type: text/plain; charset=UTF-8\n"
_HEAD = 28  # octets: seven numbers of four


@contextmanager
def speaking(folder: Path, sentences: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Postern speaks these languages beside English until the block ends."""
    for name, translations in sentences.items():
        path = folder / name.replace("-", "_") / "LC_MESSAGES" / "postern.mo"
        path.parent.mkdir(parents=True)
        path.write_bytes(compiled({**translations, "": HEADER + translations.get("", "")}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogues, "CATALOGUES", folder)
        _forget()
        yield
    _forget()


def _forget() -> None:
    for remembered in (
        catalogues.known_languages,
        catalogues.spoken,
        catalogues._read,
        catalogues.tongue,
        wordings,
        own_words._introductions,
    ):
        remembered.cache_clear()


def compiled(entries_of: Mapping[str, str]) -> bytes:
    """GNU gettext's MO file, without its hash table: sentences and their translations, the header under the empty one."""
    entries = sorted(entries_of.items())
    tables, strings = [b"", b""], b""
    strings_at = _HEAD + 2 * 8 * len(entries)
    for column in (0, 1):
        for entry in entries:
            octets = entry[column].encode()
            tables[column] += struct.pack("<II", len(octets), strings_at + len(strings))
            strings += octets + b"\0"
    numbers = (_MAGIC, 0, len(entries), _HEAD, _HEAD + 8 * len(entries), 0, 0)
    return struct.pack("<7I", *numbers) + b"".join(tables) + strings
