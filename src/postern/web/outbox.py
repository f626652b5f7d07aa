"""The sandbox outbox as JSON: what would have been sent, for whoever tries Postern out.

It shows real addresses, so wiring hands it over only where mail goes nowhere else.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from postern.mail.characters import clean
from postern.mail.reading.encoded_words import decode_words

_FOLD = re.compile(r"\n(?=[ \t])")  # RFC 5322 2.2.3


class OutboxMail(Protocol):
    """One kept mail."""

    @property
    def id(self) -> str: ...
    @property
    def return_path(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def kept_at(self) -> datetime: ...
    @property
    def raw(self) -> bytes: ...


class Outbox(Protocol):
    """Where outgoing mail is kept."""

    def mails(self) -> Sequence[OutboxMail]:
        """The mails, newest first."""
        ...


def spell_outbox(outbox: Outbox) -> list[dict[str, object]]:
    """The mails as JSON takes them. ``raw`` encoded in ``charset`` gives the very octets that were kept."""
    return [_spell(mail) for mail in outbox.mails()]


def _spell(mail: OutboxMail) -> dict[str, object]:
    raw, charset = _read(mail.raw)
    return {
        "id": mail.id,
        "kept_at": mail.kept_at.isoformat(),
        "envelope": {"return_path": mail.return_path, "recipients": [mail.recipient]},
        "headers": list(_headers(raw)),
        "raw": raw,
        "charset": charset,
    }


def _read(octets: bytes) -> tuple[str, str]:
    try:
        return octets.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return octets.decode("latin-1"), "latin-1"


def _headers(raw: str) -> Iterator[list[str]]:
    """Names and values in order, unfolded, encoded words read; a line that is no field is left out."""
    block = raw.replace("\r\n", "\n").partition("\n\n")[0]
    for line in _FOLD.sub("", block).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            yield [name, clean(decode_words(value.strip()))]
