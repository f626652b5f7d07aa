"""What holds for every session, whoever talks and however the network cuts it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from postern.model.limits import Limits
from postern.smtp import wording
from postern.smtp.output import Send
from postern.smtp.reply import LINE_MAXIMUM, Reply
from postern.smtp.session import Session
from tests.talking import BEGIN, FAKE_ENDS, GO_AHEAD, KEPT, PUBLISHED, SMALL, carrier

FRAGMENTS = st.sampled_from(
    [
        b"EHLO a.test\r\n", b"HELO a.test\r\n", b"MAIL FROM:<ann@mail.test>\r\n", b"MAIL FROM:<> SIZE=9\r\n",
        b"RCPT TO:<shop@marketplace.example>\r\n", b"RCPT TO:<guess@marketplace.example>\r\n", b"DATA\r\n", b"RSET\r\n",
        b"NOOP\r\n", b"STARTTLS\r\n", b"QUIT\r\n", b"VRFY ann\r\n", b".\r\n", b"\r\n.\r\n", b"..\r\n", b"\n.\n",
        b"\r.\r", b"\r", b"\n", b"\0", b"\xff", b" ", b"x" * 90, b"x" * 250 + b"\r\n", BEGIN,
    ]
)  # fmt: skip
STREAMS = st.lists(FRAGMENTS | st.binary(max_size=20), max_size=25).map(b"".join)


@given(STREAMS, st.lists(st.integers(1, 40), max_size=60))
@settings(max_examples=400)
def test_how_the_network_cuts_the_octets_changes_nothing(stream: bytes, sizes: list[int]) -> None:
    whole, cut, single = carrier(), carrier(), carrier()
    whole.send(stream)
    rest = stream
    for size in sizes:
        cut.send(rest[:size])
        rest = rest[size:]
    cut.send(rest)
    for octet in stream:
        single.send(bytes([octet]))
    assert (whole.story, whole.said) == (cut.story, cut.said) == (single.story, single.said)
    assert whole.session.held_octets == cut.session.held_octets == single.session.held_octets or whole.session.in_data


@given(STREAMS)
@settings(max_examples=400)
def test_no_octets_make_it_raise_or_hold_more_than_the_limits_allow_or_say_what_it_heard(stream: bytes) -> None:
    talk = carrier()
    for start in range(0, len(stream), 7):
        talk.send(stream[start : start + 7])
        assert talk.session.held_octets <= max(SMALL.command_line, SMALL.message_size * 4 // 3 + 20)
    said = talk.said + b"".join(piece for piece in talk.story if isinstance(piece, bytes))
    assert all(len(line) <= LINE_MAXIMUM for line in said.splitlines(keepends=True))
    for heard in (b"mallory", b"mail.test", b"marketplace.example>", b"guess", b"xxxx"):
        assert heard not in said


@given(st.lists(st.binary(max_size=12).map(lambda line: line.translate(None, b"\r\n\0")), max_size=12))
def test_what_the_author_wrote_arrives_dot_for_dot(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
    talk = carrier()
    talk.send(BEGIN + stuffed + b".\r\n")
    assert [mail.content for mail in talk.mails] == [content]


SECOND_MAIL = b"MAIL FROM:<help@acme.test>\r\nRCPT TO:<shop@marketplace.example>\r\nDATA\r\nsmuggled\r\n.\r\n"
BROKEN = (b"\r", b"\n", b"\0")


def test_what_the_testers_of_the_trade_send_is_among_them() -> None:  # S-02
    assert set(PUBLISHED) <= set(FAKE_ENDS)


@pytest.mark.parametrize("fake_end", FAKE_ENDS, ids=repr)
@pytest.mark.parametrize("size", [1, 5, 10_000], ids=lambda size: f"in pieces of {size}")
def test_a_false_end_of_mail_never_makes_two_mails(fake_end: bytes, size: int) -> None:
    talk = carrier(Limits())
    stream = BEGIN + b"first" + fake_end + SECOND_MAIL + b"QUIT\r\n"
    for start in range(0, len(stream), size):
        talk.send(stream[start : start + size])
    assert len(talk.mails) <= 1
    content = b"first" + fake_end + SECOND_MAIL.removesuffix(b".\r\n")
    if any(octet in content.replace(b"\r\n", b"") for octet in BROKEN):
        assert talk.mails == []
        assert b"550 5.6." in b"".join(piece for piece in talk.story if isinstance(piece, bytes))
    else:
        assert talk.mails[0].content == content.replace(b"\r\n.", b"\r\n")


@pytest.mark.parametrize(
    "bare", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n", b"\r\n.\0\r\n"], ids=repr
)
def test_the_classic_false_ends_are_refused_and_nothing_is_handed_over(bare: bytes) -> None:
    talk = carrier(Limits())
    talk.send(BEGIN + b"first" + bare + b"QUIT\r\n.\r\n")
    assert talk.mails == []
    assert talk.said.endswith((wording.BARE_IN_CONTENT.encode(), wording.NUL_IN_CONTENT.encode()))


class Conversation(RuleBasedStateMachine):
    """Commands in any order, valid each by itself, beside a plain model of what must be open."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = carrier(Limits(bad_commands=1_000))
        self.known = self.open = False
        self.recipients: list[str] = []
        self.sent: list[tuple[tuple[str, ...], bytes]] = []

    def send(self, octets: bytes) -> str:
        self.talk.said = b""
        self.talk.send(octets)
        return self.talk.said[:3].decode()

    @rule(verb=st.sampled_from(["EHLO", "helo"]))
    def hello(self, verb: str) -> None:
        assert self.send(f"{verb} mail.test\r\n".encode()) == "250"
        self.known, self.open, self.recipients = True, False, []

    @rule()
    def mail(self) -> None:
        may = self.known and not self.open
        assert self.send(b"MAIL FROM:<ann@mail.test>\r\n") == ("250" if may else "503")
        self.open = self.open or may

    @rule(name=st.sampled_from(["shop", "second"]))
    def rcpt(self, name: str) -> None:
        code = self.send(f"RCPT TO:<{name}@marketplace.example>\r\n".encode())
        assert code == ("250" if self.open else "503")
        if self.open:
            self.recipients.append(f"{name}@marketplace.example")

    @rule()
    def rset(self) -> None:
        assert self.send(b"RSET\r\n") == "250"
        self.open, self.recipients = False, []

    @precondition(lambda self: self.recipients)
    @rule(lines=st.lists(st.sampled_from([b"hello", b".", b"..", b"", b".dot", b"QUIT"]), max_size=5))
    def data(self, lines: list[bytes]) -> None:
        assert self.send(b"DATA\r\n") == "354"
        assert self.talk.session.in_data
        for line in lines:
            assert self.send((b"." if line.startswith(b".") else b"") + line + b"\r\n") == ""
        self.sent.append((tuple(self.recipients), b"".join(line + b"\r\n" for line in lines)))
        self.send(b".\r\n")
        self.open, self.recipients = False, []

    @precondition(lambda self: not self.recipients)
    @rule()
    def data_too_early(self) -> None:
        assert self.send(b"DATA\r\n") == "503"

    @invariant()
    def every_mail_is_one_that_was_sent(self) -> None:
        assert [(mail.envelope.recipients, mail.content) for mail in self.talk.mails] == self.sent

    @invariant()
    def a_mail_is_open_exactly_when_the_model_says_so(self) -> None:
        assert self.talk.session.mail_open == self.open


