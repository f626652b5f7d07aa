import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.model.limits import Limits
from postern.ports import IsBound
from postern.smtp.mx import MxCourier, rank
from postern.smtp.outside import Outside, is_public
from postern.smtp.resolver import DnsResolver, Exchanger
from postern.smtp.unanswered import Unanswered
from tests.next_hop import DROP, ScriptedHop

OWN = "relay.marketplace.example"
ANN = Address("ann", "mail.test")
MAIL = b"Message-ID: <1@marketplace.example>\r\n\r\nHello Ann.\r\n"


# Which hosts, and in which order


def test_better_preference_comes_first_and_a_host_stands_once() -> None:
    exchangers = [Exchanger(20, "b.test"), Exchanger(10, "a.test"), Exchanger(30, "a.test")]
    assert rank("mail.test", exchangers, OWN) == ["a.test", "b.test"]


def test_equals_are_shuffled() -> None:
    exchangers = [Exchanger(10, f"h{number}.test") for number in range(4)]
    firsts = {rank("mail.test", exchangers, OWN)[0] for _ in range(200)}  # type: ignore[index]
    assert len(firsts) == 4


def test_a_domain_without_mx_is_its_own_host() -> None:
    assert rank("mail.test", [], OWN) == ["mail.test"]


def test_the_null_mx_fails_for_good() -> None:
    outcome = rank("mail.test", [Exchanger(0, "")], OWN)
    assert isinstance(outcome, Failed)
    assert outcome.enhanced == "5.1.10"  # RFC 7505 4.2


def test_hosts_that_are_not_nearer_than_we_are_would_send_it_back() -> None:
    exchangers = [Exchanger(10, "a.test"), Exchanger(20, OWN), Exchanger(20, "b.test"), Exchanger(30, "c.test")]
    assert rank("mail.test", exchangers, OWN.upper()) == ["a.test"]
    looping = rank("mail.test", exchangers[1:], OWN)
    assert isinstance(looping, Failed)
    assert looping.enhanced == "5.4.6"


@given(st.lists(st.builds(Exchanger, st.integers(0, 65_535), st.text(max_size=10)), max_size=10))
def test_names_that_are_no_hosts_are_never_tried(exchangers: list[Exchanger]) -> None:
    hosts = rank("mail.test", exchangers, OWN)
    if not isinstance(hosts, Failed):
        assert all(host.isascii() and host and not set(host) & set(" \r\n/@:") for host in hosts)


