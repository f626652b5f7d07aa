import ast
import email
import email.policy
import os
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from flufl.bounce import all_failures

from postern.mail import notices
from postern.mail.dsn import Failure, Original
from postern.mail.notice import Heading, Link, Notice, Particulars, Points, Text, compose_notice
from postern.mail.notices.address_failing import address_failing
from postern.mail.notices.buyer_opted_out import buyer_opted_out
from postern.mail.notices.critical import MARK, explain_critical
from postern.mail.notices.delivery_failed import delivery_failed
from postern.mail.notices.outside_copy import outside_copy
from postern.mail.reader import read
from postern.model.delivery import Failed
from postern.model.notice import NoticeKind
from postern.policy.reasons import ALL, ATTACHMENTS_TOO_LARGE, LEAKING, Reason
from postern.smtp.answer import Answer, outcome_of
from tests.catalogues import speaking
from tests.letters import ANNS_ALIAS, LIMITS, PUBLIC_URL
from tests.noticed import LETTERHEAD, NOW, ORIGINAL, Example, examples

ABOUT_NO_MAIL = (
    *(NoticeKind.CONFIRM_ADDRESS, NoticeKind.SIGN_IN),
    *(NoticeKind.ORDER_SHIPPED, NoticeKind.ORDER_DELIVERED, NoticeKind.ORDER_REFUNDED),
)
WRITTEN_DOWN = ("ar", "de", "en", "ja")  # a few that differ; the catalogues' tests look at all
GOLDEN = Path(__file__).parents[1] / "notices"
NOTICES = sorted(Path(notices.__file__).parent.glob("*.py"))
ENGLISH = examples("en")
BOUNCES = [kind for kind, example in ENGLISH.items() if example.failure]
ANSWERS = pytest.mark.parametrize("example", [one for one in ENGLISH.values() if one.answers])
EVERY = pytest.mark.parametrize("example", ENGLISH.values(), ids=list(ENGLISH))


def parsed(content: bytes) -> EmailMessage:
    """What the standard library reads: the oracle."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(example: Example) -> str:
    return read(example.compose(), LIMITS).letter.text or ""


def html_of(example: Example) -> str:
    return read(example.compose(), LIMITS).letter.html or ""


def octets_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def decoded(content: bytes) -> str:
    """Everything that a program can see of a mail: the header fields of each part, and each leaf, decoded."""
    parts = list(parsed(content).walk())
    return "\n".join([*(str(value) for part in parts for value in part.values()), *(octets_of(part).decode() for part in parts)])


def status_of(content: bytes) -> tuple[Message, Message]:
    """The two groups of a report's second part (RFC 3464 2.1)."""
    part = list(parsed(content).iter_parts())[1]
    about_mail, about_recipient = (group for group in part.walk() if group.get_content_type() != "message/delivery-status")
    return about_mail, about_recipient


def original_fields(content: bytes) -> dict[str, str]:
    part = list(parsed(content).iter_parts())[2]
    return {name: str(value) for name, value in parsed(octets_of(part)).items()}


@pytest.mark.parametrize("language", WRITTEN_DOWN)
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_each_notice_reads_as_it_is_written_down(kind: NoticeKind, language: str) -> None:
    """In ``tests/notices/LANGUAGE``: the mail, its text, its HTML. ``RENEW=1 bin/test tests/unit/test_mail_notice.py`` writes
    them anew; read what changed before you commit it.
    """
    example = examples(language)[kind]
    letter = read(example.compose(), LIMITS).letter
    written = {
        "eml": example.compose().decode("ascii").replace("\r\n", "\n"),
        "txt": letter.text or "",
        "html": letter.html or "",
    }
    folder = GOLDEN / language
    if os.environ.get("RENEW"):
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, words in written.items():
            (folder / f"{kind}.{suffix}").write_text(words, "utf-8")
    assert written == {suffix: (folder / f"{kind}.{suffix}").read_text("utf-8") for suffix in written}


def test_every_kind_of_notice_has_an_example_and_says_it_in_its_header() -> None:
    assert set(ENGLISH) == set(NoticeKind)
    assert [parsed(one.compose())["X-Postern-Notice"] for one in ENGLISH.values()] == list(ENGLISH)


@EVERY
def test_a_notice_comes_from_the_marketplace(example: Example) -> None:  # R30
    assert example.compose().startswith(b'From: "Example Market" <no-reply@marketplace.example>\r\n')
    assert parsed(example.compose())["Message-ID"] == LETTERHEAD.message_id
    assert "To" not in parsed(example.compose())


