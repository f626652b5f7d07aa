import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, cast

import pytest

from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Outcome
from postern.model.limits import Limits
from postern.smtp.mx import MxCourier
from postern.smtp.outside import Outside
from postern.smtp.resolver import Exchanger
from postern.smtp.sts import Policies
from postern.smtp.sts_fetch import fetch_policy
from postern.smtp.sts_policy import Mode, Policy
from postern.smtp.unanswered import Unanswered
from tests.authority import Authority
from tests.next_hop import ENCRYPTS, ScriptedHop
from tests.policy_host import HANG, PolicyHost, page

ANN = Address("ann", "mail.test")
MAIL = b"Message-ID: <1@marketplace.example>\r\n\r\nHello Ann.\r\n"
BODY = b"version: STSv1\nmode: enforce\nmx: mx.mail.test\nmax_age: 86400\n"
POLICY = Policy(Mode.ENFORCE, 86_400, frozenset({"mx.mail.test"}))


@dataclass(slots=True)
class Zone:
    """The DNS of mail.test, which the test changes as time goes by."""

    host: str = "mx.mail.test"
    record: tuple[str, ...] | Unanswered = ("v=STSv1; id=1;",)
    policy_addresses: tuple[str, ...] | Unanswered = ("127.0.0.1",)
    asked: list[str] = field(default_factory=list)

    async def exchangers(self, domain: str) -> tuple[Exchanger, ...] | Unanswered:
        assert domain == "mail.test"
        return (Exchanger(10, self.host),)

    async def addresses(self, host: str) -> tuple[str, ...] | Unanswered:
        return self.policy_addresses if host == "mta-sts.mail.test" else ("127.0.0.2",)

    async def texts(self, name: str) -> tuple[str, ...] | Unanswered:
        self.asked.append(name)
        return self.record


