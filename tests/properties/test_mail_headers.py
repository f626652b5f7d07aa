"""Nobody writes a header line of ours: subjects, names and file names that try to inject one."""

import email
import email.policy
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from postern.mail import header_lines, writer
from postern.mail.characters import one_line
from postern.mail.letter import Attachment, Letter, Product, Reading, Relayed
from postern.mail.reading.encoded_words import decode_words
from postern.mail.rewrite import rewrite
from tests.letters import FROM_ACME, FROM_ANN, letter_of, numbered_boundaries, relay

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


def test_a_plain_mail_has_our_fields_alone() -> None:
    assert field_names(relay("\nHello").content) == OUR_FIELDS
