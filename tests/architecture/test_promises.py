import re

from tests.architecture.source import ROOT, carrying_tests, cited_promises, product

KEPT = re.compile(r"^- \*\*(R\d{1,2})\*\* ", re.MULTILINE)
PROMISES = ROOT / "docs" / "promises.md"


def kept() -> list[str]:
    return KEPT.findall(PROMISES.read_text(encoding="utf-8"))


def cited_by_tests() -> set[str]:
    return {promise for module in carrying_tests() for text in module.prose() for promise in cited_promises(text)}


def cited_by_code() -> set[str]:
    return {promise for module in product() for text in module.prose() for promise in cited_promises(text)}


def test_every_promise_that_is_said_to_be_kept_is_carried_by_a_test() -> None:
    assert kept()
    assert not set(kept()) - cited_by_tests()


def test_every_promise_that_code_or_tests_cite_can_be_looked_up() -> None:
    assert not (cited_by_code() | cited_by_tests()) - cited_promises(PROMISES.read_text(encoding="utf-8"))


def test_no_promise_is_listed_twice() -> None:
    assert len(kept()) == len(set(kept()))


def test_a_range_of_promises_cites_each_of_them() -> None:
    assert cited_promises("the aliases (R1 to R4), R9") == {"R1", "R2", "R3", "R4", "R9"}
