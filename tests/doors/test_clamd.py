"""Mail before the real scanner, and before one that misbehaves."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from postern.actions.find_recipient import Refused
from postern.actions.receive_mail import Accepted
from postern.model.authentication import Authentication
from postern.model.envelope import Envelope, Mail
from postern.model.limits import Limits
from postern.policy.reasons import TRY_AGAIN
from postern.smtp.clamd import Place, Scanner, ScannerError, scanned
from tests.clamav import EICAR, SIGNATURE, Clamd, running_clamd
from tests.edge_client import Shelf

T = TypeVar("T")
HELLO = b"Subject: hello\r\n\r\nHello.\r\n"
ATTACHED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nLook!\r\n--b\r\n"
    b"Content-Type: application/octet-stream; name=x.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(EICAR).replace(b"\n", b"\r\n")
    + b"--b--\r\n"
)


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    with running_clamd(tmp_path_factory.mktemp("clamd"), stream_maximum=1_000_000) as running:
        yield running


def run(story: Coroutine[None, None, T]) -> T:
    return asyncio.run(asyncio.wait_for(story, 60))


def places(clamd: Clamd) -> list[Place]:
    return [Place(path=str(clamd.path)), Place("", "127.0.0.1", clamd.port)]


def test_the_scanner_names_what_it_finds_in_a_mail_and_in_its_files_and_nothing_in_others(clamd: Clamd) -> None:
    async def story() -> list[list[str]]:
        scanners = [Scanner(place, Limits()) for place in places(clamd)]
        return [[await one.find_malware(content) for content in (HELLO, EICAR, ATTACHED, b"")] for one in scanners]

    assert run(story()) == [["", f"{SIGNATURE}.UNOFFICIAL", f"{SIGNATURE}.UNOFFICIAL", ""]] * 2


def test_what_the_scanner_will_not_look_at_is_put_off(clamd: Clamd) -> None:
    async def story() -> None:
        await Scanner(places(clamd)[0], Limits()).find_malware(b"x" * 3_000_000)

    with pytest.raises(ScannerError):
        run(story())


def test_many_mails_share_a_few_connections(clamd: Clamd) -> None:
    async def story() -> list[str]:
        scanner = Scanner(places(clamd)[0], Limits(scans=2))
        return await asyncio.gather(*(scanner.find_malware(content) for content in (HELLO, EICAR) * 20))

    assert run(story()) == ["", f"{SIGNATURE}.UNOFFICIAL"] * 20


# Scanners that misbehave


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@asynccontextmanager
async def pretending(path: Path, answer: Answer) -> AsyncIterator[Place]:
    async with await asyncio.start_unix_server(answer, str(path)):
        yield Place(path=str(path))


def saying(words: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0\0\0\0")
        writer.write(words)
        writer.close()

    return answer


@pytest.mark.parametrize(
    "words",
    [b"", b"stream: OK", b"OK\0", b"stream: \0", b"stream: x FOUND OK\0", b"UNKNOWN COMMAND\0", b"x" * 5_000,
     b"x" * 5_000 + b"\0", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK\r\n\0", b"1: stream: OK\0"],
    ids=repr,
)  # fmt: skip
def test_whatever_is_no_plain_answer_is_none(tmp_path: Path, words: bytes) -> None:
    async def story() -> str:
        async with pretending(tmp_path / "s", saying(words)) as place:
            return await Scanner(place, Limits()).find_malware(HELLO)

    with pytest.raises(ScannerError):
        run(story())


def test_a_name_keeps_only_letters_that_names_are_made_of(tmp_path: Path) -> None:
    async def story() -> str:
        words = b"stream: Win.<b>Ann@mail.test</b>\r\n250 Fine(44d8:68) FOUND\0"
        async with pretending(tmp_path / "s", saying(words)) as place:
            return await Scanner(place, Limits()).find_malware(HELLO)

    assert run(story()) == "Win.?b?Ann?mail.test?/b???250?Fine"


def test_a_scanner_that_says_nothing_has_only_so_much_time_for_all_who_wait(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def story() -> list[object]:
        async with pretending(tmp_path / "s", silent) as place:
            scanner = Scanner(place, Limits(scan_seconds=1, scans=1))
            return list(await asyncio.gather(*(scanner.find_malware(HELLO) for _ in range(3)), return_exceptions=True))

    began_at = time.monotonic()
    assert [type(one) for one in run(story())] == [ScannerError] * 3
    assert time.monotonic() - began_at < 5


def mail(content: bytes) -> Mail:
    return Mail(Envelope("ann@mail.test", ("shop@marketplace.example",)), content, datetime.now(UTC), Authentication())


def test_no_mail_passes_while_the_scanner_is_away_and_each_tells_what_was_found_in_it(clamd: Clamd, tmp_path: Path) -> None:
    shelf = Shelf()

    async def story() -> None:
        away = await scanned(shelf.desk, Scanner(Place(path=str(tmp_path / "nowhere")), Limits())).receive(mail(HELLO))
        assert isinstance(away, Refused)
        assert away.cause.reason is TRY_AGAIN
        assert shelf.mails == []
        desk = scanned(shelf.desk, Scanner(places(clamd)[0], Limits()))
        assert isinstance(await desk.receive(mail(HELLO)), Accepted)
        await desk.receive(mail(EICAR))

    run(story())
    assert [one.malware for one in shelf.mails] == ["", f"{SIGNATURE}.UNOFFICIAL"]
