"""The reader meets any octets, and agrees with the standard library about mails that are well made."""

import base64
import email
import email.policy
import time
import tracemalloc
from collections.abc import Iterable
from email.message import EmailMessage
from html import unescape

import fast_mail_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postern.mail.letter import Leaking, Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from tests.hostile import HOSTILE
from tests.letters import FROM_ACME, FROM_ANN, LIMITS, octets
from tests.ordinary import photograph

HOSTILE_SIZE = 250_000  # octets: a share of what bench/letter.py tries

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


KINDS = st.sampled_from(["mixed", "alternative", "related"])
LEAVES = st.sampled_from(["text/plain", "text/html", "image/png", "application/pdf"])


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> EmailMessage:
    """A well-made mail of parts in parts, as the standard library builds it."""
    message = EmailMessage(policy=email.policy.SMTP)
    if depth == 0 or draw(st.booleans()):
        _fill(message, draw(LEAVES), draw(LINES), draw(st.binary(max_size=100)), draw(st.booleans()))
        return message
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f"multipart/{draw(KINDS)}"
    message.set_payload([])
    for _ in range(draw(st.integers(1, 3))):
        message.attach(draw(trees(depth - 1)))
    return message


def _fill(message: EmailMessage, kind: str, words: str, octets: bytes, named: bool) -> None:
    main, sub = kind.split("/")
    if main == "text":
        message.set_content(words, subtype=sub)
    else:
        message.set_content(octets, maintype=main, subtype=sub)
    if named:
        del message["Content-Disposition"]
        message.add_header("Content-Disposition", "attachment", filename="Bücher.x")


@settings(max_examples=40)
@given(trees())
def test_three_readers_see_the_same_words_and_files(message: EmailMessage) -> None:  # M-03
    content = message.as_bytes()
    letter = read(content, LIMITS).letter
    theirs = [file.content for file in fast_mail_parser.parse_email(content).attachments]
    leaves = [part for part in email.message_from_bytes(content, policy=email.policy.compat32).walk() if not part.is_multipart()]
    files = [part.get_payload(decode=True) for part in leaves if part.get_content_maintype() != "text" or part.get_filename()]
    ours = [file.content for file in letter.attachments]
    assert _with_plain_ends(ours) == _with_plain_ends(files) == _with_plain_ends(theirs)
    shown = f"{letter.text or ''}\n{unescape(letter.html or '')}"
    for words in chosen(message):
        assert all(line in shown for line in words.split("\n"))


def _with_plain_ends(files: Iterable[object]) -> list[bytes]:
    """In any order, for some list them by kind, and with the line ends of Unix, for some keep those of the mail in texts."""
    return sorted(file.replace(b"\r\n", b"\n").rstrip(b"\n") for file in files if isinstance(file, bytes))


def chosen(message: EmailMessage) -> list[str]:
    """The texts of a mail that no later alternative replaces, by a reading that recurses."""
    if not message.is_multipart():
        is_text = message.get_content_maintype() == "text" and not message.get_filename()
        return [unescape(message.get_content())] if is_text else []
    parts = [part for part in message.iter_parts() if isinstance(part, EmailMessage)]
    return [] if message.get_content_subtype() == "alternative" else [words for part in parts for words in chosen(part)]


def test_ten_megabytes_of_files_go_through() -> None:  # R23
    photo = photograph(999_000)
    part = b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(photo)
    content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n" + part * 10 + b"--b--\r\n"
    reading = read(content, LIMITS)
    assert 9_900_000 < sum(len(file.content) for file in reading.letter.attachments) <= LIMITS.attachment_bytes
    for passage in (FROM_ANN, FROM_ACME):
        relayed = rewrite(reading, passage)
        assert isinstance(relayed, Relayed)
        assert [file.content for file in read(relayed.content, LIMITS).letter.attachments] == [photo] * 10


def test_a_file_of_ten_megabytes_needs_a_few_times_its_size_in_memory() -> None:  # R23
    content = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    content += base64.encodebytes(b"%PDF-1.4\n" + bytes(9_990_000))
    tracemalloc.start()
    relayed = rewrite(read(content, LIMITS), FROM_ANN)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(relayed, Relayed)
    assert peak < 150_000_000


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_no_more_than_a_second(name: str) -> None:  # M-04; bench/letter.py measures larger ones, and memory
    content = HOSTILE[name](HOSTILE_SIZE)
    started = time.process_time()
    reading = read(content, LIMITS)
    outcome = "" if reading.unreadable else rewrite(reading, FROM_ANN)
    assert time.process_time() - started < 1.0
    assert outcome == "" or isinstance(outcome, Relayed | Leaking)


def test_time_grows_with_size_and_not_faster() -> None:
    def seconds(lines: int) -> float:
        content = octets("Subject: x\n\n" + "Where is my atlas, please? Write to ann@mail.test.\n" * lines)
        started = time.process_time()
        rewrite(read(content, LIMITS), FROM_ANN)
        return time.process_time() - started

    seconds(100)  # warm
    assert min(seconds(8_000) for _ in range(3)) < 30 * min(seconds(1_000) for _ in range(3))
