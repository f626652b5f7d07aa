"""Header fields as octets: folded, ASCII, and impossible to inject into.

Each function writes exactly one field. Whatever it is given, no line break of the value survives, so there is never a second one.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from postern.mail.characters import one_line

_LINE = 76  # RFC 5322 2.1.1 asks for 78, RFC 2047 2 for 76 where encoded words stand
_WORD_OCTETS = 42  # of text in one encoded word: 12 + 4/3 * 42 + 2 < 75 (RFC 2047 2)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
_ADDRESS = re.compile(r"[!-;=?-~]+")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def unstructured(name: str, text: str) -> bytes:
    """A field of free text, such as Subject."""
    text = one_line(text)
    return _fold(name, text.split(" ") if _may_stand_plain(text) else _encoded_words(text))


def plain(name: str, text: str) -> bytes:
    """A field that is never encoded, such as one that programs read: what is no ASCII becomes a question mark."""
    return _fold(name, one_line(text).split(" "))


def mailbox(name: str, display_name: str, address: str) -> bytes:
    """A field of one mailbox. The display name is quoted, or encoded where it is no ASCII."""
    display = one_line(display_name)
    safe_address = "".join(_ADDRESS.findall(address))
    if not display:
        return _fold(name, [safe_address])
    quoted = _quoted(display)
    fits = _may_stand_plain(display) and len(quoted) <= _LINE - len(f"{name}: ")
    return _fold(name, [*([quoted] if fits else _encoded_words(display)), f"<{safe_address}>"])


def identifiers(name: str, message_ids: Iterable[str]) -> bytes:
    """A field of Message-IDs; anything that is none is left out."""
    return _fold(name, [message_id for message_id in message_ids if _MESSAGE_ID.fullmatch(message_id)])


def date(name: str, moment: datetime) -> bytes:
    """A field of one date, in UTC: the author's zone is nobody's business (RFC 5322 3.3)."""
    return _fold(name, [_date_time(moment)])


def received(hostname: str, moment: datetime) -> bytes:
    """The trace of a mail that is passed on as it is (RFC 5321 4.4)."""
    return _fold("Received", [f"by {hostname}", "with ESMTP;", _date_time(moment)])


def _date_time(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} +0000"


def parameterised(name: str, value: str, parameters: Iterable[tuple[str, str]], encoded: Iterable[tuple[str, str]] = ()) -> bytes:
    """A field with parameters; a long or foreign value in sections of percent signs (RFC 2231). The ``encoded`` ones are written
    in encoded words instead: forbidden (RFC 2047 5), but the one form of a foreign file name that every mail program reads.
    """
    pieces = [[piece] for key, text in parameters for piece in _parameter(key, one_line(text))]
    pieces += [list(_parameter_in_words(key, one_line(text))) for key, text in encoded]
    words = [[value], *pieces]
    for piece in words[:-1]:
        piece[-1] += ";"
    return _fold(name, [word for piece in words for word in piece])


def _parameter(key: str, text: str) -> Iterator[str]:
    quoted = f"{key}={_quoted(text)}"
    if text.isascii() and len(quoted) <= _LINE - len(" ;"):
        yield quoted
        return
    # Cut between octets: RFC 2231 4.1 joins the sections before it decodes.
    octets = [quote(character, safe="") for character in text.encode("utf-8", "replace").decode("utf-8")]
    sections = list(_fill(octets, _LINE - len(key) - len("*00*=utf-8'';") - 1))
    for number, section in enumerate(sections):
        mark = f"*{number}*" if len(sections) > 1 else "*"
        yield f"{key}{mark}=" + ("utf-8''" if number == 0 else "") + section


def _parameter_in_words(key: str, text: str) -> Iterator[str]:
    words = list(_encoded_words(text, _WORD_OCTETS - len(key)))
    words[0] = f'{key}="{words[0]}'
    words[-1] += '"'
    yield from words


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fill(pieces: list[str], size: int) -> Iterator[str]:
    line = ""
    for piece in pieces:
        if len(line) + len(piece) > size:
            yield line
            line = ""
        line += piece
    yield line


def _may_stand_plain(text: str) -> bool:
    """ASCII that no reader takes for an encoded word, with words short enough to fold between."""
    return text.isascii() and "=?" not in text and all(len(word) < _LINE - 8 for word in text.split(" "))


def _encoded_words(text: str, size: int = _WORD_OCTETS) -> Iterator[str]:
    """The text in encoded words of at most 75 characters (RFC 2047 2), never cut within a letter (5.3)."""
    chunk = b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > size:
            yield _encoded_word(chunk)
            chunk = b""
        chunk += octets
    yield _encoded_word(chunk)


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?="


def _fold(name: str, words: Iterable[str]) -> bytes:
    """The words on lines of at most 76 characters, where they allow it (RFC 5322 2.2.3)."""
    lines: list[str] = []
    line = f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > _LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join((*lines, line)).encode("ascii", "replace") + b"\r\n"