Conversation.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestConversation = Conversation.TestCase


def test_input_behind_a_question_waits_and_the_carrier_is_told_when_to_stop_reading() -> None:
    session = Session("mx.marketplace.example", Limits(pipelined=100), tls_offered=False)
    session.receive(b"HELO mail.test\r\nMAIL FROM:<>\r\nRCPT TO:<shop@marketplace.example>\r\n")
    before = (session.waiting, session.has_room, session.held_octets)
    assert session.receive(b"NOOP\r\n" * 17) == []
    full = (session.waiting, session.has_room, session.held_octets)
    assert session.answer_recipient(GO_AHEAD) == [Send(GO_AHEAD.encode() + wording.FINE.encode() * 17)]
    after = (session.waiting, session.has_room, session.held_octets)
    assert [before, full, after] == [(True, True, 0), (True, False, 102), (False, True, 0)]


def test_a_mail_counts_as_held_until_it_is_answered() -> None:
    session = Session("mx.marketplace.example", Limits(), tls_offered=False)
    session.receive(b"HELO mail.test\r\nMAIL FROM:<>\r\nRCPT TO:<shop@marketplace.example>\r\n")
    session.answer_recipient(GO_AHEAD)
    session.receive(b"DATA\r\n12345678\r\n.\r\n")
    assert session.waiting
    assert session.held_octets == 10
    session.answer_mail(KEPT)
    assert session.held_octets == 0