@pytest.mark.parametrize("text", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_public_addresses_may_be_connected_to(text: str) -> None:
    assert is_public(text)


NOT_PUBLIC = """
    127.0.0.1 127.255.0.9 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 192.0.2.1 198.18.0.1
    198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1
    ff02::1 2001:db8::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 2002:7f00:1:: 2002:a00:1:: ::127.0.0.1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 100::1 example.test 1 0x7f000001 127.1
"""


@pytest.mark.parametrize("text", [*NOT_PUBLIC.split(), ""])
def test_private_local_and_reserved_addresses_are_never_connected_to(text: str) -> None:
    assert not is_public(text)


def test_loopback_is_reached_only_where_it_is_allowed() -> None:
    assert is_public("127.0.0.1", loopback_is_allowed=True)
    assert is_public("::1", loopback_is_allowed=True)
    assert not is_public("10.0.0.1", loopback_is_allowed=True)


# The walk, with hops on several loopback addresses


class Zone:
    """A resolver that knows what the test says, and remembers what it was asked."""

    def __init__(
        self,
        exchangers: Mapping[str, Sequence[Exchanger] | Unanswered],
        addresses: Mapping[str, Sequence[str] | Unanswered],
    ) -> None:
        self._exchangers = exchangers
        self._addresses = addresses
        self.asked: list[str] = []

    async def exchangers(self, domain: str) -> tuple[Exchanger, ...] | Unanswered:
        found = self._exchangers.get(domain, Unanswered.NO_SUCH_NAME)
        return found if isinstance(found, Unanswered) else tuple(found)

    async def addresses(self, host: str) -> tuple[str, ...] | Unanswered:
        self.asked.append(host)
        found = self._addresses.get(host, Unanswered.NO_SUCH_NAME)
        return found if isinstance(found, Unanswered) else tuple(found)

    async def texts(self, name: str) -> tuple[str, ...] | Unanswered:
        del name
        return Unanswered.NO_SUCH_NAME


A_THEN_B = Zone(
    {"mail.test": [Exchanger(10, "a.test"), Exchanger(20, "b.test")]}, {"a.test": ["127.0.0.2"], "b.test": ["127.0.0.3"]}
)


Script = Mapping[str, str | Sequence[str]]


async def walk(
    zone: Zone, script_a: Script | None, limits: Limits | None = None, is_bound: IsBound | None = None
) -> tuple[Outcome, int, int]:
    """Send a mail while a.test follows its script (None: it is down) and b.test is well. Returns what each of them took."""
    async with AsyncExitStack() as hops:
        b = await hops.enter_async_context(ScriptedHop(host="127.0.0.3"))
        a = ScriptedHop(script_a, host="127.0.0.2", port=b.port)
        if script_a is not None:
            await hops.enter_async_context(a)
        courier = MxCourier(OWN, limits or Limits(), zone, Outside(b.port, loopback_is_allowed=True))
        outcome = await courier.send("", ANN, MAIL, is_bound=is_bound)
        await courier.close()
        return outcome, len(a.mails), len(b.mails)


def test_the_best_host_gets_the_mail() -> None:
    outcome, at_a, at_b = asyncio.run(walk(A_THEN_B, {}))
    assert isinstance(outcome, Delivered)
    assert (at_a, at_b) == (1, 0)


NOT_READY: list[Script | None] = [None, {"connect": DROP}, {"connect": "554 5.3.2 no mail here"}, {"EHLO": DROP}]
NOT_READY += [{"MAIL": "451 later"}, {"RCPT": "451 4.7.1 later"}, {"dot": "452 later"}]


@pytest.mark.parametrize("script", NOT_READY)
def test_a_host_that_is_down_or_not_ready_leaves_the_mail_to_the_next(script: Script | None) -> None:
    outcome, _, at_b = asyncio.run(walk(A_THEN_B, script))
    assert isinstance(outcome, Delivered)
    assert at_b == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
def test_a_refusal_of_the_mail_itself_ends_the_walk(stage: str) -> None:
    outcome, _, at_b = asyncio.run(walk(A_THEN_B, {stage: "550 5.7.1 refused"}))
    assert outcome == Failed(550, "5.7.1", "refused")
    assert at_b == 0


def test_a_lost_reply_after_the_final_dot_ends_the_walk_and_names_its_host() -> None:
    outcome, at_a, at_b = asyncio.run(walk(A_THEN_B, {"dot": DROP}))
    assert isinstance(outcome, Deferred)
    assert (outcome.indeterminate, outcome.host) == (True, "a.test")
    assert (at_a, at_b) == (1, 0)


def test_an_outcome_that_is_shown_names_no_host() -> None:
    outcome, _, _ = asyncio.run(walk(A_THEN_B, {"dot": DROP}))
    assert "a.test" not in repr(outcome)


@pytest.mark.parametrize("script", [{"dot": "452 later"}, {"RCPT": "451 later"}, None])
def test_only_a_host_that_may_have_the_mail_is_named(script: Script | None) -> None:
    zone = Zone({"mail.test": [Exchanger(10, "a.test")]}, {"a.test": ["127.0.0.2"]})
    outcome, _, _ = asyncio.run(walk(zone, script))
    assert isinstance(outcome, Deferred)
    assert (outcome.indeterminate, outcome.host) == (False, "")


def test_a_mail_goes_to_the_host_that_it_is_bound_to_even_where_that_is_not_the_best() -> None:
    outcome, at_a, at_b = asyncio.run(walk(A_THEN_B, {}, is_bound=lambda host: host == "b.test"))
    assert isinstance(outcome, Delivered)
    assert (at_a, at_b) == (0, 1)


@pytest.mark.parametrize("script", [None, {"RCPT": "451 later"}, {"connect": DROP}, {"dot": DROP}])
def test_and_to_no_other_while_that_one_says_not_now(script: Script | None) -> None:
    outcome, _, at_b = asyncio.run(walk(A_THEN_B, script, is_bound=lambda host: host == "a.test"))
    assert isinstance(outcome, Deferred)
    assert at_b == 0


def test_but_to_all_once_that_one_is_no_longer_a_host_of_the_domain() -> None:
    outcome, at_a, _ = asyncio.run(walk(A_THEN_B, {}, is_bound=lambda host: host == "gone.test"))
    assert isinstance(outcome, Delivered)
    assert at_a == 1


def test_a_bound_host_is_tried_however_many_stand_before_it() -> None:
    crowd = [Exchanger(number, f"h{number}.test") for number in range(20)]
    zone = Zone({"mail.test": [*crowd, Exchanger(99, "a.test")]}, {"a.test": ["127.0.0.2"]})
    outcome, at_a, _ = asyncio.run(walk(zone, {}, Limits(mx_hosts=10), is_bound=lambda host: host == "a.test"))
    assert isinstance(outcome, Delivered)
    assert at_a == 1


def test_if_no_host_takes_it_a_chance_counts_more_than_a_refused_session() -> None:
    zone = Zone(
        {"mail.test": [Exchanger(1, "b.test"), Exchanger(2, "a.test")]}, {"a.test": ["127.0.0.2"], "b.test": ["127.0.0.9"]}
    )
    outcome, _, _ = asyncio.run(walk(zone, {"connect": "554 5.3.2 no mail here"}))
    assert isinstance(outcome, Deferred)


@pytest.mark.parametrize(
    "zone, enhanced",
    [
        (Zone({}, {}), "5.1.2"),
        (Zone({"mail.test": [Exchanger(0, "")]}, {}), "5.1.10"),
        (Zone({"mail.test": Unanswered.NO_ANSWER_NOW}, {"mail.test": ["127.0.0.2"]}), "4.4.3"),
        (Zone({"mail.test": [Exchanger(1, "a.test")]}, {}), "5.4.4"),
        (Zone({"mail.test": [Exchanger(1, "a.test")]}, {"a.test": Unanswered.NO_ANSWER_NOW}), "4.4.3"),
        (Zone({"mail.test": [Exchanger(1, "a.test")]}, {"a.test": ["10.0.0.1", "169.254.169.254"]}), "5.4.4"),
        (Zone({"mail.test": []}, {"mail.test": []}), "5.4.4"),
    ],
)
def test_a_domain_that_cannot_be_reached_says_why(zone: Zone, enhanced: str) -> None:
    outcome, at_a, at_b = asyncio.run(walk(zone, {}))
    assert not isinstance(outcome, Delivered)
    assert outcome.enhanced == enhanced
    assert (at_a, at_b) == (0, 0)


def test_loopback_is_refused_unless_it_is_allowed() -> None:
    async def sending() -> tuple[Outcome, int]:
        async with ScriptedHop(host="127.0.0.2") as hop:
            courier = MxCourier(OWN, Limits(), A_THEN_B, Outside(hop.port))
            return await courier.send("", ANN, MAIL), hop.connections

    outcome, connections = asyncio.run(sending())
    assert isinstance(outcome, Failed)
    assert connections == 0


def test_of_a_thousand_hosts_ten_are_tried() -> None:
    zone = Zone({"mail.test": [Exchanger(number, f"h{number}.test") for number in range(1_000)]}, {})
    asyncio.run(walk(zone, {}, Limits(mx_hosts=10)))
    assert zone.asked == [f"h{number}.test" for number in range(10)]


def test_of_many_addresses_of_a_host_a_few_are_tried() -> None:
    nowhere = [f"127.0.1.{number}" for number in range(1, 5)]
    for addresses, kind in ((nowhere, Deferred), (nowhere[1:], Delivered)):
        zone = Zone({"mail.test": []}, {"mail.test": [*addresses, "127.0.0.3"]})
        outcome, _, _ = asyncio.run(walk(zone, None, Limits(mx_addresses=4)))
        assert isinstance(outcome, kind)


def test_connections_are_kept_for_few_hops_only() -> None:
    async def sending() -> list[int]:
        async with AsyncExitStack() as stack:
            hops = [await stack.enter_async_context(ScriptedHop(host="127.0.0.2"))]
            hops += [await stack.enter_async_context(ScriptedHop(host=f"127.0.0.{n}", port=hops[0].port)) for n in (3, 4)]
            names = [f"h{number}.test" for number in (2, 3, 4)]
            zone = Zone({name: [] for name in names}, {name: [f"127.0.0.{name[1]}"] for name in names})
            courier = MxCourier(OWN, Limits(next_hops=2), zone, Outside(hops[0].port, loopback_is_allowed=True))
            for name in names:
                assert isinstance(await courier.send("", Address("ann", name), MAIL), Delivered)
            await asyncio.sleep(0.1)
            still_open = [hop.open_at_once for hop in hops]
            await courier.close()
            return still_open

    assert asyncio.run(sending()) == [0, 1, 1]


def test_an_address_that_smtp_cannot_carry_is_looked_up_nowhere() -> None:
    zone = Zone({}, {})
    outcome = asyncio.run(MxCourier(OWN, Limits(), zone).send("", Address("a b", "mail.test"), MAIL))
    assert isinstance(outcome, Failed)
    assert outcome.enhanced == "5.1.3"


# The real resolver against a name server on loopback


class NameServer(asyncio.DatagramProtocol):
    """Answers from a zone in text; silent about ``silent.test``, failing for ``broken.test``."""

    ZONE = (
        ("mail.test.", "MX", "20 B.mail.test.", "10 a.mail.test."),
        ("null.test.", "MX", "0 ."),
        ("alias.test.", "CNAME", "mail.test."),
        ("a.mail.test.", "A", "203.0.113.1", "203.0.113.2"),
        ("a.mail.test.", "AAAA", "2001:db8::1"),
        ("four.test.", "A", "203.0.113.4"),
        ("mute.test.", "TXT", "x"),
        ("_mta-sts.mail.test.", "TXT", '"v=STSv1; " "id=1;"', '"more"'),
        ("_mta-sts.four.test.", "CNAME", "_mta-sts.mail.test."),
    )

    ALIASES = (("alias.test.", "mail.test."), ("_mta-sts.four.test.", "_mta-sts.mail.test."))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name, kind = query.question[0].name.to_text(), dns.rdatatype.to_text(query.question[0].rdtype)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        names = {record[0] for record in self.ZONE}
        if name == "broken.test." or (name == "mute.test." and kind == "AAAA"):
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in names:
            response.set_rcode(dns.rcode.NXDOMAIN)
        for owner, record_type, *values in self.ZONE:
            if owner == name and record_type in {kind, "CNAME"}:
                response.answer.append(dns.rrset.from_text(owner, 60, "IN", record_type, *values))
            if (name, owner) in self.ALIASES and kind == record_type:
                response.answer.append(dns.rrset.from_text(owner, 60, "IN", record_type, *values))
        if name != "silent.test.":
            self._transport.sendto(response.to_wire(), addr)


async def ask(question: str, name: str) -> object:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = DnsResolver([("127.0.0.1", transport.get_extra_info("sockname")[1])], lifetime=0.5)
    try:
        ways = {"MX": resolver.exchangers, "A": resolver.addresses, "TXT": resolver.texts}
        return await ways[question](name)
    finally:
        transport.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "question, name, answer",
    [
        ("MX", "mail.test", (Exchanger(10, "a.mail.test"), Exchanger(20, "b.mail.test"))),
        ("MX", "alias.test", (Exchanger(10, "a.mail.test"), Exchanger(20, "b.mail.test"))),
        ("MX", "null.test", (Exchanger(0, ""),)),
        ("MX", "four.test", ()),
        ("MX", "nobody.test", Unanswered.NO_SUCH_NAME),
        ("MX", "broken.test", Unanswered.NO_ANSWER_NOW),
        ("MX", "silent.test", Unanswered.NO_ANSWER_NOW),
        ("MX", "a..b", Unanswered.NO_ANSWER_NOW),
        ("A", "a.mail.test", ("2001:db8::1", "203.0.113.1", "203.0.113.2")),
        ("A", "four.test", ("203.0.113.4",)),
        ("A", "nobody.test", Unanswered.NO_SUCH_NAME),
        ("A", "mail.test", Unanswered.NO_SUCH_NAME),
        ("A", "mute.test", Unanswered.NO_ANSWER_NOW),
        ("A", "broken.test", Unanswered.NO_ANSWER_NOW),
        ("TXT", "_mta-sts.mail.test", ("more", "v=STSv1; id=1;")),
        ("TXT", "_mta-sts.four.test", ("more", "v=STSv1; id=1;")),
        ("TXT", "four.test", ()),
        ("TXT", "nobody.test", Unanswered.NO_SUCH_NAME),
        ("TXT", "broken.test", Unanswered.NO_ANSWER_NOW),
        ("TXT", "silent.test", Unanswered.NO_ANSWER_NOW),
    ],
)
def test_the_dns_is_asked_and_understood(question: str, name: str, answer: object) -> None:
    found = asyncio.run(ask(question, name))
    assert (tuple(sorted(found, key=str)) if isinstance(found, tuple) else found) == answer
