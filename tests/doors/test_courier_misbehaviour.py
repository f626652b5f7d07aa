"""D-09 and D-11: a next hop that misbehaves in every way at every stage, with commands one by one and together."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Failed, Outcome
from postern.model.limits import Limits
from postern.smtp.connection import Hop
from postern.smtp.courier import SmtpCourier
from tests.next_hop import DROP, ENDLESS, ENDLESS_LINES, GARBAGE, HANG, PIPELINING, POLITE, SLOWLY, TRICKLE, ScriptedHop

ANN = Address("ann", "mail.test")
ONE_BY_ONE = POLITE["EHLO"][0]
STAGES = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"]
NEVER_ENDING = [HANG, TRICKLE, ENDLESS, ENDLESS_LINES]
NO_ANSWERS = [*NEVER_ENDING, DROP, GARBAGE, "", "250-one\r\n251 other", "250 bare\n250 feed", "199 early", "600 late"]
Script = Mapping[str, str | Sequence[str]]


def content(number: int) -> bytes:
    return b"Message-ID: <%d@marketplace.example>\r\n\r\n.dots\r\n" % number


def on_the_wire(number: int) -> bytes:
    return content(number).replace(b"\r\n.", b"\r\n..") + b".\r\n"


async def sending(script: Script, mails: int, seconds: int) -> tuple[list[Outcome], ScriptedHop]:
    async with ScriptedHop(script) as hop:
        courier = SmtpCourier(Hop("127.0.0.1", hop.port), "relay.marketplace.example", Limits(attempt_timeout=seconds))
        outcomes = [await courier.send("", ANN, content(number)) for number in range(mails)]
        await courier.close()
        return outcomes, hop


def send_to(hello: str, stage: str, answers: str | Sequence[str], mails: int = 1) -> tuple[list[Outcome], ScriptedHop]:
    return asyncio.run(sending({"EHLO": hello, stage: answers}, mails, 1))


@pytest.mark.parametrize("hello", [ONE_BY_ONE, PIPELINING])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("refusal, kind", [("451 4.7.1 not you", Deferred), ("550 5.7.1 not you", Failed)])
def test_a_refusal_is_the_outcome_and_no_doubt(hello: str, stage: str, refusal: str, kind: type[Outcome]) -> None:
    script = {"EHLO": hello, "HELO": refusal, stage: refusal}
    [outcome], hop = asyncio.run(sending(script, 1, 1))
    assert isinstance(outcome, kind)
    assert (outcome.code, outcome.text) == (int(refusal[:3]), "not you")
    assert not (isinstance(outcome, Deferred) and outcome.indeterminate)
    assert hop.mails == ([on_the_wire(0)] if stage == "dot" else [])


@pytest.mark.parametrize("hello", [ONE_BY_ONE, PIPELINING])
@pytest.mark.parametrize("stage", STAGES)
def test_421_anywhere_is_not_now(hello: str, stage: str) -> None:
    [outcome], hop = send_to(hello, stage, "421 4.3.2 closing")
    assert outcome == Deferred(421, "4.3.2", "closing")
    assert hop.mails == ([on_the_wire(0)] if stage == "dot" else [])


@pytest.mark.parametrize("hello", [ONE_BY_ONE, PIPELINING])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("misbehaviour", NO_ANSWERS)
def test_no_answer_is_not_now_and_leaves_a_doubt_after_the_final_dot_alone(hello: str, stage: str, misbehaviour: str) -> None:
    [outcome], hop = send_to(hello, stage, misbehaviour)
    assert isinstance(outcome, Deferred)
    assert outcome.indeterminate == (stage == "dot")
    assert outcome.code == 0
    assert hop.mails == ([on_the_wire(0)] if stage == "dot" else [])


@pytest.mark.parametrize("hello", [ONE_BY_ONE, PIPELINING])
@pytest.mark.parametrize("stage", STAGES)
def test_one_octet_at_a_time_is_an_answer_all_the_same(hello: str, stage: str) -> None:
    good = hello if stage == "EHLO" else POLITE[stage][0]
    outcomes, hop = send_to(hello, stage, SLOWLY + good, mails=2)
    assert outcomes == [Delivered(250, "2.0.0", "queued")] * 2
    assert hop.mails == [on_the_wire(0), on_the_wire(1)]


@pytest.mark.parametrize("misbehaviour", [*NO_ANSWERS, "421 4.3.2 closing", "451 no", "550 no"])
def test_whatever_is_said_to_quit_the_mail_was_taken(misbehaviour: str) -> None:
    [outcome], hop = send_to(PIPELINING, "QUIT", misbehaviour)
    assert isinstance(outcome, Delivered)
    assert hop.mails == [on_the_wire(0)]


@pytest.mark.parametrize("hello", [ONE_BY_ONE, PIPELINING])
@pytest.mark.parametrize("misbehaviour", [DROP, GARBAGE, "", "354 more", HANG])
def test_a_mail_of_unclear_fate_goes_out_once_an_attempt(hello: str, misbehaviour: str) -> None:
    """D-11: and the connection on which its answer was lost is not used for the next."""
    outcomes, hop = send_to(hello, "dot", [misbehaviour, "250 ok"], mails=2)
    assert isinstance(outcomes[0], Deferred)
    assert outcomes[0].indeterminate
    assert isinstance(outcomes[1], Delivered)
    assert hop.mails == [on_the_wire(0), on_the_wire(1)]
    assert hop.connections == 2


# Any script at all

ANSWERS = ["250 2.0.0 ok", "354 go", "451 4.7.1 later", "550 5.7.1 no", "421 4.3.2 closing", "250-on\r\n250 and on", "334 what"]
ANSWERS += ["250-one\r\n550 other", "503 5.5.1 order", "", "hello", "250 feed\n", DROP]
SCRIPTS = st.dictionaries(
    st.sampled_from(["MAIL", "RCPT", "DATA", "dot", "RSET"]), st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3)
)


def run(script: Script, hello: str) -> tuple[list[Outcome], ScriptedHop]:
    return asyncio.run(sending({**script, "EHLO": hello}, 3, 4))


def believes_what_was_said(outcomes: list[Outcome], hop: ScriptedHop) -> None:
    """Each mail went out once at most, and its outcome is what was answered to it."""
    answered = [(mail, verdict) for mail, verdict in zip(hop.mails, hop.verdicts, strict=True) if mail != b".\r\n"]
    for number, outcome in enumerate(outcomes):
        verdicts = [verdict for mail, verdict in answered if mail == on_the_wire(number)]
        assert len(verdicts) <= 1
        was_taken = verdicts in (["250 2.0.0 ok"], ["250-on\r\n250 and on"], ["250 2.0.0 queued"])
        assert isinstance(outcome, Delivered) == was_taken
        if isinstance(outcome, Deferred) and outcome.indeterminate:
            assert len(verdicts) == 1
            assert not verdicts[0].startswith(("4", "5"))
    assert len(answered) == len({mail for mail, _ in answered})


@settings(deadline=None)
@given(SCRIPTS, st.sampled_from([ONE_BY_ONE, PIPELINING]))
@example({"RCPT": ["550 5.7.1 no"], "DATA": ["354 go"], "dot": ["250 2.0.0 ok"]}, PIPELINING)
@example({"MAIL": ["451 4.7.1 later"], "DATA": ["354 go"], "dot": [DROP]}, PIPELINING)
@example({"DATA": ["250 2.0.0 ok"]}, PIPELINING)
def test_no_script_of_a_hop_makes_a_mail_delivered_that_was_not_taken_or_taken_twice(script: Script, hello: str) -> None:
    believes_what_was_said(*run(script, hello))


ONE_ANSWER_EACH = st.dictionaries(st.sampled_from(["MAIL", "RCPT", "DATA", "dot", "RSET"]), st.sampled_from(ANSWERS))
SEVERAL_ANSWERS_ONCE = st.tuples(st.sampled_from(["MAIL", "RCPT"]), st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3))


@settings(deadline=None)
@given(ONE_ANSWER_EACH | SEVERAL_ANSWERS_ONCE.map(lambda one: dict([one])))
@example({"MAIL": ["250 2.0.0 ok", DROP]})
@example({"RCPT": ["550 5.7.1 no", "250 2.0.0 ok"], "RSET": ["503 5.5.1 order"]})
def test_together_or_one_by_one_the_outcomes_are_the_same(script: Script) -> None:
    """Several answers at one stage alone: at a second one, commands that went out in vain would use them up."""
    one_by_one, _ = run(script, ONE_BY_ONE)
    together, _ = run(script, PIPELINING)
    assert [kind_of(outcome) for outcome in one_by_one] == [kind_of(outcome) for outcome in together]


def kind_of(outcome: Outcome) -> tuple[object, ...]:
    return type(outcome), outcome.code, isinstance(outcome, Deferred) and outcome.indeterminate
