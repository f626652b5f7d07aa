"""What is new in an answer and what it quotes, over samples in thirty languages."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.mail.quotation import EXAMINED_MAXIMUM, Reply, cut
from tests.replies import SAMPLES


def words(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def test_of_several_hundred_samples_97_in_a_hundred_are_cut_rightly() -> None:
    wrong = [sample.name for sample in SAMPLES if words(cut(sample.text).new) != words(sample.new)]
    assert len(SAMPLES) >= 120
    assert len(wrong) <= 0.03 * len(SAMPLES), wrong


def test_nothing_new_is_hidden_in_any_sample() -> None:
    """The worse mistake of the two: an answer that nobody sees."""
    for sample in SAMPLES:
        reply = cut(sample.text)
        assert set(words(sample.new)) <= set(words(reply.new)), sample.name


def test_signatures_are_told_from_what_is_said() -> None:
    signed = [sample for sample in SAMPLES if sample.signature]
    assert [sample.name for sample in signed if words(cut(sample.text).signature) != words(sample.signature)] == []
    unsigned = [sample for sample in SAMPLES if not sample.signature]
    assert [sample.name for sample in unsigned if cut(sample.text).signature] == []


def lines_of(reply: Reply) -> list[str]:
    return sorted(words(reply.new) + words(reply.quoted) + words(reply.signature))


@given(st.randoms(use_true_random=False))
def test_no_line_is_lost_and_none_is_made(chance: random.Random) -> None:
    lines = [line for _ in range(3) for line in chance.choice(SAMPLES).text.split("\n")]
    chance.shuffle(lines)
    text = "\n".join(lines)
    assert lines_of(cut(text)) == sorted(words(text))


@given(st.text(st.sampled_from("On:wrote <a@b.c>\n> -2026年:\uff1aFrom\t|"), max_size=300))
def test_any_text_at_all_keeps_its_lines(text: str) -> None:
    assert lines_of(cut(text)) == sorted(words(text))


@given(st.randoms(use_true_random=False))
def test_cutting_what_is_new_again_changes_nothing(chance: random.Random) -> None:
    new = cut(chance.choice(SAMPLES).text).new
    assert cut(new).new == new


def test_below_the_maximum_only_marks_count() -> None:
    filler = "word " * 12 + "\n"
    above = filler * (EXAMINED_MAXIMUM // len(filler) + 2)
    heading = "On 23 Nov 2026 at 11:00 Ann <ann@mail.test> wrote:"
    reply = cut(f"{above}{heading}\n> quoted\nnew")
    assert heading in reply.new
    assert reply.quoted == "> quoted"
    assert reply.new.endswith("\nnew")


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_history_that_began_above_the_maximum_goes_on_below(end: str) -> None:
    heading = "On 23 Nov 2026 at 11:00 Ann <ann@mail.test> wrote:"
    reply = cut(f"Thanks\n\n{heading}\n" + "old words\n" * (EXAMINED_MAXIMUM // 5) + end)
    assert reply.new == "Thanks"
