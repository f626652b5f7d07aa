"""Our own marks do not pile up: a mail that we wrote, sent in again or quoted leaves with the author's words and one frame."""

import random
import re
from dataclasses import replace
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.mail.letter import Passage, Product, Relayed
from postern.mail.marks import BEGIN_LINE, END_LINE, find_thread_tokens
from tests.letters import FROM_ACME, FROM_ANN, PUBLIC_URL, TOKEN, letter_of, relay
from tests.replies import SAMPLES

PASSAGES = (
    FROM_ANN,
    FROM_ACME,
    replace(FROM_ANN, author_name="", order_id=None, products=()),
    replace(FROM_ACME, author_name="A name that is so long that what we say of it is broken into several rows of text"),
    replace(FROM_ANN, author_name="שרה כהן", products=tuple(Product(f"Atlas {number}", number) for number in range(1, 14))),
    replace(FROM_ACME, order_id=None, marketplace_name="市场"),
)


def words_for(chance: random.Random) -> str:
    pieces = (chance.choice(SAMPLES).text, "Hello", "", "a < b & c", "> quoted", "-- ", "x" * 100, "你好", "1. one\n2. two")
    return "\n\n".join(chance.choice(pieces) for _ in range(chance.randint(1, 3)))


def mail_of(text: str, *, rich: bool) -> str:
    if not rich:
        return "Content-Type: text/plain; charset=utf-8\n\n" + text
    lines = escape(text).replace("\n", "<br>\n")
    return f"Content-Type: text/html; charset=utf-8\n\n<div>{lines}</div><p>And <b>this</b></p><ul><li>one</li></ul>"


def as_shown(text: str) -> str:
    """The words as they stand in the mail: a signature's line has lost its space, so that answers keep our token."""
    return re.sub("^-- $", "--", text, flags=re.MULTILINE).strip("\n")


def own_html(relayed: Relayed) -> str:
    """The author's HTML in a mail that we wrote."""
    html = letter_of(relayed).letter.html or ""
    return html.partition('<div dir="auto">')[2].rpartition('</div>\n<p dir="auto" style="font-size:small;text-align:center">')[0]


@given(st.randoms(use_true_random=False), st.sampled_from(PASSAGES), st.booleans())
def test_a_mail_that_goes_through_twice_keeps_its_words_and_gets_no_second_frame(
    chance: random.Random, passage: Passage, rich: bool
) -> None:
    once = relay(mail_of(words_for(chance), rich=rich), passage)
    twice = relay(once.content.decode("ascii").replace("\r\n", "\n"), passage)
    if once.text.strip():
        assert twice.text.strip("\n") == as_shown(once.text)
    assert own_html(twice) == own_html(once)
    assert letter_of(twice).letter.text == letter_of(once).letter.text


def quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.split("\n"))


def mails_to_and_fro(count: int, *, rich: bool) -> Relayed:
    """The last of so many mails, each quoting the whole of the one before."""
    relayed = relay("\nMessage 0" if not rich else "Content-Type: text/html\n\n<p>Message 0</p>")
    for number in range(1, count):
        before = letter_of(relayed).letter
        heading = f"On Mon, 23 Nov 2026 at 1{number}:00, Ann Real <ann.real@elsewhere.test> wrote:"
        if rich:
            body = f"<p>Message {number}</p><p>{escape(heading)}</p><blockquote>{before.html}</blockquote>"
        else:
            body = f"Message {number}\n\n{heading}\n{quoted(before.text or '')}"
        kind = "html" if rich else "plain"
        relayed = relay(f"Content-Type: text/{kind}\n\n{body}", FROM_ACME if number % 2 else FROM_ANN)
    return relayed


@pytest.mark.parametrize("rich", [False, True])
def test_a_long_thread_holds_each_message_once_and_one_token_in_its_history(rich: bool) -> None:
    relayed = mails_to_and_fro(6, rich=rich)
    text = relayed.text
    assert [text.count(f"Message {number}") for number in range(6)] == [1] * 6
    assert text.count("[pt-") == 1
    assert find_thread_tokens(text) == (TOKEN,)
    assert not BEGIN_LINE.search(text)
    assert not END_LINE.search(text)
    for own in ("writes to you", "keeps a record", "Report message", "303-5512345", f"{PUBLIC_URL}/m/", "Real", "elsewhere"):
        assert own not in text
        if own != "303-5512345":
            assert own not in own_html(relayed)


@given(st.randoms(use_true_random=False), st.sampled_from(PASSAGES))
def test_a_mail_quoted_without_marks_loses_our_words_and_not_the_authors(chance: random.Random, passage: Passage) -> None:
    """What Outlook does: a header, then the mail as it was."""
    first = relay(mail_of("Where is my atlas?", rich=False), passage)
    below = letter_of(first).letter.text or ""
    header = "From: Somebody <x@elsewhere.test>\nSent: Monday\nTo: y@elsewhere.test\nSubject: Atlas\n\n"
    own = chance.choice(("Thank you", "Danke", "谢谢\n\nAnn"))
    text = relay(mail_of(f"{own}\n\n{header}{below}", rich=False), FROM_ACME).text
    assert text.startswith(f"{own}\n\nFrom: ...\nSent: Monday\nSubject: Atlas\n")
    assert text.endswith("\n\nWhere is my atlas?")
