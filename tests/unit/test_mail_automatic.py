from collections.abc import Iterable
from dataclasses import replace

import pytest

from postern.mail.automatic import FIELDS, recognise
from postern.mail.signs.own import NOTICE_FIELD
from postern.mail.threading import own_message_id
from postern.model.automatic import Automatic, AutomaticKind
from postern.model.envelope import Envelope
from tests.automatic_mails import HELPDESKS, SUBJECTS, Specimen, auto_replies, delivery_reports, others, people, robots
from tests.letters import ANNS_ALIAS, FROM_ANN, MESSAGE, letter_of, reading_of, relay

KIND = AutomaticKind
HOME = Envelope("ann@mail.test", (ANNS_ALIAS,))


def recognised(specimen: Specimen) -> Automatic | None:
    return recognise(specimen.reading(), specimen.envelope)


def names(specimens: Iterable[Specimen]) -> list[str]:
    return [specimen.name for specimen in specimens]


def of(header: str, envelope: Envelope = HOME) -> AutomaticKind | None:
    found = recognise(reading_of(f"From: Ann Example <ann@mail.test>\n{header}\n\nHello\n"), envelope)
    return found.kind if found else None


# The measure: what is recognised, and what must not be


def test_delivery_reports_are_recognised_and_called_so() -> None:  # M-12
    reports = list(delivery_reports())
    found = [recognised(one) for one in reports]
    assert len(reports) >= 45
    assert len([one for one in found if one and one.kind is KIND.DELIVERY_REPORT]) >= 0.99 * len(reports)


def test_automatic_replies_are_recognised_in_every_language() -> None:  # M-13
    replies = list(auto_replies())
    assert len(replies) >= 80
    assert len([one for one in replies if recognised(one)]) >= 0.95 * len(replies)


@pytest.mark.parametrize("specimen", [*auto_replies(), *others()], ids=lambda specimen: specimen.name)
def test_every_other_robot_is_called_by_its_kind(specimen: Specimen) -> None:
    found = recognised(specimen)
    assert found is not None
    assert found.kind is specimen.kind


def test_no_persons_mail_is_called_automatic() -> None:
    written = list(people())
    assert len(written) >= 80
    assert not {one.name: found for one in written if (found := recognised(one))}


def test_every_kind_has_its_specimens() -> None:
    assert {one.kind for one in robots()} == set(KIND)


def test_no_specimen_is_there_twice() -> None:
    every = names((*robots(), *people()))
    assert len(every) == len(set(every))


def test_every_field_that_is_asked_for_is_borne_by_some_specimen() -> None:
    every = (*robots(), *people())
    borne = {line.partition(":")[0].lower() for one in every for line in one.lines}
    assert not FIELDS - borne


# Signs


@pytest.mark.parametrize(
    "value, kind",
    [
        ("no", None),
        ("No", None),
        ("(auto-replied) no", None),
        ("no; comment=auto-replied", None),
        ("", None),
        ("auto-replied", KIND.AUTO_REPLY),
        ("auto-replied; owner-token=17", KIND.AUTO_REPLY),
        ("(robots (of (course))) auto-replied (really", KIND.AUTO_REPLY),
        (") auto-replied", KIND.AUTO_REPLY),
        ("auto-generated", KIND.MACHINE),
        ("auto-generated (failure)", KIND.DELIVERY_REPORT),
        ("auto-notified", KIND.MACHINE),
        ("auto-foo", KIND.MACHINE),
        ("yes", KIND.MACHINE),
    ],
)
def test_auto_submitted_is_read_with_comments_and_parameters(value: str, kind: AutomaticKind | None) -> None:
    assert of(f"Auto-Submitted: {value}") is kind


@pytest.mark.parametrize("value", ["auto_reply", "Auto-Reply", "autoreply", "auto_reply; x"])
def test_a_precedence_of_replies_is_certain(value: str) -> None:
    assert of(f"Precedence: {value}") is KIND.AUTO_REPLY


@pytest.mark.parametrize(
    "header",
    [
        "Precedence: bulk",
        "Precedence: list",
        "Precedence: junk",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: All\nPrecedence: bulk",
        "List-Unsubscribe: <mailto:u@acme.test>",
        "Feedback-ID: 17:17.9:campaign:mailhouse",
        "X-Loop: somebody@mail.test",
        "From: no-reply@acme.test",
        "From: postmaster@acme.test",
        "Subject: Undeliverable: parcel",
    ],
)
def test_what_asks_for_no_answer_proves_nothing_alone(header: str) -> None:
    assert of(header) is None


