from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.model.limits import Limits
from postern.smtp import wording
from postern.smtp.sources import HOUR, MINUTE, Source, Sources, Visit, read_host, source_name

ADDRESSES = st.ip_addresses()
NETWORKS = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))


@given(ADDRESSES)
def test_a_source_is_an_ipv4_address_or_the_network_of_64_bits_that_one_household_gets(address: object) -> None:
    host = read_host(str(address))
    name = ip_address(source_name(host))
    assert name == host if host.version == 4 else int(name) == int(host) >> 64 << 64


@pytest.mark.parametrize(
    "one, other", [("2001:db8::1", "2001:db8::ffff:1"), ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::2%eth1")]
)
def test_neighbours_and_other_spellings_are_the_same_source(one: str, other: str) -> None:
    sources = Sources(Limits())
    assert sources.at(one) is sources.at(other)
    assert sources.at("2001:db8:0:1::1") is not sources.at(one)


def test_only_so_many_connections_of_a_source_are_open_at_once() -> None:
    source = Source(Limits(source_connections=2), trusted=False)
    assert [source.enter(0), source.enter(0), source.enter(0)] == [None, None, wording.SOURCE_CROWDED]
    source.leave()
    source.leave()
    assert source.enter(0) is None


def test_only_so_many_connections_of_a_source_come_in_a_minute() -> None:
    source = Source(Limits(source_connections_a_minute=10, source_connections=1_000), trusted=False)
    assert [source.enter(1) for _ in range(11)] == [None] * 10 + [wording.SOURCE_CROWDED]
    assert source.enter(1 + MINUTE / 2) is None
    for _ in range(1_000):  # and who goes on for long is forgiven as soon as anybody
        source.enter(40)
        source.leave()
    assert source.enter(40 + 2 * MINUTE) is None


def test_only_so_many_mails_of_a_source_come_in_an_hour() -> None:
    source = Source(Limits(source_mails_an_hour=3), trusted=False)
    taken = []
    for _ in range(4):
        taken.append(source.may_send(5))
        source.add_mail(5)
    assert taken == [True, True, True, False]
    assert source.may_send(5 + HOUR)


@pytest.mark.parametrize(
    "limits, mistakes", [(Limits(source_bad_commands=20), (1, 0)), (Limits(source_unknown_recipients=20), (0, 1))]
)
def test_mistakes_slow_a_source_more_and_more_then_send_it_away_until_they_are_forgotten(
    limits: Limits, mistakes: tuple[int, int]
) -> None:
    source, delays, goodbyes = Source(limits, trusted=False), [], []
    for _ in range(21):
        delays.append(source.delay(0))
        goodbyes.append(source.goodbye(0))
        source.add_mistakes(0, *mistakes)
    assert delays[:11] == [0.0] * 11
    assert delays == sorted(delays)
    assert delays[-1] == limits.tarpit_seconds
    assert goodbyes == [None] * 20 + [wording.SOURCE_SPENT]
    assert source.enter(0) == wording.SOURCE_SPENT
    assert source.goodbye(HOUR / 4) is None
    assert source.delay(HOUR) == 0


def test_a_trusted_source_is_counted_and_never_held_up() -> None:
    limits = Limits(source_connections=1, source_mails_an_hour=1, source_unknown_recipients=1)
    source = Sources(limits, NETWORKS).at("::ffff:192.0.2.200")
    source.add_mistakes(0, 1_000, 1_000)
    source.add_mail(0)
    source.add_mail(0)
    assert [source.enter(0) for _ in range(500)] == [None] * 500
    assert (source.connections, source.may_send(0), source.delay(0), source.goodbye(0)) == (500, True, 0, None)


def test_a_visit_tells_its_source_each_mistake_once_and_ends_once() -> None:
    source = Source(Limits(source_bad_commands=4), trusted=False)
    visit = Visit(source, 0)
    for told in ((1, 0), (1, 0), (3, 0), (3, 0)):
        visit.tell(0, *told)
    assert source.goodbye(0) is None
    visit.tell(0, 4, 0)
    assert source.goodbye(0) == wording.SOURCE_SPENT
    visit.end()
    visit.end()
    assert source.connections == 0


@given(st.lists(st.tuples(ADDRESSES, st.booleans()), max_size=60))
def test_only_so_many_sources_are_remembered_and_those_that_are_connected_stay(visits: list[tuple[object, bool]]) -> None:
    sources = Sources(Limits(sources=5))
    connected: dict[str, Source] = {}
    for address, stays in visits:
        visit = Visit(sources.at(str(address)), 0)
        if stays and len(connected) < 4:
            connected[str(address)] = visit.source
        else:
            visit.end()
        assert len(sources) <= 5
        assert all(sources.at(host) is source for host, source in connected.items())


def test_what_a_source_did_is_told_without_saying_who_it_is(caplog: pytest.LogCaptureFixture) -> None:
    source = Sources(Limits(source_bad_commands=2)).at("192.0.2.7")
    source.add_mistakes(0, 1, 0)
    assert caplog.records == []
    source.add_mistakes(0, 5, 0)
    source.add_mistakes(0, 5, 0)
    assert len(caplog.records) == 1
    assert "192" not in caplog.text