@ANSWERS
def test_a_notice_answers_the_mail_it_is_about(example: Example) -> None:  # R30
    message = parsed(example.compose())
    assert message["In-Reply-To"] == message["References"] == ORIGINAL.message_id


@EVERY
def test_robots_know_a_notice_for_what_it_is(example: Example) -> None:  # RFC 3834
    message = parsed(example.compose())
    assert message["Auto-Submitted"] == ("auto-replied" if example.answers else "auto-generated")
    assert message["Precedence"] == "bulk"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_a_notice_that_answers_no_mail_says_so() -> None:
    message = parsed(compose_notice(ENGLISH[NoticeKind.HELD].notice, LETTERHEAD))
    assert message["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in message
    assert "References" not in message


@pytest.mark.parametrize("message_id", ["", "none", "<a b@c>", "<>", "<a@b", "<" + "x" * 600 + "@b>"])
def test_a_message_id_that_is_none_is_not_answered(message_id: str) -> None:
    content = ENGLISH[NoticeKind.REFUSED].compose(replace(ORIGINAL, message_id=message_id))
    assert "In-Reply-To" not in parsed(content)
    assert "Message-ID" not in original_fields(content)


@EVERY
def test_text_and_html_say_the_same(example: Example) -> None:
    plain = re.sub(r"<[^<>]+>", " ", re.sub(r"<title>.*</title>", "", html_of(example)))
    plain = plain.replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">").replace("&amp;", "&")
    in_text = re.sub(r"^(-+|\* )|:\nhttps?:\S+$", "", text_of(example), flags=re.MULTILINE)
    assert re.sub(r"\s+", "", plain) == re.sub(r"\s+", "", in_text)
    assert re.findall(r"https?://\S+", text_of(example)) == [
        url.replace("&amp;", "&") for url in re.findall(r'href="([^"]+)"', html_of(example))
    ]


@EVERY
def test_the_text_fits_into_a_terminal(example: Example) -> None:
    assert all(len(line) <= 72 for line in text_of(example).splitlines())


@EVERY
def test_the_first_line_says_what_happened(example: Example) -> None:
    first = text_of(example).split("\n\n")[0]
    openings = {
        NoticeKind.ADDRESS_FAILING: "A buyer's message",
        NoticeKind.CONFIRM_ADDRESS: "Acme Books wants",
        NoticeKind.SIGN_IN: "Somebody, probably you",
        NoticeKind.ORDER_SHIPPED: "Acme Books has shipped",
        NoticeKind.ORDER_DELIVERED: "The carrier says",
        NoticeKind.ORDER_REFUNDED: "Money was paid back",
    }
    assert first.startswith(openings.get(example.notice.kind, "Your message"))
    assert first.endswith(".")


@EVERY
def test_the_html_brings_no_colours_images_or_scripts(example: Example) -> None:
    html = html_of(example)
    assert not re.search(r"color:|background|<img|<script|url\(|<link|<style", html)
    assert '<meta name="color-scheme" content="light dark">' in html


@pytest.mark.parametrize("kind", BOUNCES)
def test_a_bounce_is_a_delivery_status_report(kind: NoticeKind) -> None:
    content = ENGLISH[kind].compose()
    message = parsed(content)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert b"\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n" in content
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "multipart/alternative",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    about_mail, about_recipient = status_of(content)
    assert about_mail.items() == [
        ("Reporting-MTA", "dns; mx.marketplace.example"),
        ("Arrival-Date", "Tue, 24 Nov 2026 09:30:00 +0000"),
    ]
    assert about_recipient["Final-Recipient"] == f"rfc822; {ANNS_ALIAS}"
    assert about_recipient["Action"] == "failed"
    assert about_recipient["Status"].startswith("5.")


def test_a_report_about_no_mail_is_a_mistake_of_ours() -> None:
    example = ENGLISH[NoticeKind.REFUSED]
    with pytest.raises(AssertionError, match="about a mail"):
        compose_notice(example.notice, LETTERHEAD, None, example.failure)


@pytest.mark.parametrize("kind", BOUNCES)
def test_mailman_finds_the_alias_in_a_bounce_and_calls_it_permanent(kind: NoticeKind) -> None:
    temporary, permanent = all_failures(parsed(ENGLISH[kind].compose()))
    assert (set(temporary), set(permanent)) == (set(), {ANNS_ALIAS.encode()})


@EVERY
def test_our_own_reader_finds_nothing_to_complain_of(example: Example) -> None:
    reading = read(example.compose(), LIMITS)
    assert (reading.defects, reading.unreadable, reading.author_fields, len(reading.authors)) == ((), "", 1, 1)
    assert reading.letter.text
    assert reading.letter.html


