"""What domains publish, and which names are of one house (RFC 7489, and the walk up the tree)."""

import pytest

from postern.model.authentication import Aligned, Published, Result
from postern.smtp.authentication.answers import Answer, Answers, Kind, OpenQuestionsError, Question
from postern.smtp.authentication.dmarc import House, find_house
from tests.proofs import Dns

PLAIN = '_dmarc.acme.test. TXT "v=DMARC1; p=reject; sp=quarantine; np=none"\n'


def house(domain: str, zone: str, silent: frozenset[str] = frozenset(), author: str = "") -> tuple[House, Answers]:
    dns = Dns(zone, silent)
    known: dict[Question, Answer] = {}
    while True:
        answers = Answers(known)
        try:
            found = find_house(domain, answers, author)
            found.published(answers)
        except OpenQuestionsError as still_open:
            known |= {one: dns.answer(one) for one in still_open.questions}
        else:
            return found, answers


def aligned(author: str, other: str, zone: str, *, strict: bool = False) -> Aligned:
    return house(author, zone)[0].holds(house(other, zone, author=author)[0], strict=strict)


@pytest.mark.parametrize(
    "author, other, zone, expected",
    [
        ("acme.test", "acme.test", "", Aligned.YES),
        ("acme.test", "mail.acme.test", "", Aligned.NO),  # nobody said that they belong together
        ("acme.test", "mail.acme.test", PLAIN, Aligned.YES),
        ("mail.acme.test", "acme.test", PLAIN, Aligned.YES),
        ("a.acme.test", "b.acme.test", PLAIN, Aligned.YES),
        ("acme.test", "notacme.test", PLAIN, Aligned.NO),
        ("acme.test", "acme.test.lies.test", PLAIN, Aligned.NO),
        ("a.test", "b.test", '_dmarc.test. TXT "v=DMARC1; p=none"\n', Aligned.NO),  # a top level is nobody's house
        ("a.shops.test", "b.shops.test", '_dmarc.shops.test. TXT "v=DMARC1; psd=y"\n', Aligned.NO),
        ("x.a.shops.test", "y.a.shops.test", '_dmarc.shops.test. TXT "v=DMARC1; psd=y"\n', Aligned.YES),
        ("x.a.acme.test", "acme.test", PLAIN + '_dmarc.a.acme.test. TXT "v=DMARC1; psd=n"\n', Aligned.NO),
        ("acme.test", "mail.acme.test", PLAIN + PLAIN.replace("reject", "none"), Aligned.NO),  # two records are none
        ("acme.test", "mail.acme.test", '_dmarc.acme.test. TXT "v=DMARC2; p=none"\n', Aligned.NO),
        ("acme.test", "mail.acme.test", '_dmarc.acme.test. TXT "p=none; v=DMARC1"\n', Aligned.NO),
        ("acme.test", "1.2.3.4.5.6.7.8.9.acme.test", PLAIN, Aligned.YES),
    ],
)
def test_two_names_are_of_one_house_where_it_is_published(author: str, other: str, zone: str, expected: Aligned) -> None:
    assert aligned(author, other, zone) is expected


def test_whoever_asks_for_the_very_name_gets_it() -> None:
    assert aligned("acme.test", "mail.acme.test", PLAIN, strict=True) is Aligned.NO
    assert aligned("acme.test", "acme.test", PLAIN, strict=True) is Aligned.YES


def test_a_silent_name_server_leaves_it_open() -> None:
    silent = frozenset({"_dmarc.acme.test"})
    one, _ = house("acme.test", PLAIN, silent)
    other, _ = house("mail.acme.test", PLAIN, silent, author="acme.test")
    assert one.holds(other, strict=False) is Aligned.UNKNOWN_NOW
    same, _ = house("acme.test", PLAIN, silent, author="acme.test")
    assert one.holds(same, strict=False) is Aligned.YES  # the very name needs nobody's word


@pytest.mark.parametrize(
    "domain, zone, published",
    [
        ("acme.test", "", Published()),
        ("acme.test", PLAIN, Published(Result.PASS, "reject")),
        ("mail.acme.test", PLAIN + "mail.acme.test. A 192.0.2.1\n", Published(Result.PASS, "quarantine")),
        ("nowhere.acme.test", PLAIN, Published(Result.PASS, "none")),
        (
            "acme.test",
            '_dmarc.acme.test. TXT "v=DMARC1; p=quarantine; t=y"\n',
            Published(Result.PASS, "quarantine", is_testing=True),
        ),
        ("acme.test", '_dmarc.acme.test. TXT "v=DMARC1; p=sometimes"\n', Published(Result.PASS, "none")),
        ("acme.test", '_dmarc.acme.test. TXT "v=DMARC1; =;"\n', Published()),
    ],
)
def test_what_a_domain_asks_for_is_told(domain: str, zone: str, published: Published) -> None:
    found, answers = house(domain, zone)
    assert found.published(answers) == published


def test_of_a_stranger_nothing_is_asked() -> None:
    assert find_house("lies.example", Answers({}), "acme.test").name == "lies.example"


def test_no_more_than_eight_names_are_asked_for_however_long_one_is() -> None:
    with pytest.raises(OpenQuestionsError) as still_open:
        find_house(".".join("x" * 40) + ".acme.test", Answers({}))
    assert len(still_open.value.questions) == 8
    assert Question.of("_dmarc.acme.test", Kind.TXT) in still_open.value.questions
