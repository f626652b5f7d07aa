"""Evidence packs: made on both stores, checked by the command's action and by a script that knows nothing of Postern."""

import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from postern.actions.checkpoint_record import verifier_keys
from postern.actions.export_evidence import KIND, Exported, Request, Typeset, export_evidence
from postern.actions.verify_evidence import verify_evidence
from postern.connect.checkpoints import CheckpointFolder
from postern.connect.typesetting import typeset
from postern.errors import ConfigurationError, DamagedError, NotFoundError, ReasonError
from postern.model.delivery import Failed
from postern.model.envelope import Mail
from postern.model.evidence import Level
from postern.storage.journal import read_fields
from tests.architecture.source import ROOT
from tests.people import ACME, ANN, ORDER, Town

SCRIPT = ROOT / "docs" / "operate" / "verify_evidence.py"


@dataclass
class Court:
    """A town with a dispute, and a folder for packs."""

    town: Town
    folder: Path
    outside: CheckpointFolder
    made: int = 0

    def request(self, level: Level = Level.SENT, **changes: Any) -> Request:
        return replace(Request("de", ORDER, level, "Dora", "claim CLM-88", "Sam"), **changes)

    def export(self, request: Request | None = None, pages: Typeset | None = None) -> tuple[Path, Exported]:
        self.made += 1
        out = self.folder / f"pack-{self.made}.zip"
        town = self.town
        done = export_evidence(town.store, town.frame, town.clock, self.outside, request or self.request(), pages, out)
        return out, done

    @property
    def keys(self) -> list[str]:
        return verifier_keys(self.town.frame)


@pytest.fixture
def court(town: Town, tmp_path: Path) -> Court:
    """Ann asks, Acme answers, a mail fails, a robot writes, and somebody else writes with Acme too."""
    town.receive(town.from_ann(f"Where is order {ORDER}?"))
    town.deliver()
    town.clock.advance(timedelta(hours=3))
    town.receive(town.from_acme("It left today.\nIt comes with the post."))
    town.deliver()
    town.clock.advance(timedelta(days=2))
    town.receive(with_file(town.from_ann("It came, and one corner is bent.", Subject="Damaged: 损坏")))
    town.deliver()
    town.receive(town.from_acme("We are sorry."))
    town.deliver(Failed(550, "5.1.1", "no such mailbox"))
    town.receive(town.mail(ANN, town.bolt_pair.seller_alias, "This is another affair."))
    town.deliver()
    return Court(town, tmp_path, CheckpointFolder(tmp_path / "checkpoints"))


def with_file(mail: Mail) -> Mail:
    head, _, body = mail.content.partition(b"\r\n\r\n")
    parts = (
        b"--b\r\nContent-Type: text/plain\r\n\r\n" + body + b'\r\n--b\r\nContent-Type: text/plain; name="notes.txt"\r\n'
        b'Content-Disposition: attachment; filename="notes.txt"\r\n\r\nThe corner.\r\n--b--\r\n'
    )
    return replace(mail, content=head + b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts)