@pytest.mark.parametrize(
    "failure, status, diagnostic",
    [
        (Failure(550, "5.7.1", "No."), "5.7.1", "smtp; 550 5.7.1 No."),
        (Failure(250, "2.0.0", "Taken, and blocked."), "5.7.1", "x-postern; Taken, and blocked."),
        (Failure(452, "5.4.7", "mailbox full"), "5.4.7", "smtp; 452 mailbox full"),
        (Failure(0, "5.4.7", "no answer came in time"), "5.4.7", "x-postern; no answer came in time"),
        (Failure(550, "5.1.1\r\nBcc: x", "a\r\nAction: delivered"), "5.7.1", "smtp; 550 5.7.1 a Action: delivered"),
        (Failure(550, "5.0.0", "x" * 5000), "5.0.0", f"smtp; 550 5.0.0 {'x' * 500}"),
    ],
)
def test_the_status_of_a_failure_is_permanent_and_its_diagnostic_honest(failure: Failure, status: str, diagnostic: str) -> None:
    content = Example(ENGLISH[NoticeKind.REFUSED].notice, failure).compose()
    _, about_recipient = status_of(content)
    assert about_recipient["Status"] == status
    assert " ".join(about_recipient["Diagnostic-Code"].split()) == diagnostic
    assert len(about_recipient.keys()) == 4


def test_the_last_attempt_is_dated_where_there_was_one() -> None:
    _, about_recipient = status_of(ENGLISH[NoticeKind.DELIVERY_FAILED].compose())
    assert about_recipient["Last-Attempt-Date"] == "Tue, 24 Nov 2026 09:30:00 +0000"


@pytest.mark.parametrize("kind", BOUNCES)
def test_of_the_original_four_fields_come_back_and_nothing_else(kind: NoticeKind) -> None:
    """S-15: neither a body nor a field that the bounced mail brought beside these."""
    assert original_fields(ENGLISH[kind].compose()) == {
        "To": ANNS_ALIAS,
        "Subject": ORIGINAL.subject,
        "Date": ORIGINAL.date,
        "Message-ID": ORIGINAL.message_id,
    }


def test_a_report_has_no_place_for_an_envelope_id_or_an_original_recipient() -> None:
    """S-15: ENVID and ORCPT are not taken, so they cannot be said back."""
    for kind in BOUNCES:
        about_mail, about_recipient = status_of(ENGLISH[kind].compose())
        assert not {"Original-Envelope-Id", "Original-Recipient", "Remote-MTA"} & {*about_mail.keys(), *about_recipient.keys()}
    assert {field.name for field in fields(Original)} == {"alias", "received_at", "subject", "message_id", "date", "order_id"}


@pytest.mark.parametrize(
    "date", ["", "Tue\r\nBcc: x@y", "yesterday\u2028", "Tue, 24 Nov 2026 10:29:58 +0100 <ann@mail.test>", "1" * 5000]
)
def test_a_date_that_is_none_does_not_come_back(date: str) -> None:
    assert "Date" not in original_fields(ENGLISH[NoticeKind.REFUSED].compose(replace(ORIGINAL, date=date)))


@pytest.mark.parametrize(
    "reply",
    [
        "5.1.1 <zoe@privat.example>: user unknown on mx7.privat.example",
        "zoe at privat.example: over quota (192.0.2.7)",
        "5.7.1 forwarding to zoe+shop@privat.example denied by MX7.PRIVAT.EXAMPLE",
    ],
)
def test_what_the_next_hop_replied_names_nobody_in_the_bounce(reply: str) -> None:
    """S-11: neither the address behind the alias nor the host that refused it, in any part."""
    outcome = outcome_of(Answer(550, reply))
    assert isinstance(outcome, Failed)
    example = Example(
        delivery_failed("en", ORIGINAL, outcome.enhanced, NOW), Failure(outcome.code, outcome.enhanced, outcome.text, NOW)
    )
    seen = decoded(example.compose()).lower()
    assert not [name for name in ("zoe", "privat", "mx7", "192.0.2.7") if name in seen]
    assert "smtp; 550 5." in seen


@EVERY
def test_a_notice_names_no_address_but_ours_and_the_alias(example: Example) -> None:
    """S-11: of the reader's own mail, its Message-ID alone looks like one."""
    found = set(re.findall(r"[\w.+-]+@[\w.-]+\w", decoded(example.compose())))
    ours = {"no-reply@marketplace.example", LETTERHEAD.message_id.strip("<>"), ORIGINAL.message_id.strip("<>")}
    assert found <= ours | {ANNS_ALIAS}


