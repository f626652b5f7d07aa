import email
import email.policy
import email.utils
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest

from postern.mail import header_lines, writer
from postern.mail.letter import Attachment
from tests.letters import numbered_boundaries


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


def test_what_is_no_message_id_is_left_out() -> None:
    assert header_lines.identifiers("References", ["<a@b>", "nonsense", "<a b@c>", "<a>\r\nBcc: x"]) == b"References: <a@b>\r\n"


def test_a_plain_subject_that_looks_encoded_is_encoded() -> None:
    line = header_lines.unstructured("Subject", "=?utf-8?q?not_this?=")
    assert str(parsed(line + b"\r\n")["Subject"]) == "=?utf-8?q?not_this?="
