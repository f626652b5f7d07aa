import asyncio
from collections.abc import Mapping, Sequence

import pytest

from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.model.limits import Limits
from postern.ports import Ready, at_once
from postern.smtp.connection import Hop
from postern.smtp.courier import SmtpCourier
from tests.next_hop import DROP, HANG, PIPELINING, ScriptedHop

ANN = Address("ann", "mail.test")
MAIL = b"Message-ID: <1@marketplace.example>\r\n\r\nHello Ann.\r\n"
LONE_DOT = b".\r\n"
OFFERED = {"EHLO": PIPELINING}
Script = Mapping[str, str | Sequence[str]]


def send_to(script: Script, mails: int = 1, ready: Ready = at_once, seconds: int = 5) -> tuple[list[Outcome], ScriptedHop]:
    """Send mails one after the other to a hop that takes commands together."""

    async def sending() -> tuple[list[Outcome], ScriptedHop]:
        async with ScriptedHop({**OFFERED, **script}) as hop:
            courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits(attempt_timeout=seconds))
            outcomes = [await courier.send("", ANN, MAIL, ready) for _ in range(mails)]
            await courier.close()
            return outcomes, hop

    return asyncio.run(sending())


def packets_of_one_mail(hello: bytes) -> list[bytes]:
    """What a hop reads at once, each time that it answers all it has read."""
    packets: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hop.test\r\n")
        answers = {b"EHLO": hello, b"MAIL": b"250 ok", b"RCPT": b"250 ok", b"DATA": b"354 go", b"QUIT": b"221 bye"}
        while packet := await reader.read(1 << 16):
            packets.append(packet)
            lines = packet.split(b"\r\n")[:-1]
            told = [b"250 taken"] if packet.endswith(b"\r\n.\r\n") else [answers[line[:4]] for line in lines]
            writer.write(b"\r\n".join([*told, b""]))
        writer.close()

    async def sending() -> Outcome:
        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        courier = SmtpCourier(Hop("127.0.0.1", server.sockets[0].getsockname()[1]), "relay.marketplace.example", Limits())
        outcome = await courier.send("", ANN, MAIL)
        await courier.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)
        return outcome

    assert isinstance(asyncio.run(sending()), Delivered)
    return packets


def test_where_it_is_offered_mail_rcpt_and_data_go_out_in_one_packet() -> None:
    assert packets_of_one_mail(b"250-hop.test\r\n250 pipelining") == [
        b"EHLO relay.marketplace.example\r\n",
        b"MAIL FROM:<>\r\nRCPT TO:<ann@mail.test>\r\nDATA\r\n",
        MAIL + LONE_DOT,
        b"QUIT\r\n",
    ]


def test_where_it_is_not_offered_each_command_waits_for_its_answer() -> None:
    assert packets_of_one_mail(b"250-hop.test\r\n250 SIZE 0")[1:4] == [
        b"MAIL FROM:<> SIZE=%d\r\n" % len(MAIL),
        b"RCPT TO:<ann@mail.test>\r\n",
        b"DATA\r\n",
    ]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
@pytest.mark.parametrize(
    "refusal, outcome", [("550 5.1.1 no", Failed(550, "5.1.1", "no")), ("451 no", Deferred(451, "4.0.0", "no"))]
)
def test_a_hop_that_wants_the_content_of_a_mail_it_refused_gets_the_end_alone(stage: str, refusal: str, outcome: Outcome) -> None:
    outcomes, hop = send_to({stage: [refusal, "250 ok"], "DATA": "354 go", "dot": ["554 no recipients", "250 ok"]}, mails=2)
    assert outcomes == [outcome, Delivered(250, "2.0.0", "ok")]
    assert hop.mails == [LONE_DOT, MAIL + LONE_DOT]
    assert hop.connections == 1
    assert "RSET" not in hop.commands


@pytest.mark.parametrize("answer", ["250 queued, for nobody", DROP, "354 more", "421 4.3.2 bye", HANG])
def test_whatever_it_says_to_that_the_mail_was_refused(answer: str) -> None:
    outcomes, hop = send_to({"RCPT": ["550 5.1.1 no", "250 ok"], "DATA": "354 go", "dot": [answer, "250 ok"]}, mails=2)
    assert outcomes == [Failed(550, "5.1.1", "no"), Delivered(250, "2.0.0", "ok")]
    assert hop.mails == [LONE_DOT, MAIL + LONE_DOT]


@pytest.mark.parametrize("answer", ["250 what", "334 what", DROP, "421 4.3.2 bye", "hello", HANG])
def test_a_hop_that_answers_data_out_of_step_after_a_refusal_is_connected_to_anew(answer: str) -> None:
    outcomes, hop = send_to({"RCPT": ["550 5.1.1 no", "250 ok"], "DATA": [answer, "354 go"]}, mails=2)
    assert outcomes == [Failed(550, "5.1.1", "no"), Delivered(250, "2.0.0", "queued")]
    assert hop.mails == [MAIL + LONE_DOT]
    assert hop.connections == 2


