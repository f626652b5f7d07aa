"""Checking an evidence pack with nothing but the pack and a public key: no store, no settings, no network.

files     each has the digest that the manifest says, and none is there beside them
signed    manifest and checkpoint bear a signature by the key
chain     every entry is what was sealed, each seal follows the one before, the last is in the checkpoint's tree
mails     each is the one that an entry holds the commitment of

The pack may be anybody's: its sizes are bounded, and nothing in it is run or unpacked.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from postern.errors import ConfigurationError, DamagedError
from postern.keys import is_signed
from postern.model.checkpoint import Checkpoint, read_checkpoint, read_note, read_verifier, signatures_by
from postern.model.evidence import FORMAT, MANIFEST, NOTE, PROOF, spell_claim
from postern.model.journal import digest_entry, digest_kept_fields
from postern.model.seal import hash_seal
from postern.model.tree import HASH_LENGTH, node_hash

FILES, OCTETS = 100_000, 4_000_000_000  # the most that is read of a pack
_WRONG = (KeyError, ValueError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked. ``findings`` are sentences, none in a pack that is whole; ``by_own_key`` says that only the key in the
    pack was there to check it with, which proves that it is of one piece, and not whose.
    """

    order: str
    level: str
    checkpoint: int
    files: int
    entries: int
    mails: int
    by_own_key: bool
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pack:
    """What was read of it."""

    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    proof: Mapping[str, Any]


def verify_evidence(path: Path, keys: Sequence[str] = ()) -> Checked:
    """Check the pack with these public keys, each a line as ``postern record key`` prints it; with none, with those in the pack.

    Raises ConfigurationError where there is no such file or a key is none, DamagedError for what is no pack at all.
    """
    pack = _read(path)
    proof = pack.proof
    in_pack = proof.get("keys")
    trusted = dict(map(_read_key, keys or (map(str, in_pack) if isinstance(in_pack, list) else ())))
    findings = [*_check_files(pack), *_check_signatures(pack, trusted)]
    for check in (_check_chain, _check_mails):
        try:
            findings += check(pack)
        except _WRONG:
            findings.append(f"{PROOF} does not have the form of a proof")
            break
    entries, mails = proof.get("entries"), proof.get("mails")
    return Checked(
        order=str(pack.manifest.get("order", "")),
        level=str(pack.manifest.get("level", "")),
        checkpoint=int(pack.manifest.get("checkpoint", 0)) if isinstance(pack.manifest.get("checkpoint"), int) else 0,
        files=len(pack.files),
        entries=len(entries) if isinstance(entries, list) else 0,
        mails=len(mails) if isinstance(mails, list) else 0,
        by_own_key=not keys,
        findings=tuple(findings),
    )


def _read(path: Path) -> _Pack:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [one.filename for one in members]
            if len(names) > FILES or sum(one.file_size for one in members) > OCTETS or len(set(names)) != len(names):
                raise DamagedError("this is no evidence pack: too much is in it, or two files of one name")
            files = {name: archive.read(name) for name in names}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise DamagedError(f"this is no evidence pack, or it was damaged: {type(error).__name__}") from None
    return _Pack(files, _read_json(files, MANIFEST), _read_json(files, PROOF))


