"""Mails that hide what must stay hidden: the author's addresses and the trace of the author's machine, in any place, in any
spelling.

``plant`` builds one by chance and says what it hid where; ``sees`` is the oracle. It shares no code with the product: the
standard library takes the finished mail apart, and everything a reader could undo is undone.
"""

import base64
import email
import quopri
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.header import decode_header, make_header
from html import unescape
from itertools import pairwise
from urllib.parse import quote, unquote

from postern.mail.letter import Passage
from postern.model.address import Address
from tests.letters import FROM_ANN

INGE = Address.parse("ingeborg.holm@holm-verkstad.test")
INGES_OTHER = Address.parse("inge@xn--mllers-hus-9db.test")
ALIAS = FROM_ANN.from_alias
MESSAGE_ID = "20261123.4f2a@pc-ingeborg.lan"
HOST = "pc-ingeborg.lan"
IPV4, IPV6 = "203.0.113.77", "2001:db8:77::4f2a"
TRACE = (
    f"Received: from {HOST} (dsl.isp.test [{IPV4}]) by mx.isp.test with ESMTPSA id x1; Mon, 23 Nov 2026 10:00:00 +0100\n"
    f"X-Originating-IP: [{IPV6}]\nMessage-ID: <{MESSAGE_ID}>\n"
)
FROM_INGE: Passage = replace(
    FROM_ANN, author_name="Inge", known_addresses=((INGE, ALIAS), (INGES_OTHER, ALIAS)), certain=(INGE, INGES_OTHER)
)

ADDRESSES = (INGE.canonical(), INGES_OTHER.canonical())
SECRETS = (*ADDRESSES, MESSAGE_ID, HOST, IPV4, IPV6)
UNICODE_DOMAIN = INGES_OTHER.domain.encode().decode("idna")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
UNSEEN = "\u200b\u00ad\u2060\ufeff\u200d\u200e"
CYRILLIC = str.maketrans("aeopcyxi", "аеорсухі")  # noqa: RUF001 - letters that look like others are the point
DOTS = "\u3002\uff0e\uff61\u2024"
AT_WORDS = (" at ", " AT ", "(at)", " [at] ", " {at} ", " (at) ", "[ät]", " arroba ", "_at_")
DOT_WORDS = (" dot ", "(dot)", "[.]", " [dot] ", " {dot} ", " DOT ", " punkt ", " punto ")

Chance = random.Random
Spell = Callable[[str, Chance], str]


@dataclass(frozen=True, slots=True)
class Plant:
    """One secret, and where and how it was hidden."""

    place: str
    spelling: str
    secret: str


@dataclass(frozen=True, slots=True)
class Planted:
    """A mail, and what is hidden in it."""

    content: bytes
    plants: tuple[Plant, ...]


def _each(text: str, chance: Chance, *forms: Callable[[str], str]) -> str:
    return "".join(chance.choice(forms)(letter) for letter in text)


def _named(letter: str) -> str:
    names = {"@": "commat", ".": "period", ":": "colon"}
    return f"&{names[letter]};" if letter in names else letter


def _words(text: str, chance: Chance) -> str:
    at, dot = chance.choice(AT_WORDS), chance.choice(DOT_WORDS)
    return text.replace("@", at).replace(".", dot)


def _broken(text: str, chance: Chance) -> str:
    """Across two lines, as quoting programs leave it."""
    place = chance.randrange(1, len(text))
    return text[:place] + chance.choice(("\n", "\n> ", " \n", "\r\n")) + text[place:]