@pytest.mark.parametrize("stage, is_reset", [("MAIL", False), ("RCPT", True), ("DATA", True), ("dot", False)])
def test_a_session_is_reset_only_where_a_mail_is_left_open(stage: str, is_reset: bool) -> None:
    good = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "dot": "250 ok"}[stage]
    outcomes, hop = send_to({stage: ["550 5.7.1 no", good]}, mails=2)
    assert isinstance(outcomes[0], Failed)
    assert isinstance(outcomes[1], Delivered)
    assert ("RSET" in hop.commands, hop.connections) == (is_reset, 1)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_an_answer_too_many_is_never_taken_for_the_verdict_on_the_mail(stage: str) -> None:
    good = "354 go" if stage == "DATA" else "250 ok"
    outcomes, hop = send_to({stage: f"{good}\r\n250 taken", "dot": "554 no"})
    assert isinstance(outcomes[0], Deferred)
    assert not outcomes[0].indeterminate
    assert MAIL + LONE_DOT not in hop.mails


@pytest.mark.parametrize("stage", ["connect", "EHLO"])
def test_a_hop_that_talks_on_before_the_first_mail_is_not_sent_any(stage: str) -> None:
    good = "220 hop.test" if stage == "connect" else PIPELINING
    outcomes, hop = send_to({stage: f"{good}\r\n250 ok"})
    assert isinstance(outcomes[0], Deferred)
    assert hop.mails == []


def test_the_content_waits_for_354_and_then_until_it_may_go() -> None:
    events: list[str] = []

    async def sending() -> ScriptedHop:
        async with ScriptedHop(OFFERED) as hop:
            courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits())

            async def ready() -> None:
                events.append("DATA" if "DATA" in hop.commands else "too early")
                await asyncio.sleep(0.05)
                events.append(f"{len(hop.mails)} mails there")

            await courier.send("", ANN, MAIL, ready)
            await courier.close()
            return hop

    hop = asyncio.run(sending())
    assert events == ["DATA", "0 mails there"]
    assert hop.mails == [MAIL + LONE_DOT]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_mail_that_is_refused_never_waits_until_it_may_go(stage: str) -> None:
    async def never() -> None:
        raise AssertionError("asked although it was refused")

    outcomes, _ = send_to({stage: "550 5.7.1 no"}, ready=never)
    assert isinstance(outcomes[0], Failed)


def test_a_connection_on_which_waiting_failed_is_never_used_again() -> None:
    tries = iter([OSError("the store is away"), None])

    async def ready() -> None:
        if (error := next(tries)) is not None:
            raise error

    async def sending() -> tuple[Outcome, ScriptedHop]:
        async with ScriptedHop(OFFERED) as hop:
            courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits())
            with pytest.raises(OSError, match="away"):
                await courier.send("", ANN, MAIL, ready)
            outcome = await courier.send("", ANN, MAIL, ready)
            await courier.close()
            return outcome, hop

    outcome, hop = asyncio.run(sending())
    assert isinstance(outcome, Delivered)
    assert (hop.mails, hop.connections) == ([MAIL + LONE_DOT], 2)


def test_a_connection_lost_while_the_mail_waits_is_no_doubt() -> None:
    async def sending() -> tuple[Outcome, ScriptedHop]:
        async with ScriptedHop(OFFERED) as hop:
            courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits())

            async def ready() -> None:
                await hop.cut()

            return await courier.send("", ANN, MAIL, ready), hop

    outcome, hop = asyncio.run(sending())
    assert isinstance(outcome, Deferred)
    assert not outcome.indeterminate
    assert hop.mails == []


def test_a_connection_that_the_hop_gave_up_while_it_was_kept_costs_no_attempt() -> None:
    async def sending() -> tuple[list[Outcome], ScriptedHop]:
        async with ScriptedHop(OFFERED) as hop:
            courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits())
            first = await courier.send("", ANN, MAIL)
            hop.say("421 4.4.2 idle too long")
            await asyncio.sleep(0.05)
            second = await courier.send("", ANN, MAIL)
            await courier.close()
            return [first, second], hop

    outcomes, hop = asyncio.run(sending())
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert (len(hop.mails), hop.connections) == (2, 2)
    assert hop.commands.count(f"MAIL FROM:<> SIZE={len(MAIL)}") == 2


def test_a_mail_that_was_given_up_while_it_went_out_is_not_finished() -> None:
    """What is not out yet when an attempt is cancelled never goes out: its end would make a copy."""
    large = b"x" * 70 + b"\r\n"

    async def sending() -> ScriptedHop:
        async with ScriptedHop({**OFFERED, "dot": HANG}, reads_content=False) as hop:
            courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits())
            attempt = asyncio.ensure_future(courier.send("", ANN, large * 200_000))
            await asyncio.sleep(0.2)
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            hop.read_on()
            await asyncio.sleep(0.2)
            return hop

    assert asyncio.run(sending()).mails == []
