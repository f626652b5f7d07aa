import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509.oid import NameOID

from postern.errors import ConfigurationError
from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.model.limits import Limits
from postern.smtp.connection import Hop
from postern.smtp.courier import SmtpCourier
from tests.next_hop import DROP, ENDLESS, GARBAGE, HANG, POLITE, ScriptedHop

ANN = Address("ann", "mail.test")
RETURN_PATH = "b0unce@marketplace.example"
MAIL = b"From: Acme Books <x@marketplace.example>\r\nMessage-ID: <1@marketplace.example>\r\n\r\nHello Ann.\r\n"
BEFORE_THE_DOT = ["connect", "EHLO", "MAIL", "RCPT", "DATA"]
SHORT = Limits(attempt_timeout=1)
Script = Mapping[str, str | Sequence[str]]


def courier_to(port: int, limits: Limits | None = None) -> SmtpCourier:
    return SmtpCourier(Hop("127.0.0.1", port), "relay.marketplace.example", limits or Limits())


async def send_all(hop: ScriptedHop, mails: Sequence[bytes], limits: Limits | None = None) -> list[Outcome]:
    courier = courier_to(hop.port, limits)
    outcomes = [await courier.send(RETURN_PATH, ANN, mail) for mail in mails]
    await courier.close()
    return outcomes


def send_to(
    script: dict[str, str | Sequence[str]], limits: Limits | None = None, mails: int = 1
) -> tuple[list[Outcome], ScriptedHop]:
    """Send mails one after the other to a hop with this script."""

    async def sending() -> tuple[list[Outcome], ScriptedHop]:
        async with ScriptedHop(script) as hop:
            return await send_all(hop, [MAIL] * mails, limits), hop

    return asyncio.run(sending())


def test_a_mail_is_handed_over_and_leave_is_taken() -> None:
    outcomes, hop = send_to({})
    assert outcomes == [Delivered(250, "2.0.0", "queued")]
    assert hop.mails == [MAIL + b".\r\n"]
    assert hop.commands == [
        "EHLO relay.marketplace.example",
        f"MAIL FROM:<{RETURN_PATH}> SIZE={len(MAIL)}",
        "RCPT TO:<ann@mail.test>",
        "DATA",
        "QUIT",
    ]


def test_the_null_sender_has_an_empty_path() -> None:
    async def sending() -> list[str]:
        async with ScriptedHop() as hop:
            courier = courier_to(hop.port)
            await courier.send("", ANN, MAIL)
            await courier.close()
            return hop.commands

    assert f"MAIL FROM:<> SIZE={len(MAIL)}" in asyncio.run(sending())


@pytest.mark.parametrize("stage", [*BEFORE_THE_DOT, "dot"])
@pytest.mark.parametrize("code, kind", [(451, Deferred), (550, Failed)])
def test_a_refusal_at_any_stage_is_the_outcome(stage: str, code: int, kind: type[Outcome]) -> None:
    refusal = f"{code} {code // 100}.7.1 not you"
    outcomes, hop = send_to({stage: refusal, "HELO": refusal}, SHORT)
    [outcome] = outcomes
    assert isinstance(outcome, kind)
    assert (outcome.code, outcome.enhanced, outcome.text) == (code, f"{code // 100}.7.1", "not you")
    assert not (isinstance(outcome, Deferred) and outcome.indeterminate)
    assert len(hop.mails) == (stage == "dot")


@pytest.mark.parametrize("misbehaviour", [DROP, HANG, GARBAGE, ENDLESS, "999 what", "100 what", "", "421 4.3.2 going down"])
@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
def test_a_hop_that_misbehaves_before_the_dot_defers(stage: str, misbehaviour: str) -> None:
    outcomes, hop = send_to({stage: misbehaviour}, SHORT)
    [outcome] = outcomes
    assert isinstance(outcome, Deferred)
    assert not outcome.indeterminate
    assert outcome.enhanced.startswith("4.")
    assert hop.mails == []


