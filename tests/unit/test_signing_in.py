"""AUTH as a grammar (RFC 4954, RFC 4616), and the doorkeeper who counts wrong tries (S-18)."""

import asyncio
import base64
import time
from collections.abc import Callable, Coroutine
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.actions.sign_in_to_send import Credentials
from postern.errors import StoreAwayError
from postern.model.limits import Limits
from postern.model.submission import SignedIn, make_secret, spell_secret
from postern.smtp import wording
from postern.smtp.doorkeeper import Doorkeeper
from postern.smtp.reply import Reply
from postern.smtp.signing_in import Question, Step, begin
from tests.people import ACME

SECRET = "abcd"
RIGHT = Credentials("help@acme.test", SECRET)
T = TypeVar("T")


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answered(first: str, *answers: str) -> Step:
    """What comes of AUTH and the answers to each question."""
    step = begin(first)
    for answer in answers:
        assert isinstance(step, Question)
        step = step.answer(answer)
    return step


PLAIN = coded("\0help@acme.test\0abcd")


@pytest.mark.parametrize(
    "line, answers",
    [
        (f"PLAIN {PLAIN}", ()),
        ("plain", (PLAIN,)),
        (f"PLAIN {coded('HELP@acme.test' + chr(0) + 'help@acme.test' + chr(0) + 'abcd')}", ()),
        ("LOGIN", (coded("help@acme.test"), coded("abcd"))),
        (f"login {coded('help@acme.test')}", (coded("abcd"),)),
    ],
)
def test_each_way_of_saying_it_gives_the_same_credentials(line: str, answers: tuple[str, ...]) -> None:
    assert answered(line, *answers) == RIGHT


def test_what_is_asked_is_what_programs_expect() -> None:
    """``draft-murchison-sasl-login`` wants these words; RFC 4954 4 an empty challenge for PLAIN."""
    plain, login = begin("PLAIN"), begin("LOGIN")
    assert isinstance(plain, Question)
    assert isinstance(login, Question)
    assert plain.reply.encode() == b"334 \r\n"
    assert base64.b64decode(login.reply.text) == b"Username:"
    second = login.answer(coded("x"))
    assert isinstance(second, Question)
    assert base64.b64decode(second.reply.text) == b"Password:"


@given(st.text(max_size=100) | st.from_regex(r"(?:PLAIN|LOGIN)(?: [A-Za-z0-9+/=*]{0,60})?", fullmatch=True), st.text(max_size=60))
def test_no_text_makes_it_raise_and_no_reply_repeats_what_was_said(line: str, answer: str) -> None:
    step = begin(line)
    while isinstance(step, Question):
        assert answer == "" or len(answer) < 5 or answer not in step.reply.text
        step = step.answer(answer)
    assert isinstance(step, Credentials | Reply)
    assert not isinstance(step, Reply) or step in vars(wording).values()


def test_credentials_hide_themselves() -> None:
    assert repr(RIGHT) == "Credentials()"
    assert "help" not in repr(begin(f"LOGIN {coded('help@acme.test')}"))


def test_a_secret_has_160_bits_and_survives_being_typed() -> None:
    secrets = {make_secret() for _ in range(50)}
    assert len(secrets) == 50
    for secret in secrets:
        letters = spell_secret(secret)
        assert len(base64.b32decode(letters.upper())) == 20
        assert spell_secret(f" {secret.upper().replace('-', ' ')}\n") == letters


# ---- The doorkeeper


class Book:
    """Who fits: Acme's address with its secret. It counts how often it is asked, and how many ask at once."""

    def __init__(self) -> None:
        self.asked = self.now = self.most = 0
        self.pause = 0.0

    async def check(self, presented: Credentials) -> SignedIn | None:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.pause)
        self.now -= 1
        return SignedIn(ACME, 1) if presented == RIGHT else None


def run(story: Callable[[Book], Coroutine[None, None, T]]) -> T:
    return asyncio.run(story(Book()))


def wrong(number: int = 0) -> Credentials:
    return Credentials("help@acme.test", f"guess {number}")


QUICK = Limits(sign_in_delay=0, wrong_sign_ins=10, wrong_from_network=50)


def test_the_right_secret_lets_in_at_once_and_a_wrong_one_does_not() -> None:
    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, QUICK)
        assert await keeper.sign_in(RIGHT, "192.0.2.1") == (wording.SIGNED_IN, SignedIn(ACME, 1))
        assert await keeper.sign_in(wrong(), "192.0.2.1") == (wording.NOT_SIGNED_IN, None)

    run(story)


def test_each_wrong_try_waits_longer_up_to_a_maximum() -> None:
    """S-18: `sign_in_delay`."""

    async def story(book: Book) -> list[float]:
        keeper = Doorkeeper(book.check, Limits(sign_in_delay=1))
        waited = []
        for number in range(3):
            began_at = time.monotonic()
            await keeper.sign_in(wrong(number), "192.0.2.1")
            waited.append(time.monotonic() - began_at)
        return waited

    first, second, third = run(story)
    assert 0.45 < first < 0.95
    assert second > 0.95
    assert 0.95 < third < 1.8