def contents(pack: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(pack) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(pack: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    files = contents(pack)
    change(files)
    out = pack.with_name(f"changed-{pack.name}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    out.write_bytes(buffer.getvalue())
    return out


def by_script(pack: Path, key: str) -> bool:
    """Whether the program of the manual, on its own, finds nothing wrong."""
    ended = subprocess.run([sys.executable, "-I", str(SCRIPT), str(pack), key], capture_output=True, timeout=60, check=False)
    return ended.returncode == 0


@pytest.mark.parametrize("level", Level)
def test_a_pack_tells_what_its_level_may_show_and_verifies(court: Court, level: Level) -> None:  # R25
    pack, done = court.export(court.request(level))
    checked = verify_evidence(pack, court.keys)
    assert checked.findings == ()
    assert (checked.order, checked.level, checked.checkpoint) == (ORDER, level, done.checkpoint)
    assert by_script(pack, court.keys[0])
    files = contents(pack)
    told = json.loads(files["messages.json"])
    assert len(told["messages"]) == 4
    words = b"\n".join(files.values())
    assert (b"bent" in words) == (level is not Level.OUTLINE)
    assert (ACME.reveal().encode() in words) == (ANN.reveal().encode() in words) == (level is Level.FULL)
    assert b"another affair" not in words
    kinds = {name.rpartition(".")[0].rpartition(".")[2] for name in files if name.startswith("mails/")}
    assert kinds == {Level.OUTLINE: set(), Level.SENT: {"sent"}, Level.FULL: {"sent", "original"}}[level]


def test_messages_are_told_with_what_became_of_them_and_facts_are_computed(court: Court) -> None:
    pack, _ = court.export()
    told = json.loads(contents(pack)["messages.json"])
    first, answer, third, failed = told["messages"]
    assert first["from"] == "buyer"
    assert answer["text"].startswith("It left today.")
    assert third["subject"] == "Damaged: 损坏"
    assert third["attachments"][0]["name"] == "notes.txt"
    assert contents(pack)[third["attachments"][0]["file"]].strip() == b"The corner."
    assert any("550" in line for line in failed["events"])
    assert "The buyer wrote 2 messages, the seller 2." in told["facts"]
    assert any("3 h 00 min" in one for one in told["facts"])


def test_making_a_pack_leaves_an_entry_that_is_in_the_pack(court: Court) -> None:
    pack, _ = court.export()
    last = json.loads(contents(pack)["proof.json"])["entries"][-1]
    assert last["kind"] == KIND
    said = {one.name: one.value for one in read_fields(json.dumps(last["fields"]))}
    assert said["who"] == '"Dora"'
    assert said["why"] == '"claim CLM-88"'


def test_the_same_checkpoint_gives_the_same_octets_again(court: Court) -> None:
    first, done = court.export(pages=typeset)
    court.town.clock.advance(timedelta(days=1))
    again, _ = court.export(court.request(checkpoint=done.checkpoint), pages=typeset)
    assert first.read_bytes() == again.read_bytes()


def test_the_pages_are_a_tagged_pdf_with_everything_in_it(court: Court) -> None:
    pack, _ = court.export(pages=typeset)
    with pikepdf.open(io.BytesIO(contents(pack)["evidence.pdf"])) as pages:
        assert pages.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pages.Root
        assert pages.Root.Lang is not None
        assert ORDER in str(pages.docinfo.get("/Title", "")) or ORDER in str(pages.open_metadata().get("dc:title", ""))


def test_words_in_a_message_are_never_markup_of_the_pages(court: Court) -> None:
    town = court.town
    town.receive(town.from_ann('#panic("x") $1/0$ *_`[ #include "/etc/passwd" \\ // <a> @b = heading'))
    pack, _ = court.export(pages=typeset)
    assert verify_evidence(pack, court.keys).findings == ()
    assert contents(pack)["evidence.pdf"].startswith(b"%PDF-")


def mail_in(files: dict[str, bytes]) -> str:
    return next(name for name in sorted(files) if name.startswith("mails/"))


def take_mail_out(files: dict[str, bytes]) -> None:
    del files[mail_in(files)]


CHANGES: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a word in messages.json": lambda files: files.update({"messages.json": files["messages.json"].replace(b"bent", b"fine")}),
    "a mail": lambda files: files.update({mail_in(files): files[mail_in(files)] + b"\r\n"}),
    "a mail is taken out": take_mail_out,
    "a file is added": lambda files: files.update({"mails/msg_x.sent.eml": b"From: x\r\n\r\nI confess.\r\n"}),
    "the manifest": lambda files: files.update({"manifest.json": files["manifest.json"].replace(b"sent", b"full", 1)}),
    "the note": lambda files: files.update({"manifest.note": files["manifest.note"].replace(b"postern", b"Postern")}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_of_a_file_is_found(court: Court, name: str) -> None:
    pack, _ = court.export()
    changed = rewritten(pack, CHANGES[name])
    assert verify_evidence(changed, court.keys).findings
    assert not by_script(changed, court.keys[0])


def test_any_change_of_any_file_by_chance_is_found(court: Court) -> None:
    pack, _ = court.export()
    chance = random.Random(7)
    for _ in range(60):

        def spoil(files: dict[str, bytes]) -> None:
            name = chance.choice(sorted(files))
            octets = bytearray(files[name])
            octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
            files[name] = bytes(octets)

        changed = rewritten(pack, spoil)
        with suppress(DamagedError):  # it is no pack any more, and that is told too
            assert verify_evidence(changed, court.keys).findings


def forged(files: dict[str, bytes], change: Callable[[dict[str, Any]], object]) -> None:
    """Change the proof, and let the manifest agree: whoever makes a pack himself."""
    proof = json.loads(files["proof.json"])
    change(proof)
    files["proof.json"] = json.dumps(proof).encode()


PROOF_CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "an entry says something else": lambda proof: proof["entries"][0]["fields"][0].__setitem__(2, '"seller"'),
    "an entry is removed": lambda proof: proof["entries"].pop(1),
    "the last entry is removed": lambda proof: proof["entries"].pop(),
    "two entries are exchanged": lambda proof: proof["entries"].insert(0, proof["entries"].pop(1)),
    "an entry is of another time": lambda proof: proof["entries"][0].__setitem__("happened_at", 1),
    "a path that leads elsewhere": lambda proof: proof["inclusion"].__setitem__("path", ["00" * 32]),
    "no entries": lambda proof: proof.__setitem__("entries", []),
    "entries that are none": lambda proof: proof.__setitem__("entries", [1, None]),
    "no checkpoint": lambda proof: proof.__setitem__("checkpoint", "x"),
}


@pytest.mark.parametrize("name", PROOF_CHANGES)
def test_a_proof_that_was_changed_is_found_by_itself(court: Court, name: str) -> None:
    pack, _ = court.export()
    changed = rewritten(pack, lambda files: forged(files, PROOF_CHANGES[name]))
    findings = [one for one in verify_evidence(changed, court.keys).findings if "manifest" not in one]
    assert findings
    assert not by_script(changed, court.keys[0])


def test_a_pack_of_another_house_is_not_taken(court: Court) -> None:
    pack, _ = court.export()
    key = court.keys[0]
    other = f"{key.partition('+')[0]}+00000000+{key.rpartition('+')[2]}"
    with pytest.raises(ConfigurationError, match="postern record key"):
        verify_evidence(pack, [other])
    stranger = "example.org/record+37ec2d14+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
    assert not by_script(pack, stranger)
    assert verify_evidence(pack).by_own_key


@pytest.mark.parametrize("octets", [b"", b"PK\x03\x04", b"no archive at all"])
def test_what_is_no_pack_is_told_as_that(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "pack.zip").write_bytes(octets)
    with pytest.raises(DamagedError, match="no evidence pack"):
        verify_evidence(tmp_path / "pack.zip")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        verify_evidence(tmp_path / "nowhere.zip")


def test_nothing_is_made_without_a_name_a_reason_and_where_it_is_wanted_a_second_person(court: Court) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"who": " "},
        {"why": ""},
        {"level": Level.FULL, "second": ""},
        {"level": Level.FULL, "second": "dora"},
    )
    for changes in wrong:
        with pytest.raises(ReasonError):
            court.export(court.request(**changes))
    with pytest.raises(NotFoundError):
        court.export(court.request(order="303-0000000-0000000"))
    with pytest.raises(NotFoundError, match="checkpoint"):
        court.export(court.request(checkpoint=9_999))
    assert not list(court.folder.glob("*.zip"))


def test_a_pack_is_never_replaced(court: Court) -> None:
    pack, _ = court.export()
    before = pack.read_bytes()
    court.made -= 1
    with pytest.raises(ConfigurationError, match="not replaced"):
        court.export()
    assert pack.read_bytes() == before


def test_the_script_of_the_manual_is_short_and_needs_nothing_of_ours() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 110
    assert not [line for line in lines if line.startswith(("import postern", "from postern"))]
