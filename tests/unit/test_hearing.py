from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postern.model.limits import Limits
from postern.smtp.answer import UNREADABLE, Answer
from postern.smtp.hearing import Hearing

MANY = 1_000
NO_REPLIES = [
    b"hello\r\n",
    b"\r\n",
    b"25 ok\r\n",
    b"2500 ok\r\n",
    b"250_ok\r\n",
    b"150 early\r\n",
    b"600 late\r\n",
    b"\xd9\xa2\xd9\xa5\xd9\xa0 ok\r\n",
    b"250-a\r\n251 b\r\n",
    b"250 ok\n",
    b"250 ok\r250 ok\r\n",
    b"550 no\n250 ok\r\n",
    b"250 ok\r\r\n",
    b" 250 ok\r\n",
]


def heard(octets: bytes, limits: Limits | None = None, most: int = MANY) -> list[Answer]:
    return Hearing(limits or Limits()).hear(octets, most)


@pytest.mark.parametrize(
    "octets, answer",
    [
        (b"250 ok\r\n", Answer(250, "ok")),
        (b"250\r\n", Answer(250, "")),
        (b"250 \r\n", Answer(250, "")),
        (b"250-a\r\n250-\r\n250 c\r\n", Answer(250, "a\n\nc")),
        (b"250-a\r\n250\r\n", Answer(250, "a\n")),
        (b"599 x\ty \r\n", Answer(599, "x\ty")),
        (b"550 \xc3\xa9\x00\r\n", Answer(550, "\ufffd\ufffd\x00")),
    ],
)
def test_a_reply_is_its_code_and_its_lines(octets: bytes, answer: Answer) -> None:
    assert heard(octets) == [answer]


@pytest.mark.parametrize("octets", NO_REPLIES)
def test_what_is_no_reply_is_unreadable_and_nothing_after_it_is_heard(octets: bytes) -> None:
    assert heard(octets + b"250 ok\r\n") == [UNREADABLE]
    hearing = Hearing(Limits())
    assert hearing.hear(octets, MANY) == [UNREADABLE]
    assert hearing.hear(b"250 ok\r\n", MANY) == []
    assert not hearing.is_between_replies


def test_a_lone_line_feed_is_told_at_once_and_not_when_time_is_up() -> None:
    assert heard(b"250 ok\n") == [UNREADABLE]


@pytest.mark.parametrize("octets", [b"2", b"250", b"250 o", b"250 ok\r", b"250-a\r\n", b"250-a\r\n250"])
def test_a_reply_that_is_not_whole_is_waited_for(octets: bytes) -> None:
    hearing = Hearing(Limits())
    assert hearing.hear(octets, 1) == []
    assert not hearing.is_between_replies


def test_a_line_a_reply_and_its_lines_have_a_maximum() -> None:
    limits = Limits(reply_line=20, reply_lines=3, reply_size=40)
    assert heard(b"250 " + b"x" * 14 + b"\r\n", limits) == [Answer(250, "x" * 14)]
    assert heard(b"250 " + b"x" * 15 + b"\r\n", limits) == [UNREADABLE]
    assert heard(b"x" * 21, limits) == [UNREADABLE]
    assert heard(b"250-x\r\n" * 2 + b"250 x\r\n", limits) == [Answer(250, "x\nx\nx")]
    assert heard(b"250-x\r\n" * 3 + b"250 x\r\n", limits) == [UNREADABLE]
    assert heard(b"250-" + b"x" * 14 + b"\r\n250 " + b"x" * 14 + b"\r\n", limits) == [Answer(250, "x" * 14 + "\n" + "x" * 14)]
    assert heard((b"250-" + b"x" * 14 + b"\r\n") * 2 + b"250 x\r\n", limits) == [UNREADABLE]


def test_a_multi_line_reply_without_end_ends_at_its_maximum() -> None:
    hearing = Hearing(Limits())
    answers = [answer for _ in range(100_000) for answer in hearing.hear(b"250-on and on\r\n", 1)]
    assert answers == [UNREADABLE]


def test_no_more_is_heard_than_was_asked_for() -> None:
    hearing = Hearing(Limits())
    assert hearing.hear(b"250 a\r\n250 b\r\n250 c\r\n", 2) == [Answer(250, "a"), Answer(250, "b")]
    assert not hearing.is_between_replies


LINES = st.lists(st.sampled_from([b"250 ok\r\n", b"250-more\r\n", b"354 go\r\n", b"\r\n", b"x\n", b"550 \xff\r", b"\n", b"221"]))


@given(LINES.map(b"".join), st.lists(st.integers(0, 40)))
@example(b"250 ok\r\n", [7])
def test_how_the_octets_are_cut_changes_nothing(octets: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    hearing = Hearing(Limits())
    pieces = [hearing.hear(octets[start:end], MANY) for start, end in pairwise(edges)]
    assert [answer for answers in pieces for answer in answers] == heard(octets)


@given(st.binary(max_size=200))
def test_any_octets_give_answers_and_never_an_exception(octets: bytes) -> None:
    for answer in heard(octets):
        assert answer is UNREADABLE or 200 <= answer.code <= 599
