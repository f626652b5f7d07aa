"""The recogniser meets any octets; what is a robot's stays so whatever stands beside it, and without its signs it is nobody's."""

import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from postern.mail.automatic import FIELDS, recognise
from postern.mail.reader import read
from postern.mail.signs.helpdesks import is_from_helpdesk
from postern.model.automatic import Automatic, AutomaticKind
from postern.model.envelope import Envelope
from tests.automatic_mails import HELPDESKS, PROGRAMS, Specimen, people, robots
from tests.letters import LIMITS, octets

ROBOTS = list(robots())
PEOPLE = list(people())
HONEST_LINES = sorted({line for lines in PROGRAMS.values() for line in lines})
NAMES = st.sampled_from(sorted(FIELDS | {"from", "subject", "message-id", "sender"}))
VALUES = st.text(max_size=60) | st.sampled_from(
    [
        "auto-replied",
        "auto-generated (failure)",
        "((((",
        "<>",
        "no",
        "bulk",
        "a:b:c:d",
        "MAILER-DAEMON@mx.test",
        "multipart/report; report-type=",
        "text/calendar; method=REPLY",
        "Automatic reply:",
        "[【自動返信】",
        "Re: Re: Re:",
    ]
)
PATHS = st.sampled_from(["", "<>", "@", "ann@mail.test", "rp-x@marketplace.example", "SRS0=a=b=c=d@e", "mailer-daemon"])
RECIPIENTS = st.lists(st.sampled_from(["", "@", "postmaster", "k3v9x0q2m7t4w1z@marketplace.example"]), max_size=3).map(tuple)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=12), st.binary(max_size=300), PATHS, RECIPIENTS)
def test_nothing_makes_the_recogniser_fail(
    fields: list[tuple[str, str]], body: bytes, path: str, recipients: tuple[str, ...]
) -> None:
    header = "".join(f"{name}: {' '.join(value.splitlines())}\r\n" for name, value in fields)
    found = recognise(read(header.encode("utf-8", "replace") + b"\r\n" + body, LIMITS), Envelope(path, recipients))
    assert found is None or isinstance(found, Automatic)


@given(st.binary(max_size=2_000), PATHS)
def test_no_octets_make_it_fail(content: bytes, path: str) -> None:
    found = recognise(read(content, LIMITS), Envelope(path, ("k3v9x0q2m7t4w1z@marketplace.example",)))
    assert found is None or isinstance(found, Automatic)


@given(st.sampled_from(ROBOTS), st.lists(st.sampled_from(HONEST_LINES), max_size=8), st.booleans())
def test_no_persons_field_beside_its_own_makes_a_robots_mail_a_persons(robot: Specimen, lines: list[str], first: bool) -> None:
    assert recognise(robot.reading(*lines, first=first), robot.envelope) is not None


@given(st.sampled_from(PEOPLE), st.sampled_from(ROBOTS))
def test_a_mail_of_a_person_with_the_fields_of_a_robot_is_a_robots(person: Specimen, robot: Specimen) -> None:
    """Whatever the person's program adds, unless it is a helpdesk's stamp, which excuses what is not certain."""
    both = robot.reading(*person.lines)
    if not is_from_helpdesk(both, robot.envelope):
        assert recognise(both, robot.envelope) is not None


@given(st.sampled_from(ROBOTS), st.sampled_from(sorted(HELPDESKS)))
def test_a_helpdesks_stamp_excuses_what_machines_and_lists_send_and_no_answer_of_a_robot(robot: Specimen, helpdesk: str) -> None:
    if robot.kind not in {AutomaticKind.MACHINE, AutomaticKind.BULK, AutomaticKind.MAILING_LIST, AutomaticKind.DELIVERY_REPORT}:
        assert recognise(robot.reading(*HELPDESKS[helpdesk]), robot.envelope) is not None


@given(st.sampled_from(ROBOTS))
def test_without_any_sign_it_is_a_persons(robot: Specimen) -> None:
    kept = [line for line in robot.lines if line.partition(":")[0].lower() not in FIELDS | {"from", "subject", "message-id"}]
    plain = replace(robot, lines=("From: ann@mail.test", "Subject: Atlas", *kept), body="Hello\n", reverse_path="ann@mail.test")
    assert recognise(plain.reading(), plain.envelope) is None


def test_what_it_takes_grows_with_the_mail_alone() -> None:
    hostile = [
        "Subject: " + "[" * 15_000,
        "Subject: " + "re:" * 5_000,
        "Subject: " + "a is " * 3_000,
        "Subject: Report Domain:" + " " * 15_000,
        "From: " + "no" * 7_000 + "@x.test",
        *("Auto-Submitted: " + "(" * 15_000 for _ in range(3)),
        *("Content-Type: multipart/report" + ";a=b" * 3_000 for _ in range(2)),
        *(f"X-Mailer: {'front' * 3_000}" for _ in range(2)),
        f"Sender: {'owner-' * 2_500}",
    ]
    for lines in ([line] for line in hostile):
        reading = read(octets("\n".join(lines) + "\n\n"), LIMITS)
        began = time.process_time()
        recognise(reading, Envelope("ann@mail.test", ("k3v9x0q2m7t4w1z@marketplace.example",)))
        assert time.process_time() - began < 0.1