@EVERY
def test_a_notice_carries_no_more_of_a_mail_than_a_line(example: Example) -> None:
    """S-12: a bounce is no vehicle for what somebody wrote; of the longest subject a line fits, and it is one line."""
    long = replace(ORIGINAL, subject="Buy\r\nnow! " * 2_000, order_id="9" * 5_000)
    kind = example.notice.kind
    longest = examples("en", long)[kind].notice
    assert len(longest.subject) <= 120
    assert longest.subject.isprintable()
    text = text_of(replace(example, notice=longest))
    assert text.count("Buy now!") <= 30
    assert len(text) < len(text_of(example)) + 500


def test_a_mail_without_subject_is_still_named() -> None:
    bare = replace(ORIGINAL, subject=" \r\n", order_id="")
    about_mails = (example for kind, example in examples("en", bare).items() if kind not in ABOUT_NO_MAIL)
    for example in about_mails:
        assert example.notice.subject.endswith("(no subject)") or not example.answers
        assert "Subject: (no subject)" in text_of(example)
        assert "Order:" not in text_of(example)


def test_the_bounce_says_everything_a_seller_must_know() -> None:  # R8, R12
    bounce = " ".join(text_of(ENGLISH[NoticeKind.BUYER_OPTED_OUT]).split())
    explained = explain_critical("en")
    for sentence in (
        *explained.ways,
        *explained.critical,
        *explained.not_critical,
        explained.customised,
        explained.cancel_instead,
    ):
        assert sentence in bounce
    assert "the buyer has opted out" in bounce
    assert f"{PUBLIC_URL}/critical-messages?lang=en" in bounce


def test_the_bounce_says_how_to_stop_it_and_what_that_costs() -> None:  # R13
    bounce = " ".join(text_of(ENGLISH[NoticeKind.BUYER_OPTED_OUT]).split())
    assert 'Settings > Notification preferences > Messaging choose Edit, clear "Buyer opt-out", and Save' in bounce
    assert "By mail you can then no longer tell whether a message was delivered or blocked" in bounce
    assert "the pages Sent and Not delivered still show it" in bounce


def test_what_is_critical_and_what_is_not_are_told_apart() -> None:  # R10, R11
    explained = explain_critical("en")
    assert (len(explained.critical), len(explained.not_critical), len(explained.ways)) == (8, 4, 3)
    assert not set(explained.critical) & set(explained.not_critical)
    assert sum(MARK in way for way in explained.ways) == 1


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "data:text/html,x", "https://a b", "https://x/\r\nBcc: y", 'https://x/"onclick="', "//x"]
)
def test_a_link_leads_to_a_web_page_or_is_left_out(url: str) -> None:
    example = Example(buyer_opted_out("en", ORIGINAL, PUBLIC_URL, url))
    assert "Cancel an order" not in text_of(example)
    assert html_of(example).count("<a ") == 1


@pytest.mark.parametrize(
    "status, cause, remedy",
    [
        ("5.4.7", "until 24 November 2026, 09:30 UTC", "in some days"),
        ("5.2.2", "mailbox is full", "in some days"),
        ("5.2.3", "larger than", "smaller files"),
        ("5.3.4", "larger than", "smaller files"),
        ("5.1.1", "was not found", "Tell the marketplace"),
        ("5.2.1", "takes no mail at present", "tell the marketplace"),
        ("5.7.1", "refused it", "tell the marketplace"),
        ("5.0.0", "refused it", "tell the marketplace"),
        ("", "refused it", "tell the marketplace"),
        ("nonsense", "refused it", "tell the marketplace"),
    ],
)
def test_a_failed_delivery_says_its_cause_and_what_to_do(status: str, cause: str, remedy: str) -> None:
    words = " ".join(text_of(Example(delivery_failed("en", ORIGINAL, status, NOW))).split())
    assert cause in words
    assert remedy in words


@pytest.mark.parametrize(
    "status, cause",
    [("5.2.2", "mailbox is full"), ("5.1.1", "not found"), ("5.2.1", "not found"), ("4.4.7", "refused"), ("", "refused")],
)
def test_a_failing_address_is_told_with_its_cause_and_answers_nobodys_mail(status: str, cause: str) -> None:
    example = Example(address_failing("en", ANNS_ALIAS, ORIGINAL.subject, NOW, status), answers=False)
    words = " ".join(text_of(example).split())
    assert cause in words
    assert f"From: {ANNS_ALIAS}" in words
    assert "once a day at most" in words
    assert "In-Reply-To" not in parsed(example.compose())
    assert parsed(example.compose()).get_content_type() == "multipart/alternative"