@pytest.mark.parametrize("stage, answer", [("DATA", "250 taken already"), ("MAIL", "354 go on"), ("RCPT", "354 go on")])
def test_a_hop_that_answers_out_of_step_defers_and_loses_its_connection(stage: str, answer: str) -> None:
    outcomes, hop = send_to({stage: [answer, POLITE[stage][0]]}, mails=2)
    assert isinstance(outcomes[0], Deferred)
    assert isinstance(outcomes[1], Delivered)
    assert (len(hop.mails), hop.connections) == (1, 2)


@pytest.mark.parametrize("misbehaviour", [DROP, HANG, GARBAGE, ENDLESS, "354 more", "999 what", ""])
def test_a_lost_reply_to_the_final_dot_is_indeterminate_and_nothing_is_sent_again(misbehaviour: str) -> None:
    outcomes, hop = send_to({"dot": misbehaviour}, SHORT)
    [outcome] = outcomes
    assert isinstance(outcome, Deferred)
    assert outcome.indeterminate
    assert len(hop.mails) == 1


def test_421_after_the_dot_says_that_the_mail_was_not_taken() -> None:
    outcomes, _ = send_to({"dot": "421 4.3.2 shutting down"})
    assert outcomes == [Deferred(421, "4.3.2", "...")]


def test_a_closed_port_defers() -> None:
    async def sending() -> Outcome:
        async with ScriptedHop() as hop:
            port = hop.port
        courier = courier_to(port)
        return await courier.send(RETURN_PATH, ANN, MAIL)

    outcome = asyncio.run(sending())
    assert isinstance(outcome, Deferred)
    assert outcome.enhanced == "4.4.1"


def test_mails_share_a_connection() -> None:
    outcomes, hop = send_to({}, mails=20)
    assert outcomes == [Delivered(250, "2.0.0", "queued")] * 20
    assert hop.connections == 1
    assert hop.commands.count("EHLO relay.marketplace.example") == 1


def test_a_connection_carries_no_more_mails_than_its_limit() -> None:
    _, hop = send_to({}, Limits(mails_per_connection=2), mails=5)
    assert hop.connections == 3
    assert hop.commands.count("QUIT") == 3


def test_no_more_connections_than_the_limit_are_opened() -> None:
    async def sending() -> ScriptedHop:
        async with ScriptedHop() as hop:
            courier = courier_to(hop.port, Limits(connections=3))
            outcomes = await asyncio.gather(*(courier.send(RETURN_PATH, ANN, MAIL) for _ in range(30)))
            assert all(isinstance(outcome, Delivered) for outcome in outcomes)
            await courier.close()
            return hop

    hop = asyncio.run(sending())
    assert hop.most_open_at_once == 3
    assert hop.connections == 3
    assert len(hop.mails) == 30


def test_whoever_waits_too_long_for_a_connection_is_deferred() -> None:
    async def sending() -> tuple[Outcome, Outcome]:
        async with ScriptedHop({"dot": HANG}) as hop:
            courier = courier_to(hop.port, Limits(connections=1, attempt_timeout=1))
            first = asyncio.ensure_future(courier.send(RETURN_PATH, ANN, MAIL))
            await asyncio.sleep(0.1)
            second = await courier.send(RETURN_PATH, ANN, MAIL)
            return await first, second

    first, second = asyncio.run(sending())
    assert isinstance(first, Deferred)
    assert isinstance(second, Deferred)
    assert (first.indeterminate, second.indeterminate) == (True, False)
    assert second.enhanced == "4.4.5"


def test_an_attempt_ends_in_its_time_however_slow_the_hop() -> None:
    async def sending() -> float:
        async with ScriptedHop({"RCPT": HANG}) as hop:
            started = asyncio.get_running_loop().time()
            await courier_to(hop.port, Limits(attempt_timeout=1)).send(RETURN_PATH, ANN, MAIL)
            return asyncio.get_running_loop().time() - started

    assert 0.4 < asyncio.run(sending()) < 5


