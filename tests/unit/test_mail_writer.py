import email
import email.policy
import email.utils
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import fast_mail_parser
import pytest

from postern.mail import header_lines, writer
from postern.mail.letter import Attachment
from postern.mail.reader import read
from tests.letters import LIMITS, letter_of, numbered_boundaries, relay


def parsed(content: bytes) -> EmailMessage:
    """What the standard library reads: the oracle."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_short_ascii_text_travels_as_it_is() -> None:
    assert writer.text_part("plain", "Hello\n").body == b"Hello\r\n"


@pytest.mark.parametrize(
    "text", ["x" * 5000, "From here\n", "Hello\nFrom you\n", "trailing \n", "tab\t\n", "a\rb", "a\0b", "Bücher"]
)
def test_a_text_that_programs_on_the_way_would_change_is_encoded(text: str) -> None:
    part = writer.text_part("plain", text)
    assert b"7bit" not in part.fields
    assert all(len(line) <= 78 for line in part.body.split(b"\r\n"))
    assert not any(line.startswith(b"From ") for line in part.body.split(b"\r\n"))


def test_a_mostly_foreign_text_is_base64() -> None:
    assert b"base64" in writer.text_part("plain", "你好你好").fields
    assert b"quoted-printable" in writer.text_part("plain", "Grüße aus München an alle").fields


def test_a_boundary_never_stands_in_a_part() -> None:
    boundaries = iter(["taken", "alsotaken", "free"])
    inner = writer.text_part("plain", "--taken\n--alsotaken--\n")
    assert b'boundary="free"' in writer.multipart("mixed", [inner], lambda: next(boundaries)).fields


def test_fresh_boundaries_differ_and_stand_in_no_encoded_line() -> None:
    assert len({writer.fresh_boundary() for _ in range(100)}) == 100
    assert writer.fresh_boundary().startswith("=_")


def test_text_html_images_and_files_make_the_tree_that_mail_programs_expect() -> None:
    image = Attachment("logo.png", "image/png", b"\x89PNG", "1@image")
    invoice = Attachment("Rechnung für Änne.pdf", "application/pdf", b"%PDF-1.4\n\xff")
    content = writer.mail([], "Hello", "<p>Hello <img src='cid:1@image'>", [image, invoice], numbered_boundaries())
    message = parsed(content)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    pdf = list(message.iter_attachments())[-1]
    assert (pdf.get_filename(), pdf.get_content()) == ("Rechnung für Änne.pdf", b"%PDF-1.4\n\xff")


def test_a_date_is_written_in_utc_and_in_english() -> None:
    moment = datetime(2026, 11, 3, 0, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert header_lines.date("Date", moment) == b"Date: Mon, 2 Nov 2026 22:30:05 +0000\r\n"
    assert email.utils.parsedate_to_datetime("Mon, 2 Nov 2026 22:30:05 +0000") == moment.astimezone(UTC)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("Ann Example - Example Market", b'From: "Ann Example - Example Market" <a@b.example>\r\n'),
        ('Ann "the buyer" \\o/', b'From: "Ann \\"the buyer\\" \\\\o/" <a@b.example>\r\n'),
        ("", b"From: a@b.example\r\n"),
    ],
)
def test_a_display_name_is_quoted(name: str, expected: bytes) -> None:
    assert header_lines.mailbox("From", name, "a@b.example") == expected


@pytest.mark.parametrize("name", ["\\" * 60, '"' * 60, "\\)((a" * 12, "x" * 66, "x" * 67, "x y" * 22, "a\\" * 25 + " b"])
def test_a_display_name_keeps_its_line_however_much_of_it_is_escaped(name: str) -> None:  # found by bench/fuzz.py
    line = header_lines.mailbox("From", name, "a@b.example")
    assert all(len(row) <= 78 for row in line.split(b"\r\n"))
    # The standard library leaves a space between two encoded words of a name (RFC 2047 6.2 forbids it), so others judge.
    author = fast_mail_parser.parse_email(line + b"\r\n").from_
    assert author is not None
    assert author.display_name == name
    assert [mailbox.display_name for mailbox in read(line + b"\r\n", LIMITS).authors] == [name]


@pytest.mark.parametrize("name", ["Änne " * 30, "你" * 100, "a" * 200 + ".pdf", "a b" * 60, "'\"%;=" * 30])
def test_a_file_name_keeps_its_lines_and_stands_there_in_both_forms(name: str) -> None:  # M-06
    fields = writer.file_part(Attachment(name, "application/pdf", b"x")).fields
    assert all(len(row) <= 78 for row in fields.split(b"\r\n"))
    part = parsed(fields + b"\r\n")
    assert part.get_filename() == name.strip()
    assert part["Content-Type"].params["name"] == name.strip()


def test_a_short_ascii_file_name_stands_there_once() -> None:
    fields = writer.file_part(Attachment("invoice.pdf", "application/pdf", b"x")).fields
    assert fields.count(b"invoice.pdf") == 1


PLAIN = "Content-Type: text/plain; charset=utf-8"
FLOWED = f"{PLAIN}; format=flowed"
TEXTS = {
    "plain": (PLAIN, "Hello\nthere", "Hello\nthere"),
    "flowed": (FLOWED, "A long \nline\n\nEnd", "A long line\n\nEnd"),
    "flowed without spaces": (f"{FLOWED}; delsp=yes", "日本 \n語", "日本語"),
    "flowed quotation": (FLOWED, "> a \n> b\nyes", "> a b\nyes"),
    "flowed, stuffed": (FLOWED, " From me\n >x", "From me\n>x"),
    "quoted": (PLAIN, "> you wrote\n>> I wrote\n>no space", "> you wrote\n>> I wrote\n>no space"),
    "From at the start of a line": (PLAIN, "From here\nFrom there", "From here\nFrom there"),
    ">From at the start of a line": (PLAIN, ">From here", ">From here"),
    "dots": (PLAIN, ".\n..\n.x\nend.", ".\n..\n.x\nend."),
    "eight bit": (PLAIN, "Grüße 你好 😀", "Grüße 你好 😀"),
    "long lines": (PLAIN, "x" * 5_000 + " " + "é" * 2_000, "x" * 5_000 + " " + "é" * 2_000),
    "trailing spaces": (PLAIN, "a  \nb\t\nc", "a  \nb\t\nc"),
    "empty lines": (PLAIN, "a\n\n\n\nb", "a\n\n\n\nb"),
    "equals signs": (PLAIN, "1 = 1 =41 =\n=", "1 = 1 =41 =\n="),
    "a boundary of ours": (PLAIN, "--=_boundary_1\n--=_boundary_1--", "--=_boundary_1\n--=_boundary_1--"),
    "what looks like a header": (PLAIN, "Subject: x\nBcc: Ann and Bob", "Subject: x\nBcc: Ann and Bob"),
    "only HTML": ("Content-Type: text/html; charset=utf-8", "<p>Grüße<p>Ann", "Grüße\n\nAnn"),
    "empty": (PLAIN, "", "(This message has no text.)"),
    "white space alone": (PLAIN, " \n\t\n", "(This message has no text.)"),
    "only a file": (
        "Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment",
        "a,b",
        "(This message has no text, only attachments.)",
    ),
    "only a file that is broken": ("Content-Type: application/pdf; name=a.pdf", "%PDF-1.4", "(This message has no text.)"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_arrives_as_it_was_meant(name: str) -> None:  # M-10
    head, body, words = TEXTS[name]
    relayed = relay(f"From: ann@mail.test\nMIME-Version: 1.0\n{head}\n\n{body}")
    text = parsed(relayed.content).get_body(("plain",))
    assert text is not None
    assert f"\n\n{words}\n\n" in text.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "body",
    [
        "Content-Type: text/html\n\n<pre>\nbegin 644 a.exe\n#0V%T\n`\nend\n</pre>",
        "\nbegin 644 a.exe\nbegin 644 b\n#0V%T\n`\nend\n#0V%T\n`\nend\n",
        "\n  begin 644 a.exe\n#0V%T\n`\nend\n",
        "\nbegin-base64 644 a.exe\nQ2F0\n====\n",
    ],
)
def test_no_text_we_write_holds_an_uuencoded_file(body: str) -> None:  # M-03
    text = parsed(relay(body).content).get_body(("plain",))
    assert text is not None
    assert not [line for line in text.get_content().splitlines() if line.startswith("begin")]
    assert not letter_of(relay(body)).letter.attachments


def test_a_file_without_a_name_is_given_none() -> None:
    assert b"name" not in writer.file_part(Attachment("", "application/pdf", b"x")).fields


def test_a_calendar_alone_is_a_mail_without_text() -> None:  # M-10
    relayed = relay(
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nORGANIZER:mailto:ann@mail.test\nEND:VCALENDAR"
    )
    assert "ann@mail.test" not in relayed.content.decode("ascii")
    assert "(This message has no text" in (letter_of(relayed).letter.text or "")


def test_text_and_html_that_say_different_things_both_travel() -> None:  # M-11
    relayed = relay(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nTwenty euros.\n"
        "--b\nContent-Type: text/html\n\n<p>Thirty euros.\n--b--\n"
    )
    letter = letter_of(relayed).letter
    assert "Twenty euros." in (letter.text or "")
    assert "Thirty euros." in (letter.html or "")
    assert relayed.text == "Twenty euros."  # what the record shows is the text


def test_what_is_no_message_id_is_left_out() -> None:
    assert header_lines.identifiers("References", ["<a@b>", "nonsense", "<a b@c>", "<a>\r\nBcc: x"]) == b"References: <a@b>\r\n"


def test_a_plain_subject_that_looks_encoded_is_encoded() -> None:
    line = header_lines.unstructured("Subject", "=?utf-8?q?not_this?=")
    assert str(parsed(line + b"\r\n")["Subject"]) == "=?utf-8?q?not_this?="
