"""The first promise: no byte of the author's address reaches the other side (R1). Mails made by chance try to break it."""

import base64
import email
import email.policy
import quopri
import random
import re
import unicodedata
from dataclasses import replace
from html import unescape
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from postern.mail.letter import Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.mail.threading import find_thread_tokens
from tests.letters import ACME, FROM_ACME, FROM_ANN, LIMITS, PUBLIC_URL, TOKEN, letter_of, octets, relay

ADDRESS = "ann@mail.test"
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
INVISIBLE = "\u200b\u00ad\u2060\ufeff\u200d"


def misspell(chance: random.Random) -> str:
    """The address in one of the spellings that a reader, or his program, undoes."""
    shapes = (
        "".join(chance.choice((letter.upper(), letter)) for letter in ADDRESS),
        "".join(chance.choice((f"&#{ord(letter)};", f"&#x{ord(letter):X};", letter)) for letter in ADDRESS),
        "".join(chance.choice((f"%{ord(letter):02x}", letter)) for letter in ADDRESS),
        "".join(chance.choice((letter.translate(WIDE), letter)) for letter in ADDRESS),
        "".join(letter + chance.choice(("", "", chance.choice(INVISIBLE))) for letter in ADDRESS),
        ADDRESS.replace("@", chance.choice(("&commat;", " @ ", "@\n> ", "@\n", "@ \n", "&#64"))),
        f"mailto:{quote(ADDRESS)}",
        f"<{ADDRESS}>",
        ADDRESS,
    )
    return chance.choice(shapes)


def sentence(chance: random.Random) -> str:
    words = [
        chance.choice(("Dear", "seller", "atlas", "grüße", "1 < 2", "你好", ">", "-- ", "=", "\n", "\n\n")) for _ in range(8)
    ]
    words.insert(chance.randrange(9), misspell(chance))
    return " ".join(words)


def markup(chance: random.Random) -> str:
    spelled = misspell(chance)
    shapes = (
        f"<p>{spelled}</p>",
        f'<a href="mailto:{spelled}">me</a>',
        f'<b title="{spelled}">x</b>',
        f"<p>{ADDRESS[:2]}<b>{ADDRESS[2:4]}</b><i></i>{ADDRESS[4:]}</p>",
        f"<!-- {spelled} --><p>x",
        f'<p style="color:red;font-family:{spelled}">x',
        f'<img src="https://t.test/{spelled}" alt="{spelled}">',
        f"<div>{sentence(chance)}</div>",
        f"<style>/* {spelled} */</style><title>{spelled}</title>",
        f"<table><tr><td>{ADDRESS[:4]}</td><td>{ADDRESS[4:]}</td></tr></table>",
        f"<p>{ADDRESS[:4]}<!-- -->{ADDRESS[4:]}<unknown {spelled}>",
    )
    return chance.choice(shapes) + chance.choice(shapes)


def encoded(chance: random.Random, kind: str, content: bytes) -> bytes:
    head = f"Content-Type: {kind}\nContent-Description: {ADDRESS}\n".encode()
    match chance.randrange(4):
        case 0:
            return head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)
        case 1:
            return head + b"Content-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(content)
        case 2:
            broken = base64.encodebytes(content).rstrip(b"=\n")
            return head + b"Content-Transfer-Encoding: BASE64\n\n" + broken
        case _:
            return head + b"Content-Transfer-Encoding: 8bit\n\n" + content


PNG = b"\x89PNG\r\n\x1a\n" + ADDRESS.encode("utf-16-le")
WORDY = ("utf-8", "utf-16", "gb18030", "utf-7")