def test_a_connection_with_nothing_to_do_is_ended() -> None:
    async def sending() -> tuple[int, int, list[str]]:
        async with ScriptedHop() as hop:
            courier = courier_to(hop.port, Limits(connection_idle=0))
            await courier.send(RETURN_PATH, ANN, MAIL)
            await asyncio.sleep(0.2)
            commands, at_once = list(hop.commands), hop.open_at_once
            await courier.send(RETURN_PATH, ANN, MAIL)
            await courier.close()
            return at_once, hop.connections, commands

    open_at_once, connections, commands = asyncio.run(sending())
    assert (open_at_once, connections) == (0, 2)
    assert commands[-1] == "QUIT"


def test_a_connection_in_use_again_is_not_ended_for_its_earlier_idleness() -> None:
    async def sending() -> list[str]:
        async with ScriptedHop() as hop:
            courier = courier_to(hop.port, Limits(connection_idle=1))
            await courier.send(RETURN_PATH, ANN, MAIL)
            await asyncio.sleep(0.6)
            await courier.send(RETURN_PATH, ANN, MAIL)
            await asyncio.sleep(0.6)
            commands = list(hop.commands)
            await courier.close()
            return commands

    assert "QUIT" not in asyncio.run(sending())


@pytest.mark.parametrize("answer", [DROP, "421 4.4.2 idle too long", GARBAGE])
def test_a_kept_connection_that_died_is_replaced_and_nothing_is_counted(answer: str) -> None:
    outcomes, hop = send_to({"MAIL": ["250 ok", answer, "250 ok"]}, mails=2)
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert hop.connections == 2
    assert len(hop.mails) == 2


def test_a_hop_that_restarts_between_two_mails_is_connected_to_again() -> None:
    async def sending() -> list[Outcome]:
        async with ScriptedHop() as hop:
            courier = courier_to(hop.port)
            first = await courier.send(RETURN_PATH, ANN, MAIL)
        async with ScriptedHop(port=hop.port) as hop_again:
            second = await courier.send(RETURN_PATH, ANN, MAIL)
            await courier.close()
            assert len(hop_again.mails) == 1
        return [first, second]

    assert all(isinstance(outcome, Delivered) for outcome in asyncio.run(sending()))


def test_a_dead_connection_is_replaced_only_once() -> None:
    outcomes, hop = send_to({"MAIL": ["250 ok", DROP]}, mails=2)
    assert isinstance(outcomes[1], Deferred)
    assert hop.connections == 2


@pytest.mark.parametrize("stage, mails", [("RCPT", 1), ("DATA", 1), ("dot", 2)])
def test_a_kept_connection_lost_after_mail_was_accepted_is_an_attempt(stage: str, mails: int) -> None:
    good = {"RCPT": "250 ok", "DATA": "354 go", "dot": "250 ok"}[stage]
    outcomes, hop = send_to({stage: [good, DROP]}, mails=2)
    assert isinstance(outcomes[1], Deferred)
    assert hop.connections == 1
    assert len(hop.mails) == mails


def test_a_refused_mail_leaves_the_connection_fit_for_the_next() -> None:
    outcomes, hop = send_to({"RCPT": ["550 5.1.1 no such user", "250 ok"]}, mails=2)
    assert outcomes == [Failed(550, "5.1.1", "no such user"), Delivered(250, "2.0.0", "queued")]
    assert hop.connections == 1
    assert "RSET" in hop.commands


@pytest.mark.parametrize("answer", [DROP, "500 what"])
def test_a_connection_that_cannot_be_reset_is_not_used_again(answer: str) -> None:
    outcomes, hop = send_to({"RCPT": ["550 5.1.1 no such user", "250 ok"], "RSET": answer}, mails=2)
    assert isinstance(outcomes[1], Delivered)
    assert hop.connections == 2


