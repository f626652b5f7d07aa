"""Mails in mails, winmail.dat, signed mails and calendars: what is of worth comes out, and nobody's address with it."""

import base64
from dataclasses import replace

import pytest

from postern.mail.files import calendar, signed
from postern.mail.files.budget import Budget
from postern.mail.files.cleaning import clean
from postern.mail.files.kinds import Kind, kind_of
from postern.mail.files.wrappings import unwrapped
from postern.mail.letter import Attachment, Passage
from postern.model.limits import Limits
from tests.letters import FROM_ACME, FROM_ANN, letter_of, relay
from tests.planted import jpeg, tells
from tests.planted_documents import pdf
from tests.planted_wrappings import CALENDAR, MAIL, der, tnef
from tests.planted_wrappings import signed as signed_mail

LIMITS = Limits()


def files_in(
    content: bytes, name: str = "", media_type: str = "application/octet-stream", limits: Limits = LIMITS
) -> list[Attachment]:
    return list(unwrapped((Attachment(name, media_type, content),), limits))


def test_the_files_of_a_winmail_come_out() -> None:
    photo, invoice = files_in(tnef({"photo.jpg": jpeg(), "C:\\planted\\invoice.pdf": pdf()}), "winmail.dat")
    assert (photo.file_name, photo.content) == ("photo.jpg", jpeg())
    assert (invoice.file_name, invoice.content) == ("invoice.pdf", pdf())


@pytest.mark.parametrize("content", [tnef({}), tnef({"a.jpg": jpeg()})[:60], b"\x78\x9f\x3e\x22"])
def test_a_winmail_without_files_stays_and_is_withheld(content: bytes) -> None:
    (file,) = files_in(content, "winmail.dat")
    assert kind_of(file, LIMITS) is Kind.TNEF
    assert clean(file, Budget(LIMITS), "en").file is None


def test_an_attached_mail_becomes_its_text_and_its_files() -> None:
    text, inner = files_in(MAIL, media_type="message/rfc822")
    assert text.file_name == "Your parcel.txt"
    assert text.content.decode() == "Your parcel\n\nIt has arrived.\n\n> See below."
    assert (inner.file_name, inner.content) == ("list.txt", b"one atlas")


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_signed_mail_is_unwrapped_without_its_certificate(in_pieces: bool) -> None:  # M-09
    text, inner = files_in(signed_mail(MAIL, in_pieces=in_pieces), "smime.p7m", "application/pkcs7-mime")
    assert b"It has arrived." in text.content
    assert inner.content == b"one atlas"
    assert not tells(text.content + inner.content)


@pytest.mark.parametrize(
    "octets", [b"", b"0", b"0\x80", b"0\x84\xff\xff\xff\xff", der(0x30, b"\x06\x01"), signed_mail(MAIL)[:40], b"0\x80" * 5_000]
)
def test_a_broken_signature_has_nothing_inside(octets: bytes) -> None:
    assert signed.content_of(octets) == b""


def test_mails_in_mails_are_opened_as_deep_as_the_limit() -> None:
    def around(mail: bytes) -> bytes:
        edge = b"--%d" % len(mail)
        head = b"Subject: outer\nContent-Type: multipart/mixed; boundary=%d\n\n" % len(mail)
        return head + edge + b"\nContent-Type: message/rfc822\n\n" + mail + b"\n" + edge + b"--\n"

    deep = around(around(MAIL))
    opened = files_in(deep, media_type="message/rfc822", limits=replace(LIMITS, archive_depth=3))
    assert [file.file_name for file in opened] == ["outer.txt", "outer.txt", "Your parcel.txt", "list.txt"]
    closed = files_in(deep, media_type="message/rfc822", limits=replace(LIMITS, archive_depth=2))
    assert kind_of(closed[-1], LIMITS) is Kind.MAIL


def test_a_mail_of_mails_does_not_multiply_files_beyond_the_limit() -> None:
    many = tnef({f"{number}.txt": b"x" for number in range(20)})
    assert len(files_in(many, "winmail.dat", limits=replace(LIMITS, parts=10))) == 10


def test_an_event_is_told_in_a_few_lines() -> None:
    text = calendar.as_text(CALENDAR.replace(b"\n", b"\r\n"), "en").decode()
    assert text.split("\n") == [
        "Bring the atlas, please",
        "Begins: 2026-11-24 10:00 (Europe/Berlin)",
        "Ends: 2026-11-24 11:00 UTC",
        "Place: Example Street 1",
    ]


@pytest.mark.parametrize(
    "lines, told",
    [
        ("DTSTART;VALUE=DATE:20261124", "Begins: 2026-11-24"),
        ("DTSTART;TZID=/zoe/Europe/Berlin:20261124T100000", "Begins: 2026-11-24 10:00 (Europe/Berlin)"),
        ("DTSTART;TZID=Home of Zoe:20261124T100000", "Begins: 2026-11-24 10:00"),
        ("DTSTART:soon", ""),
        ("SUMMARY:a\\nb\nSUMMARY:c", "a b"),
        ("DESCRIPTION:planted", ""),
    ],
)
def test_only_what_where_and_when_is_told(lines: str, told: str) -> None:
    assert calendar.as_text(f"BEGIN:VEVENT\n{lines}\nEND:VEVENT".encode(), "en").decode() == told


def mail_with(content_type: str, content: bytes) -> str:
    """A mail with this file; every octet of it in base64."""
    encoded = base64.encodebytes(content).decode()
    return (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the file.\n--b\n"
        f"Content-Type: {content_type}\nContent-Transfer-Encoding: base64\n\n{encoded}\n--b--\n"
    )


@pytest.mark.parametrize("passage", [FROM_ANN, FROM_ACME], ids=["from a buyer", "from a seller"])
@pytest.mark.parametrize(
    "content_type, content, names",
    [
        ("application/ms-tnef; name=winmail.dat", tnef({"photo.jpg": jpeg()}), ["photo.jpg"]),
        ("message/rfc822", MAIL, ["Your parcel.txt", "list.txt"]),
        ("text/calendar; method=REQUEST; name=invite.ics", CALENDAR, ["invite.ics.txt"]),
        ("application/pkcs7-mime; name=smime.p7m", signed_mail(MAIL), ["Your parcel.txt", "list.txt"]),
    ],
)
def test_what_was_wrapped_travels_as_ordinary_files(
    content_type: str, content: bytes, names: list[str], passage: Passage
) -> None:
    relayed = relay(mail_with(content_type, content), passage)
    attachments = letter_of(relayed).letter.attachments
    assert [one.file_name for one in attachments] == names
    assert not any(tells(one.content) for one in attachments)
    assert "Not passed on" not in relayed.content.decode()


def test_more_inner_files_than_a_mail_may_have_are_withheld_and_named() -> None:
    files = tnef({f"{number}.txt": b"x" for number in range(4)})
    relayed = relay(
        mail_with("application/ms-tnef; name=winmail.dat", files), replace(FROM_ANN, limits=replace(LIMITS, attachments=3))
    )
    assert len(letter_of(relayed).letter.attachments) == 3
    assert "privacy: 3.txt" in relayed.content.decode()
