"""The reader meets any octets, and agrees with the standard library about mails that are well made."""

import email
import email.policy
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.mail.letter import Leaking, Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from tests.letters import FROM_ANN, LIMITS, octets

PIECES = st.sampled_from(
    [
        b"From: ",
        b"Subject: ",
        b"Content-Type: ",
        b"multipart/mixed; boundary=",
        b"b\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"text/html\r\n",
        b"text/plain; charset=",
        b"utf-7",
        b"gb2312",
        b"=?utf-8?b?",
        b"?=",
        b"=?x?q?",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b" ",
        b"\0",
        b"\xff",
        b"Content-Transfer-Encoding: ",
        b"base64\r\n",
        b"quoted-printable\r\n",
        b"=",
        b"(",
        b"<",
        b">",
        b'"',
        b"\\",
        b",",
        b";",
        b"*0*=",
        b"filename*1=",
        b"message/rfc822\r\n",
        b"<p>",
        b"<div",
        b"&#",
        b"%4",
        b"format=flowed\r\n",
        b"> ",
        b"a@b",
        b"[pt-",
        b"-" * 13,
    ]
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=60)
LINES = st.lists(WORDS, min_size=1, max_size=6).map("\n".join)


@given(st.binary(max_size=2_000) | st.lists(PIECES, max_size=80).map(b"".join))
def test_no_octets_make_the_reader_or_the_rewriter_fail(content: bytes) -> None:
    outcome = rewrite(read(content, LIMITS), FROM_ANN)
    assert isinstance(outcome, Relayed | Leaking)


@given(LINES, LINES, WORDS, st.sampled_from(["utf-8", "utf-7"]), st.sampled_from(["base64", "quoted-printable"]))
def test_the_standard_librarys_mails_are_read_as_it_means_them(
    text: str, html: str, subject: str, charset: str, encoding: str
) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = subject
    message.set_content(text, charset=charset, cte=encoding)
    message.add_alternative(html, subtype="html", charset=charset, cte=encoding)
    letter = read(message.as_bytes(), LIMITS).letter
    assert (letter.text or "").rstrip("\n") == text.rstrip("\n")
    assert (letter.html or "").rstrip("\n") == html.rstrip("\n")
    assert letter.subject == " ".join(subject.split())


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.text(st.sampled_from("aZ9é日_ -"), min_size=1, max_size=80))
def test_files_and_their_names_are_read_as_the_standard_library_wrote_them(files: list[bytes], name: str) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message.set_content("Hello")
    file_name = f"a{name}z.bin"
    for content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=file_name)
    attachments = read(message.as_bytes(), LIMITS).letter.attachments
    assert [file.content for file in attachments] == files
    assert {file.file_name for file in attachments} == {" ".join(file_name.split())}


HOSTILE = {
    "nested parts": b"".join(b"Content-Type: multipart/mixed; boundary=%db\r\n\r\n--%db\r\n" % (n, n) for n in range(1_000)),
    "nested mails": b"Content-Type: message/rfc822\r\n\r\n" * 3_000,
    "nested comments": b"From: " + b"(" * 15_000 + b"\r\n\r\n",
    "quotes and brackets": b"From: " + b'"(<' * 5_000 + b"\r\n\r\n",
    "addresses": b"From: " + b"a@b.test, " * 100_000 + b"\r\n\r\n",
    "continuations": b"Content-Type: text/plain" + b"".join(b"; name*%d=x" % n for n in range(50_000)) + b"\r\n\r\n",
    "dots": b"From: " + b"a." * 100_000 + b"\r\n\r\n",
    "fields": b"X: y\r\n" * 100_000,
    "brackets": b"Message-ID: " + b"<" * 1_000_000 + b"\r\n\r\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?x?= " * 10_000 + b"\r\n\r\n",
    "empty parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 200_000,
    "boundaries that are longer": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bb\r\n" * 200_000,
    "padding": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 1_000_000,
    "tags": b"Content-Type: text/html\r\n\r\n" + b"<" * 900_000,
    "nested tags": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 150_000,
    "unclosed links": b"Content-Type: text/html\r\n\r\n" + b"<a href=x>" * 90_000,
    "entities": b"\r\n" + b"&#64;" * 190_000 + b"@",
    "percents": b"\r\n" + b"%61" * 300_000 + b"@",
    "almost addresses": b"\r\n" + b"ann@mail.tes" * 80_000 + b"ann%40mail.test",
    "rules": b"\r\n" + (b"> " + b"-" * 13 + b" x " + b"-" * 13 + b"\r\n") * 25_000,
    "flowed": b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"x \r\n" * 240_000,
    "spaces": b"\r\n" + b" " * 900_000 + b"@",
    "links": b"\r\n" + b"https://messages.marketplace.example/m/" * 25_000,
    "tokens": b"\r\n" + b"[pt-a" * 190_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_no_more_than_two_seconds(name: str) -> None:
    started = time.process_time()
    reading = read(HOSTILE[name], LIMITS)
    outcome = "" if reading.unreadable else rewrite(reading, FROM_ANN)
    assert time.process_time() - started < 2.0
    assert outcome == "" or isinstance(outcome, Relayed | Leaking)


def test_time_grows_with_size_and_not_faster() -> None:
    def seconds(lines: int) -> float:
        content = octets("Subject: x\n\n" + "Where is my atlas, please? Write to ann@mail.test.\n" * lines)
        started = time.process_time()
        rewrite(read(content, LIMITS), FROM_ANN)
        return time.process_time() - started

    seconds(100)  # warm
    assert min(seconds(8_000) for _ in range(3)) < 30 * min(seconds(1_000) for _ in range(3))