def test_copies_elsewhere_are_counted_and_not_named() -> None:
    words = " ".join(text_of(Example(outside_copy("en", ORIGINAL, 3))).split())
    assert "Their number: 3." in words
    assert words.count("@") == 2  # the alias, twice


@pytest.mark.parametrize(
    "kind, reason",
    [
        (NoticeKind.REFUSED, ATTACHMENTS_TOO_LARGE),
        (NoticeKind.HELD, LEAKING),
        (NoticeKind.HOLD_REFUSED, LEAKING),
        (NoticeKind.HOLD_EXPIRED, LEAKING),
    ],
)
def test_a_reason_is_said_with_its_remedy(kind: NoticeKind, reason: Reason) -> None:
    words = " ".join(text_of(ENGLISH[kind]).split())
    assert reason.sentence in words
    assert reason.remedy in words


def test_what_somebody_typed_is_no_pattern_and_no_markup() -> None:
    typed = replace(ORIGINAL, subject="{alias} <b>&amp;</b> {0}")
    example = Example(examples("en", typed)[NoticeKind.REFUSED].notice)
    assert "{alias} <b>&amp;</b> {0}" in text_of(example)
    assert "{alias} &lt;b&gt;&amp;amp;&lt;/b&gt; {0}" in html_of(example)


def test_paragraphs_lay_themselves_out() -> None:
    notice = Notice(
        NoticeKind.HELD,
        "en",
        "Layout",
        (
            Heading("Heading"),
            Points(("word " * 20, "short")),
            Particulars((("Name", "value " * 15),)),
            Link("Here", "https://marketplace.example/" + "x" * 80),
            Text("x" * 100),
            Text(""),
        ),
    )
    text = read(compose_notice(notice, LETTERHEAD), LIMITS).letter.text or ""
    assert text.startswith("Heading\n-------\n\n* word word")
    assert "\n  word" in text
    assert "\n  Name: value" in text
    assert "\n    value" in text
    assert f"Here:\nhttps://marketplace.example/{'x' * 80}\n" in text


def test_a_hold_says_until_when() -> None:
    assert "1 December 2026, 09:30 UTC" in " ".join(text_of(ENGLISH[NoticeKind.HELD]).split())


def sentences(path: Path) -> Iterator[str]:
    """Every sentence that a module hands to ``say``; one that is no literal could not be found by translators' programs."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            sentence = node.args[1]
            assert isinstance(sentence, ast.Constant), f"{path.name}:{node.lineno}"
            assert isinstance(sentence.value, str)
            yield sentence.value


def words_of(notice: Notice) -> Iterator[str]:
    """Each piece of a notice that is ours."""
    yield notice.subject
    for paragraph in notice.paragraphs:
        match paragraph:
            case Heading(words) | Text(words) | Link(words, _):
                yield words
            case Points(items):
                yield from items
            case Particulars(rows):
                yield from (name for name, _ in rows)


def test_each_piece_of_a_notice_is_one_sentence_that_can_be_translated(tmp_path: Path) -> None:
    ours = [sentence for path in (*NOTICES, NOTICES[0].parents[1] / "notice.py") for sentence in sentences(path)]
    causes = [words for reason in ALL for words in (reason.sentence, reason.remedy)]
    marked = {sentence: f"\u27e6{sentence}\u27e7" for sentence in (*ours, *causes)}
    with speaking(tmp_path, {"ar": marked}):
        for example in examples("ar").values():
            for words in words_of(example.notice):
                assert re.fullmatch("\u27e6[^\u27e6\u27e7]+\u27e7", words), words
            assert text_of(example).rstrip().endswith("\u27e7")


def test_a_notice_in_a_language_read_from_right_to_left_says_so(tmp_path: Path) -> None:
    with speaking(tmp_path, {"ar": {"What to do": "\u0645\u0627 \u0627\u0644\u0639\u0645\u0644"}}):
        html = html_of(examples("ar")[NoticeKind.REFUSED])
    assert '<html lang="ar" dir="rtl">' in html
    assert '<div lang="ar" dir="rtl"' in html
    assert f"<bdi>{ANNS_ALIAS}</bdi>" in html


@pytest.mark.parametrize("language", ["tlh", "xx", "", "../..", "<b>"])
def test_a_notice_in_a_language_that_does_not_exist_is_in_english_and_says_so(language: str) -> None:
    example = examples(language)[NoticeKind.HELD]
    assert '<html lang="en" dir="ltr">' in html_of(example)
    assert text_of(example) == text_of(ENGLISH[NoticeKind.HELD])
