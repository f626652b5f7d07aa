"""The first promise: nothing of the author's address or machine reaches the other side (R1). Mails made by chance try to break
it; ``bench/leaks.py`` makes a hundred thousand of them.
"""

import base64
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.mail.letter import Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.mail.spelling import present
from postern.mail.spelling import replace as respell
from postern.mail.threading import find_thread_tokens
from tests.honest import honest_mail
from tests.letters import ACME, FROM_ACME, FROM_ANN, LIMITS, PUBLIC_URL, TOKEN, letter_of, octets, relay
from tests.planting import ADDRESSES, ALIAS, FROM_INGE, IN_MARKUP, SECRETS, SPELLINGS, plant, sees


@given(st.integers(0, 2**32))
def test_nothing_planted_leaves(seed: int) -> None:  # R1, L-01, L-04
    relayed = rewrite(read(plant(random.Random(seed)).content, LIMITS), FROM_INGE)
    if isinstance(relayed, Relayed):
        assert sees(relayed.content) == set()


def test_nine_of_ten_planted_mails_are_delivered_all_the_same() -> None:
    outcomes = [rewrite(read(plant(random.Random(seed)).content, LIMITS), FROM_INGE) for seed in range(200)]
    assert sum(isinstance(outcome, Relayed) for outcome in outcomes) >= 180


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("spelling", [*SPELLINGS, *IN_MARKUP])
def test_an_address_is_replaced_in_each_spelling(spelling: str, address: str) -> None:
    markup = spelling in IN_MARKUP
    words = f"write to {(SPELLINGS | IN_MARKUP)[spelling](address, random.Random(1))} soon"
    pairs = [(address, ALIAS)]
    respelled, count = respell(words, pairs, markup=markup)
    assert count == 1
    assert ALIAS in respelled
    assert present(respelled, pairs, markup=markup) == []
    assert respell(respelled, pairs, markup=markup) == (respelled, 0)


@given(st.text(max_size=300), st.booleans())
def test_what_the_search_finds_the_replacement_removes(words: str, markup: bool) -> None:
    pairs = [(secret, "[hidden]") for secret in SECRETS]
    assert present(respell(words, pairs, markup=markup)[0], pairs, markup=markup) == []


def test_the_oracle_sees_what_it_should() -> None:
    for address in ADDRESSES:
        for spelling, spell in (SPELLINGS | IN_MARKUP).items():
            words = spell(address, random.Random(2))
            mail = b"Content-Type: text/html; charset=utf-8\n\nwrite to " + words.encode() + b" soon"
            assert (spelling, sees(mail)) == (spelling, {address})
    assert sees(b"Subject: =?utf-8?q?inge=40xn--mllers-hus-9db=2Etest?=\n\nx") == {ADDRESSES[1]}
    assert sees(b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode(ADDRESSES[0].encode())) == {ADDRESSES[0]}
    assert sees(b"Subject: hello\n\nwrite to somebody@else.test") == set()


@given(st.integers(0, 2**32))
def test_rewriting_twice_finds_nothing_more_to_replace(seed: int) -> None:
    once = rewrite(read(plant(random.Random(seed)).content, LIMITS), FROM_INGE)
    if isinstance(once, Relayed):
        twice = rewrite(read(once.content, LIMITS), FROM_INGE)
        assert isinstance(twice, Relayed)
        assert not [change for change in twice.changes if "addresses replaced" in change]


HONEST = st.text(st.characters(exclude_characters="[", exclude_categories=["Cs", "Cc", "Cf"]), max_size=200)


@given(st.lists(HONEST, min_size=1, max_size=8), st.integers(1, 4), st.booleans())
def test_an_answer_keeps_the_token_and_drops_our_links(lines: list[str], depth: int, rich: bool) -> None:  # R9
    words = "\n".join(lines)
    first = letter_of(relay("Content-Type: text/plain; charset=utf-8\n\n" + words)).letter.text or ""
    quoted = "\n".join("> " * depth + line for line in first.split("\n"))
    body = f"<p>Thanks</p><pre>{quoted.replace('&', '&amp;').replace('<', '&lt;')}</pre>" if rich else f"Thanks\n\n{quoted}"
    answer = relay(f"Content-Type: text/{'html' if rich else 'plain'}; charset=utf-8\n\n{body}", FROM_ACME)
    assert TOKEN in find_thread_tokens(answer.text)
    assert f"{PUBLIC_URL}/m/" not in answer.text
    assert "Thanks" in answer.text
    assert ACME.reveal() not in answer.content.decode("ascii")


def test_no_mail_of_an_ordinary_program_is_held_or_masked() -> None:  # L-03
    for seed in range(150):
        relayed = rewrite(read(honest_mail(random.Random(seed)), LIMITS), FROM_ANN)
        assert isinstance(relayed, Relayed), seed
        assert not [change for change in relayed.changes if "masked" in change or "as text only" in change], seed


@given(HONEST)
def test_an_honest_mail_is_never_held(words: str) -> None:
    mail = octets("Content-Type: text/plain; charset=utf-8\n\n" + words)
    assert isinstance(rewrite(read(mail, LIMITS), replace(FROM_ANN, author_name=words[:50])), Relayed)
