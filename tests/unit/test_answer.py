import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postern.model.delivery import Deferred, Delivered, Failed
from postern.smtp.answer import HIDDEN, LATE, LOST, UNREADABLE, Answer, outcome_of, redacted


@pytest.mark.parametrize(
    "code, text, expected",
    [
        (250, "2.0.0 Ok: queued as 4XYZ12", Delivered(250, "2.0.0", "Ok queued as ...")),
        (250, "", Delivered(250, "2.0.0", "")),
        (452, "4.2.2 mailbox full", Deferred(452, "4.2.2", "mailbox full")),
        (550, "5.1.1 <zoe@private.example>: user unknown", Failed(550, "5.1.1", "... user unknown")),
        (550, "no such user", Failed(550, "5.0.0", "no such user")),
        (550, "2.1.1 classes disagree", Failed(550, "5.0.0", "2.1.1 ...")),  # RFC 2034 4
        (550, "5.1.1\n5.1.1 user\n5.1.1 unknown", Failed(550, "5.1.1", "5.1.1 user 5.1.1 unknown")),
        (334, "go on", Deferred(334, "4.5.0", "the answer was not SMTP")),
    ],
)
def test_an_answer_becomes_its_outcome(code: int, text: str, expected: object) -> None:
    assert outcome_of(Answer(code, text)) == expected


@pytest.mark.parametrize("reason", [LOST, LATE, UNREADABLE])
def test_no_answer_to_the_final_dot_leaves_open_whether_the_mail_was_taken(reason: Answer) -> None:
    before, after = outcome_of(reason), outcome_of(reason, after_dot=True)
    assert isinstance(before, Deferred)
    assert isinstance(after, Deferred)
    assert (before.indeterminate, after.indeterminate) == (False, True)
    assert before.enhanced.startswith("4.")


@pytest.mark.parametrize(
    "reply",
    [
        "<zoe@private.example> over quota",
        "zoe: user unknown",
        "User zoe (expanded from <zoe.private>) unknown",
        "zoe%40private.example is disabled",
        "host mx1.private.example[203.0.113.9] refused",
        "client [2001:db8::7] blocked using zen.spamhaus.org; see https://check.private.example/zoe?ip=203.0.113.9",
        "zoe=private.example@forwarder.example rejected",
        "Z\u00d6E unknown",
        "user ZOE/private full",
    ],
)
def test_a_quoted_address_host_or_name_is_not_kept(reply: str) -> None:
    kept = redacted(reply).lower()
    for telling in ("zoe", "private", "forwarder", "203.0", "2001", "z\u00d6e", "40private", "http"):
        assert telling not in kept
    assert HIDDEN in kept


@given(st.text(max_size=3_000))
@example("\u212a" * 5)  # lower-cases into ASCII
@example("\udcff\udcfe user")
def test_what_is_kept_is_short_printable_ascii(reply: str) -> None:
    kept = redacted(reply)
    assert len(kept) <= 200
    assert all(" " <= character <= "~" for character in kept)


@given(st.from_regex(r"[a-z][a-z0-9._-]{2,15}@[a-z][a-z0-9-]{2,12}\.(test|example)", fullmatch=True))
def test_no_address_survives_in_any_of_the_usual_places(address: str) -> None:
    for template in ("{}", "<{}>", "({})", "user {} unknown", "{}: full", "'{}', over-quota", "to={},relay=x"):
        assert address not in redacted(template.format(address))
        assert address.partition("@")[2] not in redacted(template.format(address))