def test_a_cancelled_mail_takes_its_connection_with_it() -> None:
    async def sending() -> tuple[Outcome, ScriptedHop]:
        async with ScriptedHop({"RCPT": [HANG, "250 ok"]}) as hop:
            courier = courier_to(hop.port, Limits(connections=1, attempt_timeout=2))
            cancelled = asyncio.ensure_future(courier.send(RETURN_PATH, ANN, MAIL))
            await asyncio.sleep(0.1)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            outcome = await asyncio.wait_for(courier.send(RETURN_PATH, ANN, MAIL), 0.7)  # at once, not after a dead wait
            await courier.close()
            return outcome, hop

    outcome, hop = asyncio.run(sending())
    assert isinstance(outcome, Delivered)
    assert hop.connections == 2


def test_an_old_hop_is_greeted_with_helo() -> None:
    outcomes, hop = send_to({"EHLO": "502 5.5.1 what"})
    assert isinstance(outcomes[0], Delivered)
    assert hop.commands[1:3] == ["HELO relay.marketplace.example", f"MAIL FROM:<{RETURN_PATH}>"]


def test_a_mail_larger_than_the_hop_takes_is_not_begun() -> None:
    outcomes, hop = send_to({"EHLO": "250-hop.test\r\n250 SIZE 20"})
    assert isinstance(outcomes[0], Failed)
    assert outcomes[0].enhanced == "5.3.4"
    assert "DATA" not in hop.commands


@pytest.mark.parametrize("size", ["0", "", "many", "-5", "9" * 5_000, "\u0665"])
def test_a_size_that_says_nothing_stops_nothing(size: str) -> None:
    outcomes, _ = send_to({"EHLO": f"250-hop.test\r\n250 SIZE {size}".encode().decode("latin-1")})
    assert isinstance(outcomes[0], Delivered)


def test_eight_bit_text_goes_only_where_it_is_taken() -> None:
    accented = MAIL + "caf\u00e9\r\n".encode()

    async def sending(offer: str) -> tuple[Outcome, list[str]]:
        async with ScriptedHop({"EHLO": f"250-hop.test\r\n250 {offer}"}) as hop:
            return (await send_all(hop, [accented]))[0], hop.commands

    taken, commands = asyncio.run(sending("8bitmime"))
    refused, _ = asyncio.run(sending("PIPELINING"))
    assert isinstance(taken, Delivered)
    assert f"MAIL FROM:<{RETURN_PATH}> BODY=8BITMIME" in commands
    assert isinstance(refused, Failed)
    assert refused.enhanced == "5.6.3"


def test_an_address_that_carries_commands_never_reaches_the_wire() -> None:
    async def sending() -> tuple[Outcome, int]:
        async with ScriptedHop() as hop:
            courier = courier_to(hop.port)
            outcome = await courier.send(RETURN_PATH, Address("ann\r\nRCPT TO:<mallory@mail.test>\r\n", "mail.test"), MAIL)
            return outcome, hop.connections

    outcome, connections = asyncio.run(sending())
    assert isinstance(outcome, Failed)
    assert connections == 0


def test_a_mail_cannot_end_itself_early() -> None:
    smuggling = b"Subject: a\r\n\r\nx\r.\r\nMAIL FROM:<m@mail.test>\n.\nb\r\n.\r\nc"

    async def sending() -> ScriptedHop:
        async with ScriptedHop() as hop:
            await send_all(hop, [smuggling])
            return hop

    hop = asyncio.run(sending())
    assert hop.mails == [b"Subject: a\r\n\r\nx\r\n..\r\nMAIL FROM:<m@mail.test>\r\n..\r\nb\r\n..\r\nc\r\n.\r\n"]
    assert sum(command.startswith("MAIL") for command in hop.commands) == 1