@dataclass(slots=True)
class Clock:
    """Seconds that pass when the test says so."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


# A mail under a policy


@dataclass(frozen=True, slots=True)
class World:
    """A mail host, a policy host, and the way to them."""

    zone: Zone
    hop: ScriptedHop
    policies: PolicyHost
    courier: MxCourier

    async def send(self) -> Outcome:
        return await self.courier.send("", ANN, MAIL)


async def in_a_world(
    authority: Authority,
    play: Callable[[World], Awaitable[None]],
    *,
    hop_tls: ssl.SSLContext | None,
    answer: bytes = page(BODY),
    script: Mapping[str, str | Sequence[str]] = ENCRYPTS,
) -> None:
    zone = Zone()
    async with AsyncExitStack() as stack:
        hop = await stack.enter_async_context(ScriptedHop(script, host="127.0.0.2", tls=hop_tls))
        policies = await stack.enter_async_context(PolicyHost(answer, authority.server("mta-sts.mail.test")))
        outside = Outside(hop.port, policies.port, loopback_is_allowed=True, authorities=str(authority.file))
        courier = MxCourier("relay.example", Limits(attempt_timeout=4, sts_pause=0), zone, outside)
        await play(World(zone, hop, policies, courier))
        await courier.close()


def test_a_host_that_keeps_the_policy_gets_the_mail_encrypted(authority: Authority) -> None:
    async def play(world: World) -> None:
        assert isinstance(await world.send(), Delivered)
        assert isinstance(await world.send(), Delivered)
        assert (world.hop.encrypted_mails, world.hop.connections) == (2, 1)
        assert len(world.policies.requests) == 1
        assert world.policies.requests[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
        assert b"host: mta-sts.mail.test\r\n" in world.policies.requests[0].lower()

    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("mx.mail.test")))


async def is_put_off(world: World) -> None:
    outcome = await world.send()
    assert isinstance(outcome, Deferred)
    assert outcome.enhanced.startswith("4.7.")
    assert not outcome.indeterminate
    assert world.hop.mails == []
    assert not [command for command in world.hop.commands if command.startswith("MAIL")]


@pytest.mark.parametrize("fault", ["another name", "its day is over"])
def test_a_host_with_a_wrong_certificate_gets_nothing(authority: Authority, fault: str) -> None:
    tls = authority.server("other.mail.test") if fault == "another name" else authority.server("mx.mail.test", days=-1)
    asyncio.run(in_a_world(authority, is_put_off, hop_tls=tls))


def test_a_host_that_somebody_made_silent_about_starttls_gets_nothing(authority: Authority) -> None:
    asyncio.run(in_a_world(authority, is_put_off, hop_tls=None, script={"EHLO": "250 hop.test"}))


def test_a_host_that_the_policy_does_not_name_is_not_even_spoken_to(authority: Authority) -> None:
    async def play(world: World) -> None:
        world.zone.host = "mallory.test"
        await is_put_off(world)
        assert world.hop.connections == 0

    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("mx.mail.test", "mallory.test")))


def test_a_connection_that_was_opened_without_demands_is_not_used_under_a_policy(authority: Authority) -> None:
    async def play(world: World) -> None:
        world.zone.record = ()
        assert isinstance(await world.send(), Delivered)
        world.zone.record = ("v=STSv1; id=1;",)
        outcome = await world.send()
        assert isinstance(outcome, Deferred)
        assert (len(world.hop.mails), world.hop.connections) == (1, 2)

    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("other.test")))


@pytest.mark.parametrize("fault", ["certificate", "name", "no TLS"])
def test_in_testing_the_mail_goes_all_the_same_and_the_log_says_so_without_names(
    authority: Authority, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(world: World) -> None:
        world.zone.host = "elsewhere.test" if fault == "name" else "mx.mail.test"
        assert isinstance(await world.send(), Delivered)

    caplog.set_level(logging.INFO)
    tls = None if fault == "no TLS" else authority.server("other.test" if fault == "certificate" else "elsewhere.test")
    script = {"EHLO": "250 hop.test"} if fault == "no TLS" else ENCRYPTS
    answer = page(BODY.replace(b"enforce", b"testing"))
    asyncio.run(in_a_world(authority, play, hop_tls=tls, answer=answer, script=script))
    told = [record.getMessage() for record in caplog.records if record.name.startswith("postern")]
    assert len(told) == 1
    assert "MTA-STS" in told[0]
    assert not [word for word in ("mail.test", "elsewhere", "ann", "127.0") if word in told[0]]


def test_in_testing_a_host_that_keeps_the_policy_is_not_told_of(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    async def play(world: World) -> None:
        assert isinstance(await world.send(), Delivered)
        assert (world.hop.encrypted_mails, world.hop.connections) == (1, 1)

    caplog.set_level(logging.INFO)
    answer = page(BODY.replace(b"enforce", b"testing"))
    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("mx.mail.test"), answer=answer))
    assert not [record for record in caplog.records if record.name.startswith("postern")]


@pytest.mark.parametrize("stage", ["connect", "MAIL"])
def test_in_testing_a_host_that_says_not_now_is_not_asked_once_more(authority: Authority, stage: str) -> None:
    async def play(world: World) -> None:
        outcome = await world.send()
        assert isinstance(outcome, Deferred)
        assert (outcome.code, world.hop.connections) == (451, 1)

    answer = page(BODY.replace(b"enforce", b"testing"))
    script = {**ENCRYPTS, stage: "451 4.7.1 later"}
    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("mx.mail.test"), answer=answer, script=script))


def test_a_policy_that_asks_for_nothing_changes_nothing(authority: Authority) -> None:
    async def play(world: World) -> None:
        assert isinstance(await world.send(), Delivered)

    answer = page(BODY.replace(b"enforce", b"none"))
    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("other.test"), answer=answer))


def test_a_domain_can_take_its_policy_back(authority: Authority) -> None:
    async def play(world: World) -> None:
        await is_put_off(world)
        world.zone.record = ("v=STSv1; id=2;",)
        world.policies.answer = page(b"version: STSv1\nmode: none\nmax_age: 86400\n")
        assert isinstance(await world.send(), Delivered)

    asyncio.run(in_a_world(authority, play, hop_tls=authority.server("other.test")))


# What is fetched


FetchPlay = Callable[[Zone, PolicyHost, Outside], Awaitable[bytes | None]]


async def fetch_from(
    authority: Authority, answer: bytes, limits: Limits, tls: ssl.SSLContext | None = None, zone: Zone | None = None
) -> tuple[bytes | None, PolicyHost]:
    async with PolicyHost(answer, tls or authority.server("mta-sts.mail.test")) as host:
        outside = Outside(https_port=host.port, loopback_is_allowed=True, authorities=str(authority.file))
        return await fetch_policy("mail.test", zone or Zone(), outside, limits), host


def fetched(authority: Authority, answer: bytes, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> bytes | None:
    return asyncio.run(fetch_from(authority, answer, limits or Limits(sts_seconds=2), tls))[0]


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nversi\r\n2\r\non\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "answer, text",
    [
        (page(BODY), BODY),
        (page(BODY, media_type="Text/Plain; charset=utf-8"), BODY),
        (b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + BODY, BODY),
        (CHUNKED, b"version"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + page(BODY), BODY),
        (page(b""), b""),
    ],
)
def test_a_policy_is_fetched_in_every_form_that_http_has(authority: Authority, answer: bytes, text: bytes) -> None:
    assert fetched(authority, answer) == text


REDIRECT = page(BODY, status="302 Found", more="Location: https://mta-sts.mail.test/elsewhere\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        REDIRECT,
        page(BODY, status="301 Moved Permanently", more="Location: /.well-known/mta-sts.txt\r\n"),
        page(BODY, status="404 Not Found"),
        page(BODY, status="500 Oh"),
        page(BODY, status="206 Partial Content"),
        page(BODY, media_type="text/html"),
        page(BODY, media_type="application/octet-stream"),
        page(BODY, more="Content-Type: text/html\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        page(BODY)[:-5],
        page(BODY + b"x")[:-1].replace(b"Content-Length: ", b"Content-Length: 1"),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        page(BODY, more="X: " + "y" * 40_000 + "\r\n"),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + page(BODY),
        b"",
        b"hello\r\n\r\n",
        b"\x00" * 100_000,
        b"220 hop.test ESMTP\r\n",
    ],
)
def test_what_is_no_policy_page_is_not_taken_and_nobody_is_followed(authority: Authority, answer: bytes) -> None:
    assert fetched(authority, answer) is None


def test_a_policy_has_a_largest_size(authority: Authority) -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 3_000_000
    for answer in (page(b"x" * 101), endless, CHUNKED.replace(b"5\r\nversi", b"65\r\n" + b"x" * 101)):
        assert fetched(authority, answer, Limits(sts_policy=100, sts_seconds=2)) is None
    assert fetched(authority, page(b"x" * 100), Limits(sts_policy=100)) == b"x" * 100


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", page(BODY)[:-4]])
def test_a_host_that_stops_talking_is_left_in_time(authority: Authority, said: bytes) -> None:
    async def fetching() -> float:
        started = asyncio.get_running_loop().time()
        found, _ = await fetch_from(authority, said + HANG, Limits(sts_seconds=1))
        assert found is None
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(fetching()) < 5


@pytest.mark.parametrize("name", ["mail.test", "mta-sts.other.test", "*.other.test"])
def test_a_host_whose_certificate_is_not_its_own_is_told_nothing(authority: Authority, name: str) -> None:
    found, host = asyncio.run(fetch_from(authority, page(BODY), Limits(sts_seconds=2), authority.server(name)))
    assert found is None
    assert host.requests == []


def test_only_public_addresses_are_asked(authority: Authority) -> None:
    async def fetching() -> list[bytes]:
        async with PolicyHost(page(BODY), authority.server("mta-sts.mail.test")) as host:
            outside = Outside(https_port=host.port, authorities=str(authority.file))
            assert await fetch_policy("mail.test", Zone(), outside, Limits(sts_seconds=2)) is None
            return host.requests

    assert asyncio.run(fetching()) == []


def test_an_address_where_nobody_is_leaves_time_for_the_next(authority: Authority) -> None:
    zone = Zone(policy_addresses=("127.0.0.9", "127.0.0.1"))
    found, _ = asyncio.run(fetch_from(authority, page(BODY), Limits(sts_seconds=2), zone=zone))
    assert found == BODY


class Silent(asyncio.Protocol):
    """Takes every connection, and never says a word."""

    transports: ClassVar[list[asyncio.Transport]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transports.append(cast("asyncio.Transport", transport))


def test_nor_does_one_where_nobody_speaks_take_all_of_it(authority: Authority) -> None:
    async def fetching() -> bytes | None:
        async with PolicyHost(page(BODY), authority.server("mta-sts.mail.test")) as host:
            silent = await asyncio.get_running_loop().create_server(Silent, "127.0.0.9", host.port)
            outside = Outside(https_port=host.port, loopback_is_allowed=True, authorities=str(authority.file))
            zone = Zone(policy_addresses=("127.0.0.9", "127.0.0.1"))
            found = await fetch_policy("mail.test", zone, outside, Limits(sts_seconds=6))
            silent.close()
            for transport in Silent.transports:
                transport.abort()
            await silent.wait_closed()
            await asyncio.sleep(0)
            return found

    assert asyncio.run(fetching()) == BODY
    assert len(Silent.transports) == 1


# What is remembered


@dataclass(slots=True)
class Memory:
    """The policies known, with everything around them in the hands of the test."""

    zone: Zone
    host: PolicyHost
    now: Clock
    policies: Policies

    async def policy(self, domain: str = "mail.test") -> Policy | None:
        return await self.policies.policy_of(domain, 5)


@asynccontextmanager
async def remembering(authority: Authority, limits: Limits | None = None) -> AsyncIterator[Memory]:
    async with PolicyHost(page(BODY), authority.server("mta-sts.mail.test")) as host:
        zone, now = Zone(), Clock()
        outside = Outside(https_port=host.port, loopback_is_allowed=True, authorities=str(authority.file))
        memory = Memory(zone, host, now, Policies(zone, outside, limits or Limits(sts_seconds=1, sts_pause=300), now))
        yield memory
        await memory.policies.close()


def remember(authority: Authority, play: Callable[[Memory], Awaitable[None]], limits: Limits | None = None) -> None:
    async def playing() -> None:
        async with remembering(authority, limits) as memory:
            await play(memory)

    asyncio.run(playing())


def test_a_policy_is_fetched_once_while_it_is_fresh_and_its_id_stays(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        for _ in range(5):
            assert await memory.policy() == POLICY
            memory.now.seconds += 400
        assert (len(memory.zone.asked), len(memory.host.requests)) == (5, 1)

    remember(authority, play)


def test_many_mails_at_once_look_once(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        assert await asyncio.gather(*(memory.policy() for _ in range(20))) == [POLICY] * 20
        assert (len(memory.zone.asked), len(memory.host.requests)) == (1, 1)

    remember(authority, play)


def test_the_dns_is_asked_again_after_the_pause_alone(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        for seconds in (0, 299, 2):
            memory.now.seconds += seconds
            await memory.policy()
        assert memory.zone.asked == ["_mta-sts.mail.test"] * 2

    remember(authority, play)


def test_a_new_id_brings_a_new_policy(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        await memory.policy()
        memory.zone.record = ("v=STSv1; id=2;",)
        memory.host.answer = page(BODY.replace(b"mx.mail.test", b"*.hosts.test"))
        memory.now.seconds += 301
        policy = await memory.policy()
        assert policy is not None
        assert policy.hosts == {"*.hosts.test"}

    remember(authority, play)


AWAY: list[Callable[[Memory], object]] = [
    lambda memory: setattr(memory.host, "answer", page(BODY, status="503 Away")),
    lambda memory: setattr(memory.host, "answer", REDIRECT),
    lambda memory: setattr(memory.host, "answer", page(BODY + b"junk\n")),
    lambda memory: setattr(memory.host, "answer", page(BODY + b"note: x\n" * 10_000)),
    lambda memory: setattr(memory.host, "answer", HANG),
    lambda memory: setattr(memory.zone, "policy_addresses", Unanswered.NO_ANSWER_NOW),
    lambda memory: setattr(memory.zone, "policy_addresses", ("10.0.0.1",)),
]


@pytest.mark.parametrize("go_away", AWAY)
def test_a_policy_that_is_known_holds_while_a_new_one_cannot_be_had(
    authority: Authority, go_away: Callable[[Memory], object]
) -> None:
    async def play(memory: Memory) -> None:
        assert await memory.policy() == POLICY
        go_away(memory)
        memory.zone.record = ("v=STSv1; id=2;",)
        memory.now.seconds += 301
        assert await memory.policy() == POLICY

    remember(authority, play)


@pytest.mark.parametrize("record", [(), ("v=STSv1; id=1;", "v=STSv1; id=2;"), Unanswered.NO_ANSWER_NOW, Unanswered.NO_SUCH_NAME])
def test_and_whatever_the_dns_says(authority: Authority, record: tuple[str, ...] | Unanswered) -> None:
    async def play(memory: Memory) -> None:
        assert await memory.policy() == POLICY
        memory.zone.record = record
        memory.now.seconds += 301
        assert await memory.policy() == POLICY

    remember(authority, play)


def test_but_not_longer_than_it_said(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        assert await memory.policy() == POLICY
        memory.host.answer = page(BODY, status="404 Gone")
        memory.now.seconds += 86_399
        assert await memory.policy() == POLICY
        memory.now.seconds += 2
        assert await memory.policy() is None

    remember(authority, play)


def test_it_is_fetched_anew_before_its_time_is_up(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        await memory.policy()
        memory.now.seconds += 50_000
        await memory.policy()
        memory.host.answer = page(BODY, status="404 Gone")
        memory.now.seconds += 50_000  # past the end of the first
        assert await memory.policy() == POLICY

    remember(authority, play)


@pytest.mark.parametrize("go_away", AWAY)
def test_without_a_known_policy_mail_goes_as_if_there_were_none_and_nobody_fetches_at_every_mail(
    authority: Authority, go_away: Callable[[Memory], object]
) -> None:
    async def play(memory: Memory) -> None:
        go_away(memory)
        assert await memory.policy() is None
        asked = len(memory.host.requests)
        for _ in range(3):
            memory.now.seconds += 99
            assert await memory.policy() is None
        assert len(memory.host.requests) == asked

    remember(authority, play)


def test_a_policy_that_could_not_be_fetched_is_tried_again_after_the_pause(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        memory.host.answer = page(BODY, status="503 Away")
        assert await memory.policy() is None
        memory.host.answer = page(BODY)
        memory.now.seconds += 301
        assert await memory.policy() == POLICY

    remember(authority, play)


def test_a_domain_without_a_record_is_never_fetched_from(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        memory.zone.record = ("v=spf1 -all",)
        assert await memory.policy() is None
        assert memory.host.requests == []

    remember(authority, play)


def test_the_memory_holds_so_many_domains_and_no_more(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        for domain in ("mail.test", "b.test", "mail.test", "c.test", "mail.test"):
            await memory.policy(domain)
        assert memory.zone.asked.count("_mta-sts.mail.test") == 1
        await memory.policy("b.test")
        assert memory.zone.asked.count("_mta-sts.b.test") == 2

    remember(authority, play, Limits(sts_domains=2, sts_seconds=1))


def test_whoever_cannot_wait_goes_on_without_and_what_was_begun_is_not_lost(authority: Authority) -> None:
    async def play(memory: Memory) -> None:
        assert await memory.policies.policy_of("mail.test", 0.0) is None
        assert await memory.policy() == POLICY
        assert len(memory.host.requests) == 1

    remember(authority, play)