SPELLINGS: dict[str, Spell] = {
    "as it is": lambda text, _: text,
    "case": lambda text, chance: _each(text, chance, str.upper, str.lower),
    "decimal entities": lambda text, chance: _each(text, chance, lambda letter: f"&#{ord(letter)};", str),
    "hexadecimal entities": lambda text, chance: _each(text, chance, lambda letter: f"&#x{ord(letter):X};", str),
    "named entities": lambda text, chance: _each(text, chance, _named),
    "double entities": lambda text, chance: _each(text, chance, lambda letter: f"&amp;#{ord(letter)};", str),
    "percent": lambda text, chance: _each(text, chance, lambda letter: f"%{ord(letter):02x}", str),
    "double percent": lambda text, chance: _each(text, chance, lambda letter: f"%25{ord(letter):02X}", str),
    "in words": _words,
    "spaced signs": lambda text, _: re.sub(r"([@.])", r" \1 ", text),
    "base64": lambda text, _: base64.b64encode(f"Please write to {text}, thanks".encode()).decode(),
    "base64 for links": lambda text, _: base64.urlsafe_b64encode(f"uid={text}&x=???".encode()).decode(),
    "unseen letters": lambda text, chance: "".join(letter + chance.choice(("", chance.choice(UNSEEN))) for letter in text),
    "full width": lambda text, chance: _each(text, chance, lambda letter: letter.translate(WIDE), str),
    "look-alike letters": lambda text, chance: _each(text, chance, lambda letter: letter.translate(CYRILLIC), str),
    "look-alike dots": lambda text, chance: text.replace(".", chance.choice(DOTS)),
    "bold letters": lambda text, _: "".join(chr(0x1D41A + ord(one) - 97) if "a" <= one <= "z" else one for one in text),
    "broken line": _broken,
    "reversed": lambda text, _: f"\u202e{text[::-1]}\u202c",
    "mailto": lambda text, _: f"mailto:{quote(text)}?subject=x",
    "credentials": lambda text, _: f"https://{text}/path",
    "international": lambda text, _: text.replace(INGES_OTHER.domain, UNICODE_DOMAIN),
}
IN_MARKUP: dict[str, Spell] = {
    "tags between": lambda text, chance: _each(
        text, chance, lambda letter: f"<b>{letter}</b>", lambda letter: f"{letter}<i></i>", str
    ),
    "comments between": lambda text, chance: _each(text, chance, lambda letter: f"{letter}<!-- x -->", str),
    "turned by markup": lambda text, _: f'<bdo dir="rtl" style="unicode-bidi:bidi-override">{text[::-1]}</bdo>',
}
UNDER = ("case", "unseen letters", "full width", "international")  # what another spelling may be put over
OVER = ("decimal entities", "hexadecimal entities", "percent", "base64", "broken line")
FOR_ADDRESSES = {
    "in words",
    "spaced signs",
    "mailto",
    "credentials",
    "international",
    "reversed",
    "look-alike letters",
    "broken line",
}


