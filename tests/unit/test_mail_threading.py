import textwrap
from html import escape

import pytest

from postern.mail import marks, threading
from postern.mail.letter import Letter
from tests.letters import LIMITS, MESSAGE, TOKEN

DOMAIN = "marketplace.example"
LONGEST = "a" * 30 + "7" * 30


def test_a_message_id_of_ours_is_read_back_whatever_its_case() -> None:
    written = threading.own_message_id(MESSAGE, DOMAIN)
    assert written == f"<01kag00000e008000000000001@{DOMAIN}>"
    assert threading.read_own_message_id(written, DOMAIN) == MESSAGE
    assert threading.read_own_message_id(f" {written.upper()} ", DOMAIN) == MESSAGE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        f"<short@{DOMAIN}>",
        "<01kag00000e008000000000001@mail.test>",
        f"01kag00000e008000000000001@{DOMAIN}",
        f"<{'z' * 26}@{DOMAIN}>",
    ],
)
def test_another_message_id_is_not_taken_for_ours(text: str) -> None:
    assert threading.read_own_message_id(text, DOMAIN) is None


def test_references_are_mapped_and_unknown_ones_dropped() -> None:
    known = {"<a@acme.test>": "<1@marketplace.example>", "<b@acme.test>": "<2@marketplace.example>"}
    mapped = threading.map_references(("<a@acme.test>", "<pc-of-ann@mail.test>", "<b@acme.test>", "<a@acme.test>"), known)
    assert mapped == ("<1@marketplace.example>", "<2@marketplace.example>")


def test_of_too_many_references_the_newest_count() -> None:
    ids = [f"<{number}@x>" for number in range(500)]
    assert threading.references_of(ids, ["<0@x>"], LIMITS) == (*ids[-LIMITS.references + 1 :], "<0@x>")


@pytest.mark.parametrize("token", [TOKEN, "abcdefgh", LONGEST])
@pytest.mark.parametrize("depth", [0, 1, 5])
@pytest.mark.parametrize("width", [20, 60, 998])
def test_a_token_survives_quoting_wrapping_and_capitals(token: str, depth: int, width: int) -> None:
    line = marks.token_line("en", token).upper()
    quoted = "\n".join("> " * depth + row for row in textwrap.wrap(line, width))
    assert threading.find_thread_tokens(f"Thank you!\n\n{quoted}\n> On Monday we wrote: [pt-") == (token,)


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{escape(marks.token_line('en', TOKEN))}</p>",
        f"<blockquote>Thread:&nbsp;&#91;pt-{TOKEN[:9]}<wbr>{TOKEN[9:]}]</blockquote>",
        f"<p>Thread: <b>[pt-<span>{TOKEN}</span></b>]",
        f"Thread: [pt-{TOKEN[:5]}\u200b{TOKEN[5:]}]",
    ],
)
def test_a_token_survives_html(html: str) -> None:
    assert threading.find_thread_tokens(html) == (TOKEN,)


@pytest.mark.parametrize("text", ["", "[pt-]", "[pt-abc", "pt-abc]", "[pt-ab0c]", f"[pt-{'a' * 61}]", "[PT]"])
def test_what_is_no_token_is_not_taken_for_one(text: str) -> None:
    assert threading.find_thread_tokens(text) == ()


def test_at_most_ten_tokens_are_read() -> None:
    text = " ".join(f"[pt-{letter}bc]" for letter in "abcdefghijklmnop")
    assert len(threading.find_thread_tokens(text)) == 10


def test_tokens_are_found_in_text_and_html_of_a_letter() -> None:
    letter = Letter("", "[pt-aaa]", "<p>[pt-aaa] [pt-bbb]</p>")
    assert threading.tokens_of(letter) == ("aaa", "bbb")


@pytest.mark.parametrize(
    "subject, text, named",
    [
        ("Order 303-1234567-7654321", "", True),
        ("", "about 303-1234567-7654321.", True),
        ("", "(303-1234567-7654321)", True),
        ("", "1303-1234567-7654321", False),
        ("", "303-1234567-76543210", False),
        ("", "9-303-1234567-7654321", False),
        ("", "303-1234567-7654321-1", False),
        ("", "x303-1234567-7654321", False),
    ],
)
def test_an_order_is_named_as_a_whole(subject: str, text: str, *, named: bool) -> None:
    order_id = "303-1234567-7654321"
    assert threading.named_orders(Letter(subject, text, None), ["111", order_id]) == ((order_id,) if named else ())


def test_orders_are_read_from_html_where_there_is_no_text() -> None:
    assert threading.named_orders(Letter("", None, "<p>About <b>4711</b>"), ["4711", "x.y"]) == ("4711",)


def test_the_authors_own_words_decide_which_order_is_meant() -> None:  # R9
    quoted = "On 23 Nov 2026 at 11:00 Acme <help@acme.test> wrote:\n> About order 4711\n> Hello"
    orders = ["4711", "4712"]
    assert threading.named_orders(Letter("", f"And where is 4712?\n\n{quoted}", None), orders) == ("4712",)
    assert threading.named_orders(Letter("Order 4712", quoted, None), orders) == ("4712",)
    assert threading.named_orders(Letter("", f"Thanks\n\n{quoted}", None), orders) == ("4711",)
    html = "<p>And 4712?</p><blockquote>About 4711</blockquote>"
    assert threading.named_orders(Letter("", None, html), orders) == ("4712",)


def test_a_quoted_token_counts_wherever_it_is_quoted() -> None:  # R9
    letter = Letter("", "Thanks\n\nFrom: a@b.test\nDate: x\nSubject: y\n\n> > [pt-aaa]", None)
    assert threading.tokens_of(letter) == ("aaa",)
