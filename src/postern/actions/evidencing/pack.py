"""The file of a pack: the same content gives the same octets, and one signed manifest stands for all of it."""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from postern.errors import ConfigurationError
from postern.model.evidence import FORMAT, MANIFEST, README, Level

_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can name: when a pack was made is no part of it
_UNIX, _OURS_ALONE = 3, 0o600 << 16

WORDS = f"""\
This is an evidence pack ({FORMAT}) of a Postern.

  evidence.pdf     to be read
  messages.json    the same for programs
  mails/           each mail that may be shown: .sent.eml as its reader got it, .original.eml as it came
  attachments/     the files in the mails that were sent
  proof.json       every entry of the journal about this buyer and this seller, and the signed checkpoint that stands for them
  {MANIFEST}    the SHA-256 of each file here
  manifest.note    the signature under the manifest

To check that nothing here was changed, removed, reordered or added:

  postern evidence verify THIS.zip --key KEY

KEY is the line that the marketplace publishes (`postern record key`): ask them for it, and do not take the one in the pack.
A short Python program that needs nothing of Postern does the same; it stands in Postern's documentation, with the format
(docs/operate/disputes.md).
"""


def spell_json(value: object) -> bytes:
    """JSON in its one spelling, for people too."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode("utf-8", "backslashreplace")


def make_manifest(order: str, level: Level, size: int, files: Mapping[str, bytes]) -> bytes:
    """What is in the pack, and the digest of each."""
    listed = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    return spell_json({"format": FORMAT, "order": order, "level": level, "checkpoint": size, "files": listed})


def write_pack(out: Path, files: Mapping[str, bytes]) -> None:
    """Write it whole or not at all. Raises ConfigurationError where it exists already or cannot be written."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.unlink(missing_ok=True)  # of a run that was killed
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in sorted(files, key=lambda name: (name != README, name)):
                    archive.writestr(_member(name), files[name])
            file.flush()
            os.fsync(file.fileno())
        partial.rename(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from None


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _NO_TIME)
    member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _OURS_ALONE
    return member