def _read_json(files: Mapping[str, bytes], name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(files[name])
    except (KeyError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise DamagedError(f"this is no evidence pack: {name} is missing or unreadable")
    return value


def _read_key(line: str) -> tuple[str, bytes]:
    read = read_verifier(line)
    if read is None:
        raise ConfigurationError("a key is a line such as `postern record key` prints")
    return read[0] + "+" + read[1].hex(), read[1]


def _check_files(pack: _Pack) -> Iterator[str]:
    listed = {}
    for one in pack.manifest.get("files", ()) if isinstance(pack.manifest.get("files"), list) else ():
        if isinstance(one, dict):
            listed[one.get("name")] = one.get("sha256")
    for name, content in pack.files.items():
        if name in {MANIFEST, NOTE}:
            continue
        if name not in listed:
            yield f"{name} was added: the manifest does not know it"
        elif hashlib.sha256(content).hexdigest() != listed[name]:
            yield f"{name} was changed: it is not what the manifest says"
    yield from (f"{name} was removed" for name in listed.keys() - pack.files.keys())


def _check_signatures(pack: _Pack, trusted: Mapping[str, bytes]) -> Iterator[str]:
    checkpoint = _signed_checkpoint(pack, trusted)
    if checkpoint is None:
        yield "the checkpoint is not signed with the key"
        return
    try:
        content = pack.files.get(NOTE, b"").decode("utf-8")
    except UnicodeDecodeError:
        content = ""
    note = read_note(content)
    claim = spell_claim(checkpoint.origin, checkpoint.size, hashlib.sha256(pack.files[MANIFEST]).hexdigest())
    if note is None or note.text != claim or not _is_by(note.text, content, checkpoint.origin, trusted):
        yield "the manifest is not signed with the key, or was changed"
    if pack.manifest.get("checkpoint") != checkpoint.size:
        yield "the manifest names another checkpoint than the one that is in it"


def _signed_checkpoint(pack: _Pack, trusted: Mapping[str, bytes]) -> Checkpoint | None:
    content = pack.proof.get("checkpoint")
    note = read_note(content) if isinstance(content, str) else None
    checkpoint = read_checkpoint(note.text) if note else None
    if note is None or checkpoint is None or not _is_by(note.text, str(content), checkpoint.origin, trusted):
        return None
    return checkpoint


def _is_by(text: str, content: str, origin: str, trusted: Mapping[str, bytes]) -> bool:
    note = read_note(content)
    signatures = list(signatures_by(note, origin, trusted.values())) if note else []
    return bool(signatures) and all(is_signed(key, octets, text.encode()) for key, octets in signatures)


def _check_chain(pack: _Pack) -> Iterator[str]:
    """Every digest and hash is computed anew; what the pack says of them is only compared."""
    chain, before, last = str(pack.proof["chain"]), b"", 0
    for number, link in enumerate(pack.proof["entries"], start=1):
        name = f"entry {link['chain_position']} ({link['kind']})"
        hashed = _hash_of(link, chain)
        if hashed.hex() != link["hash"]:
            yield f"{name} was changed: it is not what was sealed"
        if link["chain_position"] != number or bytes.fromhex(link["previous"]) != before or link["position"] <= last:
            yield f"{name} does not follow the one before: one was removed, inserted or moved"
        before, last = hashed, link["position"]
    inclusion, checkpoint = pack.proof["inclusion"], read_note(pack.proof["checkpoint"])
    signed = read_checkpoint(checkpoint.text) if checkpoint else None
    root = _root_of(before, inclusion["index"], inclusion["size"], [bytes.fromhex(one) for one in inclusion["path"]])
    if signed is None or (signed.size, signed.root) != (inclusion["size"], root) or inclusion["index"] != last - 1:
        yield "the end of the chain is not in the checkpoint: entries were removed from its end, or it is of another record"


def _hash_of(link: Mapping[str, Any], chain: str) -> bytes:
    fields, _ = digest_kept_fields(tuple(one) for one in link["fields"])
    relationship, message = (bytes.fromhex(link[name]) if link[name] else None for name in ("relationship", "message"))
    entry_id = bytes.fromhex(link["id"])
    digest = digest_entry((entry_id, link["seller"], relationship, message), link["kind"], link["happened_at"], fields)
    numbers = (link["position"], link["seller"], entry_id, link["chain_position"], link["sealed_at"])
    return hash_seal(numbers, chain, bytes.fromhex(link["previous"]), digest)


def _root_of(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """RFC 9162 2.1.3.2: the root that the audit path leads to; None where it is no path of this leaf."""
    if not 0 <= index < size or any(len(one) != HASH_LENGTH for one in path):
        return None
    node, place, last = leaf, index, size - 1
    for one in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = node_hash(one, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, one)
        place, last = place >> 1, last >> 1
    return node if last == 0 else None


def _check_mails(pack: _Pack) -> Iterator[str]:
    held: dict[tuple[str, str], set[str]] = {}
    for link in pack.proof["entries"]:
        for name, salt, value in link["fields"]:
            if salt is not None and link["message"]:
                held.setdefault((UUID(link["message"]).hex, name), set()).add(str(json.loads(value)))
    told = {one["file"]: one for one in pack.proof["mails"]}
    for name in sorted({one for one in pack.files if one.startswith("mails/")} | told.keys()):
        one = told.get(name)
        if one is None or name not in pack.files:
            yield f"{name} is in the pack or in its proof, and not in both"
            continue
        commitment = hashlib.sha256(bytes.fromhex(one["salt"]) + pack.files[name]).hexdigest()
        if commitment not in held.get((one["message"], one["field"]), set()):
            yield f"{name} is not the mail that the record holds"