class Gardener:
    """Spells secrets by chance and remembers where it put them."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.plants: list[Plant] = []

    def hide(self, place: str, *, markup: bool = False) -> str:
        """A secret for this place."""
        secret = self.chance.choice((*ADDRESSES, *ADDRESSES, *SECRETS))
        spellings = {**SPELLINGS, **(IN_MARKUP if markup else {})}
        names = [name for name in spellings if secret in ADDRESSES or name not in FOR_ADDRESSES]
        name = self.chance.choice(names)
        words, called = secret, name
        if name in OVER and self.chance.random() < 0.3:
            under = self.chance.choice([one for one in UNDER if one in names])
            words, called = spellings[under](words, self.chance), f"{under}, then {name}"
        self.plants.append(Plant(place, called, secret))
        return spellings[name](words, self.chance)

    def maybe(self, place: str, likely: float = 0.12) -> str:
        return self.hide(place) if self.chance.random() < likely else "x"


SENTENCES = (
    "Dear seller,", "where is my atlas?", "Grüße aus Köln", "1 < 2 & 3 > 2", "你好", "Добрый день", "-- ", "I was at home.",
    "=", "it cost 12.50", "look at the dot", "100% cotton", "&nbsp;", "https://shop.example/?a=1&b=%20", "\n", "> quoted", "\n\n",
)  # fmt: skip


def _prose(gardener: Gardener, place: str, secrets: int = 1) -> str:
    pieces = [gardener.chance.choice(SENTENCES) for _ in range(gardener.chance.randint(1, 6))]
    for _ in range(secrets):
        pieces.insert(gardener.chance.randrange(len(pieces) + 1), gardener.hide(place))
    return " ".join(pieces)


def _history(gardener: Gardener) -> str:
    """What mail programs write above a quotation."""
    who = gardener.hide("quoted history")
    return gardener.chance.choice(
        (
            f"On Mon, 23 Nov 2026 at 10:00, Inge <{who}> wrote:\n> Hello\n> there",
            f"Am 23.11.2026 um 10:00 schrieb Inge <{who}>:\n> Hallo",
            f"-----Original Message-----\nFrom: Inge <{who}>\nSent: Monday\nTo: {who}\nSubject: x\n\nHello",
            f"________________________________\nVon: {who}\nGesendet: Montag\nAn: x\nBetreff: y\n\nHallo",
            f"Begin forwarded message:\n\nFrom: Inge <{who}>\nMessage-Id: <{who}>\nDate: x\n\nHello",
            f"> Le 23 nov. 2026, Inge <{who}> a écrit :\n>> Bonjour",
            f"Received: from {who}\nReturn-Path: <{who}>\n",
        )
    )


def _markup(gardener: Gardener) -> str:
    def hide(place: str) -> str:
        return gardener.hide(place).replace('"', "")

    def in_text() -> str:
        return gardener.hide("HTML text", markup=True)

    shapes: tuple[Callable[[], str], ...] = (
        lambda: f"<p>Hello {in_text()} there</p>",
        lambda: f"<div>{in_text()}<br>and {in_text()}</div>",
        lambda: f'<a href="{hide("HTML link")}">me</a>',
        lambda: f'<a href="https://shop.example/?u={hide("HTML link")}">shop</a>',
        lambda: f'<b title="{hide("HTML attribute")}">x</b><p id="{hide("HTML attribute")}" class=y>z</p>',
        lambda: f"<!-- {hide('HTML comment')} --><p>x<!--[if mso]>{hide('HTML comment')}<![endif]-->",
        lambda: f'<p style="color:red;font-family:{hide("HTML style")}">x</p>',
        lambda: f"<style>/* {hide('HTML style')} */ p {{content:'{hide('HTML style')}'}}</style><p>x</p>",
        lambda: f"<head><title>{hide('HTML title')}</title></head><p>x</p>",
        lambda: f'<img src="https://t.test/{hide("HTML image")}" alt="{hide("HTML alt")}">',
        lambda: f'<img src="cid:{hide("HTML image")}" alt="{hide("HTML alt")}">',
        lambda: f'<p style="display:none">{in_text()}</p><span style="font-size:0">{in_text()}</span>',
        lambda: f"<script>{hide('HTML script')}</script><textarea>{hide('HTML script')}</textarea><p>x</p>",
        lambda: "<blockquote>" + _history(gardener).replace("<", "&lt;").replace("\n", "<br>") + "</blockquote>",
        lambda: f"<table><tr><td>{in_text()}</td></tr></table><unknown {hide('HTML attribute')}>",
    )
    return "".join(gardener.chance.choice(shapes)() for _ in range(gardener.chance.randint(1, 3)))


def _leaf(gardener: Gardener) -> bytes:
    chance = gardener.chance
    kinds: tuple[Callable[[], tuple[str, str]], ...] = (
        lambda: ("text/plain", _prose(gardener, "text")),
        lambda: ("text/plain", _prose(gardener, "text", 2)),
        lambda: ("text/plain", _prose(gardener, "text", 0) + "\n\n" + _history(gardener)),
        lambda: ("text/html", _markup(gardener)),
        lambda: ("text/html", _markup(gardener)),
        lambda: ("text/html", _markup(gardener)),
        lambda: (f"text/plain; name={_quoted(gardener.hide('file name'))}", _prose(gardener, "text file")),
        lambda: ("text/csv; name=list.csv", _prose(gardener, "text file")),
        lambda: ("message/rfc822", f"From: {gardener.hide('nested mail')}\nSubject: x\n\n{gardener.hide('nested mail')}"),
        lambda: ("text/calendar; name=x.ics", f"BEGIN:VCALENDAR\nORGANIZER:mailto:{gardener.hide('calendar')}\nEND:VCALENDAR"),
        lambda: ("text/vcard; name=x.vcf", f"BEGIN:VCARD\nEMAIL:{gardener.hide('visiting card')}\nEND:VCARD"),
        lambda: ("application/octet-stream; name=x.bin", gardener.hide("other file")),
        lambda: (f"image/png; name={_quoted(gardener.hide('file name'))}", gardener.hide("image")),
    )
    kind, words = chance.choice(kinds)()
    head = f"Content-Type: {kind}"
    if kind.startswith("text/"):
        charset = chance.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-32", "gb18030"))
        content = words.encode(charset, "replace")
        head += f"; charset={charset}"
    else:
        image = kind.startswith("image")
        content = (b"\x89PNG\r\n\x1a\n" if image else b"") + words.encode("ascii" if image else "utf-8", "ignore")
    head += f"; x-{gardener.maybe('parameter', 0.03)}={_quoted(gardener.maybe('parameter', 0.05))}\n"
    head += f"Content-Description: {gardener.maybe('part header')}\nContent-ID: <{gardener.maybe('part header')}@x>\n"
    return _transferred(chance, _eight_bit(head), content)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "").replace("\n", " ").replace("\r", "") + '"'


def _eight_bit(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _transferred(chance: Chance, head: bytes, content: bytes) -> bytes:
    match chance.randrange(4):
        case 0:
            return head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)
        case 1:
            return head + b"Content-Transfer-Encoding: quoted-printable\n\n" + _split_often(chance, quopri.encodestring(content))
        case 2:
            return head + b"Content-Transfer-Encoding: BASE64\n\n" + base64.encodebytes(content).rstrip(b"=\n")
        case _ if b"\0" not in content:
            return head + b"Content-Transfer-Encoding: 8bit\n\n" + content
        case _:
            return head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)


def _split_often(chance: Chance, encoded: bytes) -> bytes:
    """Quoted-printable with soft breaks between any two letters."""
    pieces = re.findall(rb"=[0-9A-F]{2}|=?\n|.", encoded, re.DOTALL)
    return b"".join(
        piece + (b"=\n" if after != b"\n" and chance.random() < 0.05 else b"") for piece, after in pairwise([*pieces, b"\n"])
    )


def _tree(gardener: Gardener, depth: int = 0) -> bytes:
    chance = gardener.chance
    if depth >= 6 or chance.random() < 0.35 + 0.1 * depth:
        return _leaf(gardener)
    kind = chance.choice(("mixed", "alternative", "related", "signed", "report"))
    hidden = re.sub(r"[^\x21-\x7e]|[\"\\]", "", gardener.maybe("boundary"))[:50]
    boundary = f"{hidden}.{depth}.{chance.randrange(1000)}".encode()
    parts = b"".join(b"--" + boundary + b"\n" + _tree(gardener, depth + 1) + b"\n" for _ in range(chance.randint(1, 3)))
    head = f"Content-Type: multipart/{kind}; boundary=".encode() + b'"' + boundary + b'"\n\n'
    preamble, epilogue = _eight_bit(gardener.maybe("preamble")), _eight_bit(gardener.maybe("epilogue"))
    return head + preamble + b"\n" + parts + b"--" + boundary + b"--\n" + epilogue + b"\n"


FIELDS = (
    "References", "In-Reply-To", "Reply-To", "Sender", "X-Sender", "Return-Path", "Comments", "Organization", "X-Mailer",
    "To", "Cc", "X-Unheard-Of", "Autocrypt", "List-Id", "DKIM-Signature", "Authentication-Results", "Keywords",
    "Disposition-Notification-To",
)  # fmt: skip


def plant(chance: Chance) -> Planted:
    """A mail of its author, who hides what must not be seen at one to about twenty places."""
    gardener = Gardener(chance)
    subject = _prose(gardener, "subject", chance.randrange(2)).replace("\n", " ").replace("\r", "")
    encoded = base64.b64encode(_eight_bit(subject)).decode()
    head = TRACE + f"From: Inge <{INGE.canonical()}>\nSubject: =?utf-8?b?{encoded}?=\nMIME-Version: 1.0\n"
    for name in chance.sample(FIELDS, chance.randrange(4)):
        head += f"{name}: {gardener.hide('header field')}\n".replace("\n> ", "\n ").replace(" \n", "\n ")
    content = _eight_bit(head.replace("\r\n", "\n")) + _tree(gardener)
    return Planted(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), tuple(gardener.plants))


# The oracle

_GAPS = re.compile(f"[\\s>|{UNSEEN}\u202a-\u202e\u2066-\u2069\ufe0f]")
_TAGS = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)
_AT = re.compile(r"(?<![^\W_])(?:at|ät|arroba)(?![^\W_])", re.IGNORECASE)
_DOT = re.compile(r"(?<![^\W_])(?:dot|punkt|punto)(?![^\W_])", re.IGNORECASE)
_AROUND = re.compile(r"[\[({_]*([@.])[\])}_]*")
_WORDS_OF_ADDRESSES = ("verkstad", "llers")  # without which no address is spelled out
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/])\n[> ]*(?=[A-Za-z0-9+/])")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BACK = {ord(odd): plain for plain, odd in zip("aeopcyxi", "аеорсухі", strict=True)} | {ord(dot): "." for dot in DOTS}  # noqa: RUF001


def sees(content: bytes) -> set[str]:
    """Which secrets a reader of this mail finds, who undoes whatever can be undone."""
    shown = "\n\n".join(dict.fromkeys(_shown(content)))
    seen = "\n".join(_undone(shown))
    backwards = seen[::-1]
    return {secret for secret in SECRETS if any(form in seen or form in backwards for form in _forms(secret))}


def _forms(secret: str) -> tuple[str, ...]:
    return secret, secret.replace(INGES_OTHER.domain, UNICODE_DOMAIN)


def _shown(content: bytes) -> Iterator[str]:
    message = email.message_from_bytes(content)  # the older, quicker way: values are decoded below
    yield content.decode("latin-1").lower()
    for part in message.walk():
        yield "\n".join(str(make_header(decode_header(value))) for value in part.values())
        yield part.get_filename() or ""
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload.decode(part.get_content_charset("latin-1"), "replace")
            if b"\0" in payload:
                yield payload.replace(b"\0", b"").decode("latin-1")


def _undone(words: str) -> Iterator[str]:
    """Each form once; what is the same as another is not made again."""
    once = unescape(unescape(words)) if "&" in words else words
    forms = [words, once, unquote(unquote(once)) if "%" in once else once]
    if "<" in words or "<" in once:
        tagless = unescape(unescape(_TAGS.sub("", words)))
        forms += [_TAGS.sub("", form) for form in forms] + [tagless, unquote(unquote(tagless))]
    for form in dict.fromkeys(forms):
        bare = _bare(form)
        yield bare
        if any(word in bare for word in _WORDS_OF_ADDRESSES):
            yield _AROUND.sub(r"\1", _bare(_DOT.sub(".", _AT.sub("@", form))))
        for run in _BASE64.findall(_WRAPPED.sub("", form)):
            yield _bare(unescape(_decoded(run)))


def _decoded(run: str) -> str:
    letters = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "=" * (-len(letters) % 4)).decode(
        "utf-8", "replace"
    )


def _bare(words: str) -> str:
    if words.isascii():
        return _GAPS.sub("", words).lower()
    return _GAPS.sub("", unicodedata.normalize("NFKC", words.translate(_BACK)).translate(_BACK)).lower()