@pytest.mark.parametrize(
    "header, kind",
    [
        ("Precedence: bulk\nList-Unsubscribe: <mailto:u@acme.test>", KIND.BULK),
        ("Feedback-ID: 17:17.9:campaign:mailhouse\nList-Unsubscribe: <mailto:u@acme.test>", KIND.BULK),
        ("From: no-reply@acme.test\nX-Auto-Response-Suppress: All", KIND.MACHINE),
        ("From: postmaster@acme.test\nSubject: Undeliverable: parcel", KIND.DELIVERY_REPORT),
        ("Subject: [Request received] parcel\nX-Auto-Response-Suppress: All", KIND.AUTO_REPLY),
    ],
)
def test_two_of_them_prove_it_together(header: str, kind: AutomaticKind) -> None:
    assert of(header) is kind


@pytest.mark.parametrize("helpdesk", [name for name in HELPDESKS if "un" not in name.lower()])
@pytest.mark.parametrize(
    "certain", ["Auto-Submitted: auto-replied", "Precedence: auto_reply", "X-Autoreply: yes", "Return-Path: <>"]
)
def test_no_helpdesk_excuses_a_certain_sign(helpdesk: str, certain: str) -> None:
    assert of("\n".join((*HELPDESKS[helpdesk], certain))) is not None


def test_what_a_helpdesk_answers_by_itself_is_told_from_its_agents() -> None:
    zendesk = "\n".join(HELPDESKS["Zendesk"])
    assert of(f"{zendesk}\nSubject: Re: Where is my atlas?") is None
    assert of(f"{zendesk}\nSubject: [Request received] Where is my atlas?") is KIND.AUTO_REPLY


def test_an_empty_reverse_path_is_a_machines() -> None:
    assert of("Subject: Hello", replace(HOME, reverse_path="")) is KIND.MACHINE
    assert of("Subject: Hello", replace(HOME, reverse_path="<>")) is KIND.MACHINE


def test_an_answer_to_an_automatic_mail_is_a_persons_and_so_is_passing_it_on() -> None:
    assert of("Subject: Automatic reply: Atlas") is KIND.AUTO_REPLY
    assert of("Subject: Re: Automatic reply: Atlas") is None
    assert of("Subject: Fwd: Automatic reply: Atlas") is None


@pytest.mark.parametrize("subject", SUBJECTS)
def test_an_empty_path_or_a_field_tells_where_a_subject_does_not(subject: str) -> None:
    assert of(f"Subject: {subject}", replace(HOME, reverse_path="")) is not None
    assert of(f"Subject: {subject}\nAuto-Submitted: auto-replied") is not None


def test_the_sign_says_by_what_and_never_repeats_the_mail() -> None:
    header = (
        'Auto-Submitted: auto-ann@mail.test\nSubject: Undeliverable: ann@mail.test\nFrom: "Mail System" <postmaster@mail.test>'
    )
    found = recognise(reading_of(f"{header}\n\n"), HOME)
    assert found == Automatic(KIND.DELIVERY_REPORT, "Auto-Submitted: another keyword than no; From is a postmaster's")


# Our own mail, come back (S-13)


def test_a_relayed_mail_that_comes_back_is_our_own() -> None:
    back = letter_of(relay("From: ann@mail.test\nSubject: Where is my atlas?\n\nHello\n"))
    assert recognise(back, Envelope("ann@mail.test", (ANNS_ALIAS,))) == Automatic(KIND.OWN, "the Message-ID is ours")


def test_a_relayed_mail_itself_looks_like_a_persons_to_everyone_else() -> None:
    sent = letter_of(relay("From: ann@mail.test\nSubject: Where is my atlas?\n\nHello\n"))
    assert recognise(sent, Envelope("rp-x@marketplace.example", ("help@acme.test",))) is None


def test_a_notice_that_comes_back_is_our_own_whatever_else_it_bears() -> None:
    header = f"Auto-Submitted: auto-generated\n{NOTICE_FIELD}: held\nContent-Type: multipart/report; report-type=delivery-status"
    assert of(header) is KIND.OWN


def test_an_answer_to_a_mail_or_a_notice_of_ours_is_not_our_own() -> None:
    ours = own_message_id(MESSAGE, "marketplace.example")
    assert of(f"Subject: Re: Not delivered\nIn-Reply-To: {ours}\nReferences: {ours}") is None


def test_another_house_with_the_same_program_is_not_us() -> None:
    theirs = own_message_id(MESSAGE, "other-market.example")
    assert of(f"Message-ID: {theirs}", Envelope("rp-abc@other-market.example", (ANNS_ALIAS,))) is None


def test_without_recipients_only_a_notice_is_known_as_ours() -> None:
    nowhere = Envelope("ann@mail.test", ())
    assert of(f"Message-ID: {own_message_id(MESSAGE, FROM_ANN.mail_domain)}", nowhere) is None
    assert of(f"{NOTICE_FIELD}: held", nowhere) is KIND.OWN
