import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.connect.sandbox import SandboxOutbox
from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered
from postern.model.limits import Limits

ANN = Address("ann", "mail.test")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class SetClock:
    """The time the test sets."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment


def outbox(folder: Path, limits: Limits | None = None, clock: SetClock | None = None) -> SandboxOutbox:
    return SandboxOutbox(folder / "outbox", clock or SetClock(), limits or Limits())


def test_a_mail_is_kept_and_shown_with_its_envelope(tmp_path: Path) -> None:
    kept = outbox(tmp_path)
    assert isinstance(asyncio.run(kept.send("b@marketplace.example", ANN, b"Subject: a\r\n\r\nHello\r\n")), Delivered)
    [mail] = kept.mails()
    assert (mail.return_path, mail.recipient, mail.kept_at) == ("b@marketplace.example", "ann@mail.test", NOON)
    assert mail.raw == b"Subject: a\r\n\r\nHello\r\n"
    assert kept.mail(mail.id) == mail


@given(content=st.binary(max_size=200))
def test_any_octets_survive(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    kept = outbox(tmp_path_factory.mktemp("sandbox"))
    asyncio.run(kept.send("", ANN, content))
    assert [mail.raw for mail in kept.mails()] == [content]


def test_the_newest_stands_first_even_within_one_moment_and_when_the_clock_steps_back(tmp_path: Path) -> None:
    clock = SetClock()
    kept = outbox(tmp_path, clock=clock)
    for number in range(5):
        asyncio.run(kept.send("", ANN, b"%d" % number))
    clock.moment -= timedelta(hours=1)
    asyncio.run(kept.send("", ANN, b"5"))
    assert [mail.raw for mail in kept.mails()] == [b"5", b"4", b"3", b"2", b"1", b"0"]


def test_mails_survive_a_restart(tmp_path: Path) -> None:
    asyncio.run(outbox(tmp_path).send("", ANN, b"before"))
    assert [mail.raw for mail in outbox(tmp_path).mails()] == [b"before"]


def test_the_listing_is_bounded(tmp_path: Path) -> None:
    kept = outbox(tmp_path, Limits(outbox_listing=3))
    for number in range(5):
        asyncio.run(kept.send("", ANN, b"%d" % number))
    assert [mail.raw for mail in kept.mails()] == [b"4", b"3", b"2"]


def test_mails_kept_at_once_are_all_there(tmp_path: Path) -> None:
    kept = outbox(tmp_path)

    async def sending() -> None:
        await asyncio.gather(*(kept.send("", ANN, b"%d" % number) for number in range(40)))

    asyncio.run(sending())
    assert {mail.raw for mail in kept.mails()} == {b"%d" % number for number in range(40)}


def test_an_outbox_nobody_wrote_to_is_empty(tmp_path: Path) -> None:
    assert outbox(tmp_path).mails() == []


def test_half_a_pair_and_foreign_files_are_no_mails(tmp_path: Path) -> None:
    kept = outbox(tmp_path)
    asyncio.run(kept.send("", ANN, b"whole"))
    folder = tmp_path / "outbox"
    (folder / f"{1:020d}-aaaaaaaa.eml").write_bytes(b"killed before the envelope")
    (folder / f"{2:020d}-aaaaaaaa.json").write_text("{}")
    (folder / f"{3:020d}-aaaaaaaa.json").write_text("[" * 100_000)
    (folder / f"{4:020d}-aaaaaaaa.json.unfinished").write_text("{")
    (folder / "notes.json").write_text("{}")
    assert [mail.raw for mail in kept.mails()] == [b"whole"]


@pytest.mark.parametrize("identifier", ["", "../secret", "x" * 100, f"{1:020d}-aaaaaaaa", f"{1:020d}-aaaaaaaa/../x", "\0"])
def test_a_name_that_is_no_mail_finds_none(tmp_path: Path, identifier: str) -> None:
    assert outbox(tmp_path).mail(identifier) is None


def test_a_folder_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file is in the way")
    outcome = asyncio.run(outbox(tmp_path).send("", ANN, b"x"))
    assert isinstance(outcome, Deferred)
    assert outcome.enhanced == "4.3.1"


def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    asyncio.run(outbox(tmp_path).send("", ANN, b"x"))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "outbox").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700


def test_a_kept_mail_does_not_show_its_addresses(tmp_path: Path) -> None:
    kept = outbox(tmp_path)
    asyncio.run(kept.send("b@marketplace.example", ANN, b"x"))
    assert "@" not in repr(kept.mails())
    [envelope] = [json.loads(path.read_text()) for path in (tmp_path / "outbox").glob("*.json")]
    assert envelope == {
        "return_path": "b@marketplace.example",
        "recipient": "ann@mail.test",
        "kept_at": "2026-11-20T12:00:00+00:00",
    }