def test_an_answer_that_comes_after_the_end_is_let_go_and_one_that_nobody_asked_for_is_a_mistake() -> None:
    session = Session("mx.marketplace.example", Limits(), tls_offered=False)
    with pytest.raises(RuntimeError):
        session.answer_mail(KEPT)
    session.receive(b"HELO mail.test\r\nMAIL FROM:<>\r\nRCPT TO:<shop@marketplace.example>\r\n")
    with pytest.raises(RuntimeError):
        session.answer_mail(KEPT)
    session.time_out()
    assert session.answer_recipient(GO_AHEAD) == []


def test_the_name_that_the_client_claims_is_there_for_the_trace() -> None:
    session = Session("mx.marketplace.example", Limits(), tls_offered=False)
    assert session.client_name == ""
    session.receive(b"EHLO [192.0.2.7]\r\n")
    assert session.client_name == "[192.0.2.7]"


def test_a_hundred_recipients_get_one_mail() -> None:
    talk = carrier(Limits())
    rcpts = b"".join(b"RCPT TO:<s%d@marketplace.example>\r\n" % number for number in range(101))
    talk.send(b"EHLO a.test\r\nMAIL FROM:<>\r\n" + rcpts + b"DATA\r\nhello\r\n.\r\n")
    assert len(talk.mails[0].envelope.recipients) == 100  # RFC 5321 4.5.3.1.8
    assert wording.TOO_MANY_RECIPIENTS.encode() in b"".join(piece for piece in talk.story if isinstance(piece, bytes))


def test_a_flood_is_read_to_its_end_without_being_held() -> None:
    talk = carrier(Limits(message_size=1_000_000))
    talk.send(BEGIN)
    for _ in range(190):
        talk.send(b"x" * 9_998 + b"\r\n")
        assert talk.session.held_octets < 1_400_000
    talk.send(b".\r\nNOOP\r\n")
    assert talk.said.endswith(wording.too_large(Limits(message_size=1_000_000)).encode() + wording.FINE.encode())
    talk.send(BEGIN + b"hello\r\n.\r\n")
    assert [mail.content for mail in talk.mails] == [b"hello\r\n"]


def test_no_octet_of_a_mail_is_searched_twice_but_the_four_that_its_end_may_have_begun_with() -> None:
    session = Session("mx.marketplace.example", Limits(message_size=5_000), tls_offered=False)
    session.receive(b"HELO mail.test\r\nMAIL FROM:<>\r\nRCPT TO:<shop@marketplace.example>\r\n")
    session.answer_recipient(GO_AHEAD)
    session.receive(b"DATA\r\n")
    for _ in range(9_000):
        session.receive(b"x")
        assert session.held_octets - session._incoming._searched <= 4


def test_ten_thousand_commands_in_one_packet_are_answered_in_one() -> None:
    session = Session("mx.marketplace.example", Limits(), tls_offered=False)
    assert session.receive(b"NOOP\r\n" * 10_000) == [Send(wording.FINE.encode() * 10_000)]


REPLIES = [reply for name, reply in vars(wording).items() if isinstance(reply, Reply)]


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text)
def test_every_reply_of_the_session_is_one_line_whose_status_agrees_with_its_code(reply: Reply) -> None:
    octets = reply.encode()
    assert octets.count(b"\r\n") == 1
    assert len(octets) <= LINE_MAXIMUM
    assert reply.enhanced[:1] == ("" if reply.code == 354 else str(reply.code)[0])  # RFC 2034 3, 4


@given(
    st.integers(200, 599), st.text(max_size=2_000) | st.text("ab ", min_size=490, max_size=1_500), st.sampled_from(["", "5.7.1"])
)
def test_whatever_text_a_reply_has_it_stays_one_reply(code: int, text: str, enhanced: str) -> None:
    lines = Reply(code, text, enhanced).encode().split(b"\r\n")
    assert lines.pop() == b""
    assert all(line.isascii() and line.decode().isprintable() and len(line) + 2 <= LINE_MAXIMUM for line in lines)
    assert [line[:4] for line in lines] == [b"%d-" % code] * (len(lines) - 1) + [b"%d " % code]
    assert all(line[4:].startswith(enhanced.encode()) for line in lines)
