"""What comes back to a return path is understood in the form of every program that we know, and never for more than it says."""

import re
from dataclasses import replace

import pytest

from postern.model.enhanced_status import KNOWN, is_hard, known_status, says_nothing, words_of
from postern.model.failure_report import FailureReport, ReportKind
from postern.model.limits import Limits
from tests.failure_reports import OUR_MAIL, Specimen, every, head, no_failures, of_ann, report_of, standard, status_part

SPECIMENS = list(every())


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_each_says_what_it_means(specimen: Specimen) -> None:
    found = specimen.reading()
    assert (found.kind, found.status) == (specimen.kind, specimen.status), found.form


def test_no_specimen_is_there_twice_and_every_kind_has_its_own() -> None:
    assert len({one.name for one in SPECIMENS}) == len(SPECIMENS) >= 65
    assert {one.kind for one in SPECIMENS} == set(ReportKind)


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_a_reverse_path_that_a_gateway_rewrote_changes_nothing(specimen: Specimen) -> None:
    assert replace(specimen, reverse_path="postmaster@gateway.test").reading().kind is specimen.kind


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_nothing_comes_out_but_codes_and_words_of_ours(specimen: Specimen) -> None:
    """S-11."""
    found = specimen.reading()
    assert found.status == "" or (re.fullmatch(r"[245]\.[0-7]\.\d{1,2}", found.status) and found.status[2:] in KNOWN)
    assert not re.search(r"@|mail\.test|ann|atlas", found.form, re.IGNORECASE)


def test_what_our_own_mail_says_is_not_what_the_report_says() -> None:
    """It is sent back in full: its words about failures are ours, or its author's."""
    for before in ("", "\n------ This is a copy of the message, including all the headers. ------\n\n"):
        words = f"Thank you for your mail.\n{before}{OUR_MAIL}"
        assert report_of((head("x@mail.test", "Re: Your atlas") + words).encode()).kind is ReportKind.OTHER


def test_a_status_part_inside_the_mail_that_came_back_counts_for_nothing() -> None:
    """Whoever writes to Ann cannot make their own mail fail by what they enclose in it."""
    enclosed = f"--c\nContent-Type: message/delivery-status\n\n{of_ann('failed', '5.1.1')}\n--c--\n"
    inner = f"From: a@b.test\nContent-Type: multipart/mixed; boundary=c\n\n{enclosed}"
    mail = head("x@mail.test", "Re: Your atlas", "Content-Type: multipart/mixed; boundary=b", "Auto-Submitted: auto-replied")
    mail += f"--b\n\nThank you.\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--\n"
    assert report_of(mail.encode()).kind is ReportKind.OTHER


def test_numbers_that_are_no_codes_are_not_taken_for_codes() -> None:
    for number in ("5.1.1.7", "192.5.1.1", "15.1.1", "5.1.1234", "4.94.2", "5.9.1"):
        mail = head("MAILER-DAEMON@mx.test", "failure notice") + f"Not delivered. {number} is a number. 550 no.\n"
        assert report_of(mail.encode()) == FailureReport(ReportKind.FAILED, "5.0.0", "a mail server's words"), number


def test_only_so_much_of_a_text_and_only_so_many_recipients_are_looked_at() -> None:
    """`bounce_text`, `bounce_recipients`."""
    far = head("x@mail.test", "Mail") + "x" * 500 + " this is the qmail-send program at mx.test (#5.1.1)\n"
    assert report_of(far.encode()).kind is ReportKind.FAILED
    assert report_of(far.encode(), limits=Limits(bounce_text=400)).kind is ReportKind.OTHER
    late = standard(of_ann("delayed", "4.0.0") * 3 + of_ann("failed", "5.1.1"))
    assert report_of(late.encode()).kind is ReportKind.FAILED
    assert report_of(late.encode(), limits=Limits(bounce_recipients=3)).kind is ReportKind.DELAYED
    long = standard(status_part(*("X-Line: 1",) * 100, "Action: failed"))
    assert report_of(long.encode(), limits=Limits(bounce_text=400)).status == "5.0.0"  # its subject still says so


def test_what_says_that_an_address_is_gone_is_hard_and_everything_else_is_soft() -> None:
    hard = {kind for kind in KNOWN if is_hard(f"5.{kind}")}
    assert hard == {"1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "7.17", "7.18"}
    assert not [kind for kind in KNOWN if is_hard(f"4.{kind}") or is_hard(f"2.{kind}")]
    assert FailureReport(ReportKind.FAILED, "5.1.1").hard
    assert not FailureReport(ReportKind.DELAYED, "5.1.1").hard
    assert not FailureReport(ReportKind.FAILED, "4.1.1").hard


def test_a_code_is_one_of_the_table_or_says_less() -> None:
    assert [known_status(text) for text in ("5.1.1", "5.1.99", "5.0.7", "5.01.1", "5.8.1", "3.1.1", "", "5.1.01", "5.1.1 ")] == [
        "5.1.1",
        "5.1.0",
        "5.0.0",
        "",
        "",
        "",
        "",
        "5.1.1",
        "",
    ]
    assert [says_nothing(code) for code in ("", "5.0.0", "5.1.0", "5.1.10", "5.1.1")] == [True, True, True, False, False]
    assert words_of("5.1.1") == "no such mailbox"
    assert words_of("5.6.66") == words_of("") == "no cause given"


def test_what_is_no_failure_is_never_hard() -> None:
    assert not [one.name for one in no_failures() if one.reading().hard]
