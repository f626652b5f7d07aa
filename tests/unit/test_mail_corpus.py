"""Golden pairs: mails as they came and as they leave. ``why.txt`` beside each pair says what it is for."""

import random
import re
from pathlib import Path

import pytest

from postern.mail.letter import Leaking, Passage, Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from tests.letters import FROM_ACME, FROM_ANN, LIMITS, numbered_boundaries, octets

CORPUS = Path(__file__).parents[1] / "corpus"
PAIRS = sorted(path for path in CORPUS.iterdir() if path.is_dir())


def original(pair: Path) -> Path:
    return next(pair.glob("from-*.eml"))


def passage_of(pair: Path) -> Passage:
    return FROM_ANN if original(pair).stem == "from-buyer" else FROM_ACME


def relayed_form(pair: Path) -> str:
    """The pair's mail as it leaves today."""
    relayed = rewrite(read(octets(original(pair).read_text("utf-8")), LIMITS), passage_of(pair), numbered_boundaries())
    assert isinstance(relayed, Relayed)
    return _with_fixed_names(relayed.content.decode("ascii").replace("\r\n", "\n"))


def _with_fixed_names(content: str) -> str:
    """The random names of images as noughts, wherever a line broke in them."""
    for name in re.findall("Content-ID: <([0-9a-f]{16})@image>", content):
        content = re.sub("(?:=\n)?".join(name), lambda found: re.sub("[0-9a-f]", "0", found[0]), content)
    return content


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_mail_of_the_corpus_leaves_as_it_is_written_down(pair: Path) -> None:
    assert relayed_form(pair) == (pair / "relayed.eml").read_text("utf-8")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_each_pair_says_what_it_is_for(pair: Path) -> None:
    assert (pair / "why.txt").read_text("utf-8").strip().endswith(".")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_mail_of_the_corpus_may_be_damaged_anywhere(pair: Path) -> None:
    content = octets(original(pair).read_text("utf-8"))
    chance = random.Random(pair.name)
    for _ in range(20):  # forty pairs of them
        start = chance.randrange(len(content))
        damage = chance.choice((b"", b"\0", b"\r", b"\n", b"--", b"=", chance.randbytes(8), content[: chance.randrange(200)]))
        damaged = content[:start] + damage + content[start + chance.randrange(40) :]
        outcome = rewrite(read(damaged, LIMITS), FROM_ANN)
        assert isinstance(outcome, Relayed | Leaking)
        if isinstance(outcome, Relayed):
            assert b"ann@mail.test" not in outcome.content.lower()


def write_pairs() -> None:
    """``python -m tests.unit.test_mail_corpus`` writes what leaves today; read the difference before you keep it."""
    for pair in PAIRS:
        (pair / "relayed.eml").write_text(relayed_form(pair), "utf-8")


if __name__ == "__main__":
    write_pairs()