def test_a_hundred_tries_at_once_are_no_more_than_the_allowed_ones_in_a_row() -> None:
    """S-18: `wrong_sign_ins`."""

    async def story(book: Book) -> list[Reply]:
        book.pause = 0.001
        keeper = Doorkeeper(book.check, QUICK)
        answers = await asyncio.gather(*(keeper.sign_in(wrong(number), "192.0.2.1") for number in range(100)))
        assert (book.asked, book.most) == (10, 1)
        assert (await keeper.sign_in(RIGHT, "192.0.2.1"))[1] is None
        return [reply for reply, _ in answers]

    replies = run(story)
    assert replies.count(wording.NOT_SIGNED_IN) == 10
    assert {reply.code for reply in replies} == {535, 454}


def test_a_hundred_programs_with_the_right_secret_all_come_in() -> None:
    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, QUICK)
        answers = await asyncio.gather(*(keeper.sign_in(RIGHT, "192.0.2.1") for _ in range(100)))
        assert {reply for reply, _ in answers} == {wording.SIGNED_IN}

    run(story)


def test_strangers_who_guess_shut_nobody_else_out() -> None:
    """S-18: another account from the same network, and the same account from another, come in as before."""

    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, QUICK)
        for number in range(12):
            await keeper.sign_in(wrong(number), "192.0.2.1")
        assert (await keeper.sign_in(RIGHT, "192.0.2.2"))[0] is wording.SIGNED_IN
        other = await keeper.sign_in(Credentials("other@acme.test", "x"), "192.0.2.1")
        assert other[0] is wording.NOT_SIGNED_IN

    run(story)


def test_an_account_that_nobody_has_is_counted_and_locked_like_any_other() -> None:
    """S-18: so the counting tells nothing."""

    async def story(book: Book) -> list[tuple[Reply, ...]]:
        stories = []
        for name in ("help@acme.test", "nobody@acme.test"):
            keeper = Doorkeeper(book.check, QUICK)
            stories.append(tuple([(await keeper.sign_in(Credentials(name, f"{n}"), "192.0.2.1"))[0] for n in range(12)]))
        return stories

    known, unknown = run(story)
    assert known == unknown
    assert [reply.code for reply in known] == [535] * 10 + [454] * 2


def test_many_accounts_guessed_from_one_network_lock_that_network() -> None:
    """S-18: `wrong_from_network`; of IPv6, a network is 64 bits of an address."""

    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, QUICK)
        replies = [
            (await keeper.sign_in(Credentials(f"a{number}@acme.test", "x"), f"2001:db8::{number:x}"))[0] for number in range(60)
        ]
        assert [reply.code for reply in replies] == [535] * 50 + [454] * 10
        assert (await keeper.sign_in(RIGHT, "2001:db8::ffff"))[1] is None
        assert (await keeper.sign_in(RIGHT, "2001:db8:0:1::1"))[1] is not None

    run(story)


def test_an_ipv4_address_is_one_however_the_system_writes_it() -> None:
    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, Limits(sign_in_delay=0, wrong_sign_ins=2))
        for source in ("192.0.2.1", "::ffff:192.0.2.1"):
            await keeper.sign_in(wrong(), source)
        assert (await keeper.sign_in(RIGHT, "192.0.2.1"))[1] is None
        assert (await keeper.sign_in(RIGHT, "::ffff:192.0.2.2"))[1] is not None
        assert (await keeper.sign_in(RIGHT, ""))[1] is not None

    run(story)


def test_a_lock_ends_by_itself() -> None:
    """`sign_in_lock`."""

    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, Limits(sign_in_delay=0, wrong_sign_ins=1, sign_in_lock=1))
        await keeper.sign_in(wrong(), "192.0.2.1")
        assert (await keeper.sign_in(RIGHT, "192.0.2.1"))[1] is None
        await asyncio.sleep(1.1)
        assert (await keeper.sign_in(RIGHT, "192.0.2.1"))[1] is not None

    run(story)


def test_what_is_remembered_is_bounded_and_names_nobody() -> None:
    """`sign_ins_remembered`."""

    async def story(book: Book) -> None:
        keeper = Doorkeeper(book.check, Limits(sign_in_delay=0, sign_ins_remembered=20))
        for number in range(200):
            await keeper.sign_in(Credentials(f"a{number}@acme.test", "x"), f"192.0.2.{number}")
        assert len(keeper._counts) == 20
        assert all(len(name) == 16 for name in keeper._counts)

    run(story)


def test_a_store_that_is_away_is_told_apart_and_counts_nothing() -> None:
    async def away(_presented: Credentials) -> SignedIn | None:
        raise StoreAwayError("away")

    async def story() -> None:
        keeper = Doorkeeper(away, Limits(sign_in_delay=0, wrong_sign_ins=1))
        for _ in range(3):
            assert await keeper.sign_in(RIGHT, "192.0.2.1") == (wording.SIGN_IN_LATER, None)

    asyncio.run(story())
