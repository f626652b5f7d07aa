"""A checkpoint: the head of the tree over all seals, as a signed note that anybody can check with the public key.

The text is that of C2SP tlog-checkpoint, the signatures those of C2SP signed-note: origin, size and root, an empty line, and a
line for each signature. Nothing here signs or trusts: it reads and writes, and any text may be read.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from postern.model.tree import HASH_LENGTH

ED25519 = b"\x01"  # C2SP signed-note: the type of a signature
_DASH = "\N{EM DASH} "
_KEY_ID_LENGTH = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which log, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_to_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: who, with which key, and the signature itself."""

    name: str
    key_id: bytes
    octets: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures; trusted by nobody before one of them was checked."""

    text: str
    signatures: tuple[Signature, ...]

    def spell(self) -> str:
        lines = [f"{_DASH}{one.name} {_to_base64(one.key_id + one.octets)}\n" for one in self.signatures]
        return f"{self.text}\n{''.join(lines)}"


def read_note(content: str) -> Note | None:
    """The note, or None for any other text. The last empty line parts the text from its signatures."""
    text, gap, tail = content.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or any(character < " " and character != "\n" for character in content):
        return None
    signatures = [_read_signature(line) for line in tail[:-1].split("\n")]
    read = tuple(one for one in signatures if one)
    return Note(text + "\n", read) if len(read) == len(signatures) else None


def read_checkpoint(text: str) -> Checkpoint | None:
    """The checkpoint that a note's text says, or None. Extension lines are refused: we write none."""
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[_LINES] or not lines[0] or not _SIZE.fullmatch(lines[1]):
        return None
    root = _from_base64(lines[2])
    return Checkpoint(lines[0], int(lines[1]), root) if root and len(root) == HASH_LENGTH else None


def key_id(name: str, public_key: bytes) -> bytes:
    """The four octets by which a signature line names its key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:_KEY_ID_LENGTH]


def spell_verifier(name: str, public_key: bytes) -> str:
    """The public key in one line, as programs for signed notes take it."""
    return f"{name}+{key_id(name, public_key).hex()}+{_to_base64(ED25519 + public_key)}"


def read_verifier(line: str) -> tuple[str, bytes] | None:
    """Whose key such a line is, and the key; None for any other text."""
    name, _, rest = line.strip().partition("+")
    told_id, _, encoded = rest.partition("+")
    octets = _from_base64(encoded) or b""
    key = octets.removeprefix(ED25519)
    is_key = name and len(octets) == len(key) + 1 and len(key) == HASH_LENGTH and key_id(name, key).hex() == told_id
    return (name, key) if is_key else None


def signatures_by(note: Note, name: str, public_keys: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    """The signatures that claim to be by one of these keys under this name: key and signature, to be checked."""
    known = {key_id(name, one): one for one in public_keys}
    return [(known[one.key_id], one.octets) for one in note.signatures if one.name == name and one.key_id in known]


def _read_signature(line: str) -> Signature | None:
    name, gap, encoded = line.removeprefix(_DASH).partition(" ")
    octets = _from_base64(encoded)
    if not line.startswith(_DASH) or not gap or not name or "+" in name or not octets or len(octets) <= _KEY_ID_LENGTH:
        return None
    return Signature(name, octets[:_KEY_ID_LENGTH], octets[_KEY_ID_LENGTH:])


def _to_base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _from_base64(text: str) -> bytes | None:
    """The octets of base64 in its one spelling."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if _to_base64(octets) == text else None
