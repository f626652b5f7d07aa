"""Whatever is written into a notice, it is one well-formed mail with the fields we wrote: names, subjects, order ids, links."""

import email
import email.policy
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from postern.mail.dsn import Failure
from postern.mail.reader import read
from postern.model.notice import NoticeKind
from tests.letters import ANNS_ALIAS, LIMITS
from tests.noticed import LETTERHEAD, ORIGINAL, examples

ANYTHING = st.text(max_size=200) | st.text(st.sampled_from("\r\n\0\t ,;:\"\\<>()=?%'*@{}abcB\u2028\x85\u202eé"), max_size=200)
FIELDS = ["From", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Precedence"]
FIELDS += ["X-Auto-Response-Suppress", "X-Postern-Notice", "MIME-Version", "Content-Type"]
ANSWERING = ("In-Reply-To", "References")
STATUS_FIELDS = ["Reporting-MTA", "Arrival-Date", "Final-Recipient", "Action", "Status", "Diagnostic-Code"]


def field_names(content: bytes) -> list[str]:
    return [name for name, _ in email.message_from_bytes(content, policy=email.policy.compat32).raw_items()]


def status_names(content: bytes) -> list[str]:
    report = email.message_from_bytes(content, policy=email.policy.compat32)
    part = next(one for one in report.walk() if one.get_content_type() == "message/delivery-status")
    return [name for group in part.walk() if group is not part for name in group if name != "Last-Attempt-Date"]


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
@example("x\r\nBcc: mallory@evil.test", "Market\nBcc: mallory@evil.test", "1\r\n\r\nbody", "https://x/\r\nBcc: mallory@evil.test")
@example("--=_boundary_1--\r\n", "{0}", "{subject}", "https://x/'><script>")
def test_no_text_becomes_a_field_or_a_part_of_a_notice(subject: str, name: str, order_id: str, url: str) -> None:
    hostile = replace(ORIGINAL, subject=subject, order_id=order_id, date=order_id)
    letterhead = replace(LETTERHEAD, marketplace_name=name)
    for kind, one in examples("en", hostile, url).items():
        content = one.compose(hostile, letterhead)
        lines = content.split(b"\r\n")
        assert content.isascii()
        assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in lines)
        assert field_names(content) == [name for name in FIELDS if one.answers or name not in ANSWERING]
        reading = read(content, LIMITS)
        assert (reading.defects, len(reading.authors)) == ((), 1)
        assert b"<script" not in (reading.letter.html or "").encode()
        if one.failure:
            assert status_names(content) == STATUS_FIELDS
        assert len(reading.letter.attachments) == (2 if one.failure else 0)
        assert kind in content.decode("ascii")


@given(ANYTHING, ANYTHING, ANYTHING)
@example("5.1.1", "user unknown\r\nFinal-Recipient: rfc822; mallory@evil.test", "<a@b>\r\nBcc: mallory@evil.test")
def test_nothing_that_a_failure_says_becomes_a_field_of_its_report(status: str, sentence: str, message_id: str) -> None:
    one = replace(examples("en")[NoticeKind.DELIVERY_FAILED], failure=Failure(550, status, sentence))
    content = one.compose(replace(ORIGINAL, message_id=message_id))
    assert status_names(content) == STATUS_FIELDS
    assert content.count(ANNS_ALIAS.encode()) >= 2
    assert b"\nBcc:" not in content