def test_what_the_hop_quotes_is_not_kept() -> None:
    outcomes, _ = send_to(
        {"RCPT": "550-5.2.2 <ann@mail.test> forwards to zoe@private.example\r\n550 5.2.2 over quota at mx7.private.example"}
    )
    assert outcomes == [Failed(550, "5.2.2", "... to ... 5.2.2 over quota at ...")]


@pytest.mark.parametrize("hostname", ["relay example", "a\r\nMAIL", "", "b\u00fccher.example"])
def test_a_hostname_that_ehlo_cannot_say_is_refused_at_the_start(hostname: str) -> None:
    with pytest.raises(ConfigurationError):
        SmtpCourier(Hop("127.0.0.1", 25), hostname, Limits())


@pytest.mark.parametrize(
    "url, hop",
    [
        ("smtp://127.0.0.1:2525", Hop("127.0.0.1", 2525, "127.0.0.1")),
        ("smtp://relay.example", Hop("relay.example", 25, "relay.example")),
        ("smtp://[::1]:26", Hop("::1", 26, "::1")),
    ],
)
def test_a_next_hop_is_read_from_its_url(url: str, hop: Hop) -> None:
    assert Hop.read(url) == hop


NO_HOPS = """
    relay.example http://relay.example smtp:// smtp://a_b smtp://a:99999 smtp://a:b smtp://[::1 smtp://u:p@a smtp://a/b smtp://a?b
"""


@pytest.mark.parametrize("url", [*NO_HOPS.split(), "", "smtp://a b"])
def test_a_url_that_is_no_next_hop_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="next_hop"):
        Hop.read(url)


# The same against another's server, with and without TLS, on both event loops.


class Inbox:
    """Takes every mail, and remembers how it came."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self.was_encrypted: list[bool] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        self.was_encrypted.append(session.ssl is not None)
        return "250 2.0.0 taken"


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody signed, for a name that is not the hop's, and long expired."""
    private_key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere.test")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private_key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .sign(private_key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "hop.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "hop.pem")
    return context


LoopFactory = Callable[[], asyncio.AbstractEventLoop]
LOOPS: list[LoopFactory] = [asyncio.new_event_loop, uvloop.new_event_loop]


async def send_to_aiosmtpd(mails: Sequence[bytes], tls: ssl.SSLContext | None) -> tuple[list[Outcome], Inbox]:
    inbox = Inbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, tls_context=tls, hostname="hop.test", loop=loop), "127.0.0.1", 0)
    courier = SmtpCourier(Hop("127.0.0.1", server.sockets[0].getsockname()[1], "hop.test"), "relay.marketplace.example", Limits())
    outcomes = [await courier.send(RETURN_PATH, ANN, mail) for mail in mails]
    await courier.close()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)  # the server's side of the connection ends, too
    return outcomes, inbox


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_another_server_receives_the_mail_octet_for_octet(
    tls: ssl.SSLContext, loop_factory: LoopFactory, is_encrypted: bool
) -> None:
    mails = [MAIL, MAIL + b".\r\n..\r\n.dots\r\n", MAIL + (b"x" * 900 + b"\r\n") * 1_000]
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        outcomes, inbox = runner.run(send_to_aiosmtpd(mails, tls if is_encrypted else None))
    assert outcomes == [Delivered(250, "2.0.0", "...")] * 3
    assert inbox.contents == mails
    assert inbox.was_encrypted == [is_encrypted] * 3


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("answer", ["220 go", "454 4.7.0 not now", "220 go\r\n250 injected"])
def test_a_hop_whose_tls_fails_is_spoken_to_in_the_clear(answer: str, loop_factory: LoopFactory) -> None:
    async def sending() -> tuple[list[Outcome], int]:
        async with ScriptedHop({"EHLO": "250-hop.test\r\n250 STARTTLS", "STARTTLS": answer}) as hop:
            return await send_all(hop, [MAIL]), len(hop.mails)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        outcomes, mails = runner.run(sending())
    assert isinstance(outcomes[0], Delivered)
    assert mails == 1
