"""A language that exists here alone: every sentence of ours is spelled in letters that nobody types, so whatever stands in ours
is said without a translation.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from functools import cache
from html import unescape
from pathlib import Path
from string import Formatter

import pytest
from sqlalchemy import update

from postern.catalogue.load import load_catalogue
from postern.mail.letter import Passage, Product
from postern.mail.reader import read
from postern.mail.supplied import letter_of as letter_supplied
from postern.mail.supplied import supply, wording_of
from postern.model.contact_policy import ContactPolicy, Treatment, Treatments
from postern.model.contact_reason import ContactReason, FieldKind
from postern.model.envelope import Mail
from postern.model.notice import NoticeKind
from postern.policy.reasons import ALL, Cause, Reason
from postern.storage import schema
from postern.web import pages as web_pages
from postern.web.app import Pages
from tests.catalogues import speaking
from tests.letters import FROM_ACME, FROM_ANN, LIMITS, letter_of, relay
from tests.noticed import ORIGINAL, examples
from tests.people import Town
from tests.people import town as found_town
from tests.translating import find_sentences, forms_in
from tests.visitor import Visitor, open_pages

PSEUDO = "qps"
_SPELLED = {ord(letter): chr(0x1D5BA + place) for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")} | {
    ord(letter): chr(0x1D5A0 + place) for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}
_FIELD = re.compile(r"(\{\w+\})")
_NOT_OURS = re.compile(
    r"Acme Books|Example Market|Ann Example|Postern|English|https?://\S+|\S+@\S+|\[pt-[a-z2-7 ]+\]|\bUTC\b|\[Important\]"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_WORD = re.compile(r"[A-Za-z]{2,}")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->|<[^<>]*>", re.DOTALL)
_SPOKEN_ATTRIBUTES = re.compile(r'\b(?:title|aria-label|placeholder|alt)="([^"]*)"')
_LINK = re.compile(rb"https://messages\.marketplace\.example(/m/[a-z-]+/[\w-]+)")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
TEMPLATES = sorted(Path(web_pages.__file__).parent.rglob("*.html"))
MAILS = (
    "\n",
    "\nann.other@mail.test +49 30 123456 https://t.me/ann https://elsewhere.test/x",
    "Content-Type: text/html\n\n<p>\u0410</p>",
    'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: application/x-msdownload\n\nMZ\n--x--\n',
)
NAME = "\u0410\u043d\u043d\u0430"  # typed by people: letters that are neither ours nor the pseudo language's
_TYPED = {FieldKind.DATE: "2026-11-24", FieldKind.AMOUNT: "12.50 EUR"}
SUBJECT = "\u0410\u0442\u043b\u0430\u0441"


def pseudo(sentence: str) -> str:
    return "".join(piece if _FIELD.fullmatch(piece) else piece.translate(_SPELLED) for piece in _FIELD.split(sentence))


@cache
def pseudo_sentences() -> dict[str, str]:
    """As a catalogue holds them."""
    sayings = (forms_in(entry.id) for entry in find_sentences() if entry.id)
    return {"\0".join(forms): "\0".join(map(pseudo, forms)) for forms in sayings}


def fields_of(sentence: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field}


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """Where everybody speaks it."""
    with found_town(sqlite_url, tmp_path) as founded:
        founded.store.write(lambda to: to.execute(update(schema.marketplace).values(language=PSEUDO))).result()
        founded.store.write(lambda to: to.execute(update(schema.seller).values(language=PSEUDO))).result()
        yield founded


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with open_pages(Pages(town.store, town.frame, town.clock, None)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _speaks(tmp_path: Path) -> Iterator[None]:
    with speaking(tmp_path / "locale", {PSEUDO: pseudo_sentences()}):
        yield


def english_in(words: str) -> list[str]:
    return _WORD.findall(_NOT_OURS.sub(" ", words))


def shown_by(html: str) -> str:
    """What a reader of a page sees, or hears."""
    spoken = " ".join(_SPOKEN_ATTRIBUTES.findall(html))
    return unescape(f"{_MARKUP.sub(' ', html)} {spoken}")


def test_the_pseudo_language_is_told_from_english() -> None:
    assert english_in(pseudo("Report message to {place}.").format(place="7")) == []
    assert english_in("Report 7") == ["Report"]
    assert english_in(shown_by('<a title="Open" href="/nowhere">\u0410</a>')) == ["Open"]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_no_notice_says_anything_untranslated(kind: NoticeKind) -> None:
    letter = read(examples(PSEUDO, replace(ORIGINAL, subject=SUBJECT))[kind].compose(), LIMITS).letter
    assert not english_in(letter.subject)
    assert not english_in(letter.text or "")
    assert not english_in(shown_by(letter.html or ""))


@pytest.mark.parametrize("reason", ALL, ids=lambda reason: reason.code)
def test_no_reason_says_anything_untranslated(reason: Reason) -> None:
    cause = Cause(reason, tuple((field, 7) for field in fields_of(reason.sentence) | fields_of(reason.remedy)))
    assert not english_in(cause.sentence(PSEUDO) + cause.remedy(PSEUDO))


def passages() -> Iterator[Passage]:
    """A mail to each side, with and without an order, by somebody with and without a name."""
    for passage in (FROM_ANN, FROM_ACME):
        many = (Product(SUBJECT, 1),) * 12
        policy = ContactPolicy(*(Treatments(*(Treatment.MASK,) * 4),) * 2)
        spoken = replace(passage, language=PSEUDO, products=many, contact_policy=policy)
        yield from (spoken, replace(spoken, order_id=None), replace(spoken, author_name="" if passage is FROM_ANN else NAME))


@pytest.mark.parametrize("mail", MAILS)
@pytest.mark.parametrize("passage", [*passages()])
def test_no_relayed_mail_says_anything_untranslated(mail: str, passage: Passage) -> None:
    relayed = relay(mail, passage)
    letter = letter_of(relayed).letter
    assert not english_in(str(message_from_bytes(relayed.content, policy=SMTP)["From"]))
    assert not english_in(letter.subject)
    assert not english_in(letter.text or "")
    assert not english_in(shown_by(letter.html or ""))


def links_in(town: Town, mail: Mail) -> set[str]:
    """Where the mail leads its reader."""
    town.receive(mail)
    [arrival] = town.deliver()
    return {path.decode() for path in _LINK.findall(arrival.content.replace(b"=\r\n", b""))}


def test_no_page_behind_a_link_says_anything_untranslated(town: Town, visitor: Visitor) -> None:
    for mail in (town.from_ann(Subject="7"), town.from_acme(Subject="7")):
        for path in links_in(town, mail):
            answers = (
                visitor.get(path),
                visitor.post(path),
                visitor.post(path, reason="other"),
                visitor.post(path, reason="spam"),
            )
            for answer in (*answers, visitor.get(path), visitor.post(path, reason="spam")):
                assert answer.text.startswith("<!DOCTYPE html>")
                assert f'lang="{PSEUDO}"' in answer.text
                assert not english_in(shown_by(answer.text))


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/critical-messages", "/m/report/x", "/m/no-response-needed/x", "/m/confirm-sender/x"]
)
def test_no_page_for_anybody_says_anything_untranslated(visitor: Visitor, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = visitor.ask(method, path, None, **{"Accept-Language": PSEUDO})
        assert f'lang="{PSEUDO}"' in answer.text
        assert not english_in(shown_by(answer.text))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_words_of_its_own(path: Path) -> None:
    assert not english_in(shown_by(_TEMPLATE.sub(" ", path.read_text("utf-8"))))


@pytest.mark.parametrize("reason", load_catalogue().reasons.all, ids=lambda reason: reason.code)
def test_no_contact_reason_says_anything_untranslated(reason: ContactReason) -> None:
    typed = {field.name: _TYPED.get(field.kind, NAME) for field in reason.fields}
    supplied = supply(reason, PSEUDO, {"order": "7", "seller": NAME, "buyer": NAME, "marketplace": NAME}, typed)
    letter = letter_supplied(supplied, ())
    wording = wording_of(reason, PSEUDO)
    said = (
        letter.subject,
        letter.text or "",
        shown_by(letter.html or ""),
        wording.title,
        wording.use_when,
        *wording.labels.values(),
    )
    assert not english_in(" ".join(said).replace("EUR", ""))