def leaf(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        charset = chance.choice(WORDY)
        return encoded(chance, f"text/plain; charset={charset}", sentence(chance).encode(charset, "replace"))
    hidden = base64.b64encode(ADDRESS.encode()).decode()
    kinds = (
        ("text/html; charset=utf-8", markup(chance).encode()),
        ("text/html; charset=utf-8", markup(chance).encode()),
        (f'text/plain; charset=utf-8; name="{ADDRESS}.txt"', sentence(chance).encode()),
        (f"application/pdf; name*=utf-8''{quote(ADDRESS)}.pdf", b"%PDF-1.4\n" + sentence(chance).encode()),
        (f'image/png; name="=?utf-8?b?{hidden}?="', PNG),
        ("message/rfc822", f"From: {ADDRESS}\n\n{sentence(chance)}".encode()),
        ("text/calendar; name=x.ics", f"BEGIN:VCALENDAR\nORGANIZER:{ADDRESS}".encode()),
    )
    return encoded(chance, *chance.choice(kinds))


def tree(chance: random.Random, depth: int = 0) -> bytes:
    if depth > 4 or chance.random() < 0.4:
        return leaf(chance)
    kind = chance.choice(("mixed", "alternative", "related", "signed"))
    boundary = f"{ADDRESS}.{depth}.{chance.randrange(1000)}".encode()
    parts = b"".join(b"--" + boundary + b"\n" + tree(chance, depth + 1) + b"\n" for _ in range(chance.randint(1, 3)))
    head = f"Content-Type: multipart/{kind}; boundary=".encode() + b'"' + boundary + b'"\n\n'
    return head + ADDRESS.encode() + b"\n" + parts + b"--" + boundary + b"--\n" + ADDRESS.encode()


def planted_mail(chance: random.Random) -> bytes:
    """A mail that shows its author's address all over: in known and unknown fields, in the structure, in every kind of part."""
    subject = base64.b64encode(sentence(chance).replace("\n", " ").encode()).decode()
    head = (
        f"Received: from {ADDRESS}\nFrom: Ann <{ADDRESS}>\nSubject: =?utf-8?b?{subject}?=\nMessage-ID: <1.{ADDRESS}>\n"
        f"References: <2.{ADDRESS}>\nReply-To: {ADDRESS}\nX-Sender: {ADDRESS}\nMIME-Version: 1.0\n"
    )
    return (head.encode() + tree(chance)).replace(b"\n", b"\r\n")


def seen_by_a_reader(content: bytes) -> str:
    """All that the standard library finds in a mail, every spelling undone: an oracle that shares no code with the guard."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    found = [content.decode("ascii"), *(str(value) for value in message.values())]
    for part in message.walk():
        found += [part.get_filename() or "", str(part.get("Content-ID", ""))]
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            words = payload.decode(part.get_content_charset("latin-1"), "replace")
            found += [words, re.sub(r"<[^>]*>", "", words), words.replace("\0", "")]
    undone = (unicodedata.normalize("NFKC", unquote(unescape(words))) for words in found)
    return "\n".join(re.sub(rf"[\s>{INVISIBLE}]", "", words).lower() for words in undone)


@given(st.randoms(use_true_random=False))
def test_no_planted_address_leaves(chance: random.Random) -> None:  # R1
    relayed = rewrite(read(planted_mail(chance), LIMITS), FROM_ANN)
    if isinstance(relayed, Relayed):
        assert ADDRESS not in seen_by_a_reader(relayed.content)


def test_nine_of_ten_planted_mails_are_delivered_all_the_same() -> None:
    outcomes = [rewrite(read(planted_mail(random.Random(seed)), LIMITS), FROM_ANN) for seed in range(400)]
    delivered = [outcome for outcome in outcomes if isinstance(outcome, Relayed)]
    assert not [outcome for outcome in delivered if ADDRESS in seen_by_a_reader(outcome.content)]
    assert len(delivered) >= 360


def test_the_oracle_sees_what_it_should() -> None:
    assert ADDRESS in seen_by_a_reader(b"Subject: =?utf-8?q?ann=40mail.test?=\n\nx")
    assert ADDRESS in seen_by_a_reader(b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode(b"ann&#64;mail.te\nst"))


@given(st.randoms(use_true_random=False))
def test_rewriting_twice_finds_nothing_more_to_replace(chance: random.Random) -> None:
    once = rewrite(read(planted_mail(chance), LIMITS), FROM_ANN)
    if isinstance(once, Relayed):
        twice = rewrite(read(once.content, LIMITS), FROM_ANN)
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


@given(HONEST)
def test_an_honest_mail_is_never_held(words: str) -> None:
    mail = octets("Content-Type: text/plain; charset=utf-8\n\n" + words)
    assert isinstance(rewrite(read(mail, LIMITS), replace(FROM_ANN, author_name=words[:50])), Relayed)
