"""Nobody writes a header line of ours: subjects, names and file names that try to inject one."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage, Message

import fast_mail_parser
from hypothesis import assume, example, given
from hypothesis import strategies as st

from postern.mail import header_lines, writer
from postern.mail.characters import clean, one_line
from postern.mail.letter import Attachment, Letter, Product, Reading, Relayed
from postern.mail.reader import read
from postern.mail.reading.encoded_words import decode_words
from postern.mail.reading.file_names import NAME_MAXIMUM, clean_file_name
from postern.mail.rewrite import rewrite
from tests.letters import FROM_ACME, FROM_ANN, LIMITS, letter_of, numbered_boundaries, relay

ANYTHING = st.text(max_size=300) | st.text(st.sampled_from("\r\n\0\t ,;:\"\\<>()=?%'*@abcB\u2028\x85é"), max_size=300)
OUR_FIELDS = ["From", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def field_names(content: bytes) -> list[str]:
    return [name for name, _ in email.message_from_bytes(content, policy=email.policy.compat32).raw_items()]


def written(subject: str, text: str = "Hello", files: tuple[Attachment, ...] = ()) -> Reading:
    return Reading(Letter(subject, text, None, files), 1, (), None, (), {}, 0, ())


def is_well_formed(content: bytes) -> bool:
    lines = content.split(b"\r\n")
    return content.isascii() and all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in lines)


@given(ANYTHING, ANYTHING, ANYTHING)
@example("x\r\nBcc: mallory@evil.test", "Ann\nBcc: mallory@evil.test", "order\r\n\r\nbody")
def test_no_text_becomes_a_header_line(subject: str, name: str, order_id: str) -> None:
    for passage in (FROM_ANN, FROM_ACME):
        hostile = replace(
            passage, author_name=name, marketplace_name=name, order_id=order_id, products=(Product(subject, 1),), certain=()
        )
        relayed = rewrite(written(subject), hostile)
        assert isinstance(relayed, Relayed)
        assert field_names(relayed.content) == OUR_FIELDS
        assert is_well_formed(relayed.content)
        assert len(letter_of(relayed).authors) == 1


@given(ANYTHING)
def test_a_subject_arrives_as_it_was(subject: str) -> None:
    line = header_lines.unstructured("Subject", one_line(subject))
    assert all(len(row) <= 78 for row in line.split(b"\r\n"))
    unfolded = line.removeprefix(b"Subject:").replace(b"\r\n", b"").decode("ascii").strip()
    assert decode_words(unfolded) == one_line(subject)


@given(ANYTHING, st.binary(max_size=200))
def test_a_file_name_cannot_write_fields_of_its_part(name: str, content: bytes) -> None:
    part = writer.file_part(Attachment(name, "application/pdf", content))
    assert field_names(part.fields + b"\r\n") == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
    message = email.message_from_bytes(part.fields + b"\r\n" + part.body, policy=email.policy.compat32)
    assert message.get_payload(decode=True) == content
    assert is_well_formed(part.fields)


@given(ANYTHING, st.text(max_size=500))
def test_any_text_arrives_as_it_was(subject: str, text: str) -> None:
    content = writer.mail([header_lines.unstructured("Subject", subject)], text.replace("\r", ""), "", (), numbered_boundaries())
    assert is_well_formed(content)
    message = email.message_from_bytes(content, policy=email.policy.default)
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n").removesuffix("\n") == text.replace("\r", "").removesuffix("\n")


SCRIPTS = st.text(st.sampled_from("aZ9 .-_éßçΩжя你日한ไทعברक😀\u202e\u200f\u0301()[]'\"\\/:*?%=&"), min_size=1, max_size=300)


@given(SCRIPTS, st.sampled_from([".pdf", ".JPG", "", ".tar.gz", ".exe"]))
@example("CON", "")
@example("x" * 300, ".pdf")
@example("../../etc/passwd", "")
@example("C:\\a", ".lnk")
@example("fdp\u202eexe", ".pdf")
@example("\u03a9:\u0301", ".pdf")  # two letters that become one when the colon is gone
def test_a_file_name_in_any_script_is_read_as_we_wrote_it(stem: str, extension: str) -> None:  # M-06
    name = clean_file_name(stem + extension)
    assert clean_file_name(name) == name
    assert len(name) <= NAME_MAXIMUM + 1
    assert not set(name) & set('/\\:*?"<>|\u202e\u200f')
    content = writer.mail([], "Hello", "", (Attachment(name, "application/pdf", b"%PDF-"),), numbered_boundaries())
    assert is_well_formed(content)
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert [file.file_name for file in read(content, LIMITS).letter.attachments] == [name]
    part = email.message_from_bytes(content, policy=email.policy.compat32).get_payload(1)
    assert isinstance(part, Message)
    assert (part.get_filename() or "") == name
    assert (fast_mail_parser.parse_email(content).attachments[0].filename or "") == name
    as_outlook_reads = part.get_param("name") or part.get_param("filename", header="Content-Disposition")
    assert decode_words(str(as_outlook_reads or "").replace("\r\n", "")) == name


@given(SCRIPTS, st.text(max_size=300), st.text(max_size=300), st.lists(st.binary(max_size=200), max_size=3))
def test_what_we_write_is_read_alike_by_three_readers(subject: str, text: str, html: str, files: list[bytes]) -> None:  # M-02
    text, html = clean(text), clean(html).strip("\n")
    attachments = [Attachment(f"ä{number}.bin", "application/octet-stream", octets) for number, octets in enumerate(files)]
    fields = [header_lines.unstructured("Subject", subject), header_lines.mailbox("From", subject, "a@b.test")]
    content = writer.mail(fields, text, html, attachments, numbered_boundaries())
    assert is_well_formed(content)
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assume(not text.startswith("\ufeff") and not html.startswith("\ufeff"))  # a mark of UTF-8, and not a letter
    ours = read(content, LIMITS).letter
    library = email.message_from_bytes(content, policy=email.policy.default)
    third = fast_mail_parser.parse_email(content)
    wanted = (text.rstrip("\n"), html, files)
    assert ((ours.text or "").rstrip("\n"), (ours.html or "").rstrip("\n"), [one.content for one in ours.attachments]) == wanted
    assert _as_the_library_reads(library) == wanted
    assert (_joined(third.text_plain), _joined(third.text_html), [one.content for one in third.attachments]) == wanted
    assert ours.subject == str(library["Subject"] or "") == third.subject == one_line(subject)


def _joined(texts: list[str]) -> str:
    return "".join(texts).replace("\r\n", "\n").rstrip("\n")


def _as_the_library_reads(message: EmailMessage) -> tuple[str, str, list[bytes]]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return (
        text.get_content().replace("\r\n", "\n").rstrip("\n") if text else "",
        html.get_content().replace("\r\n", "\n").rstrip("\n") if html else "",
        [part.get_content() for part in message.iter_attachments()],
    )


def test_a_plain_mail_has_our_fields_alone() -> None:
    assert field_names(relay("\nHello").content) == OUR_FIELDS
