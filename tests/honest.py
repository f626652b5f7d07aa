# ruff: noqa: E501, RUF001, ISC004 - headers and sentences stand as they are written
"""Mails as honest people and their programs write them: order talk, signatures, quoted replies, tables, a photograph, many
languages.

Some quote what they got, some have the trace of an ordinary provider, some that of an office. None hides anything.
"""

import base64
import random
from html import escape

from tests.chatter import talk

Chance = random.Random

TRACES = (
    "Received: from mail-wr1-f41.google.com (mail-wr1-f41.google.com [209.85.221.41]) by mx.example with ESMTPS id 1\n"
    "Message-ID: <CAB+{token}@mail.gmail.com>\n",
    "Received: from DESKTOP-{number} ([192.168.178.{octet}]) by office.mail.test with ESMTPSA; Mon, 23 Nov 2026 10:00:00 +0100\n"
    "X-Originating-IP: [198.51.100.{octet}]\nMessage-ID: <{token}$1@DESKTOP-{number}>\n",
    "Received: from iPhone (p5b0a{number}.dip0.t-ipconnect.de [91.10.1.{octet}]) by smtp.mail.test with ESMTPSA\n"
    "Message-ID: <{token}@icloud.com>\n",
    "Received: from localhost (localhost [127.0.0.1]) by mail.test (Postfix 3.7.11.2)\nMessage-ID: <{token}@mail.test>\n",
)
SIGNATURES = (
    "-- \nAnn Example\nann@mail.test", "Best regards\nAnn", "Mit freundlichen Grüßen\nAnn Example\nLindenweg 4\n01067 Dresden",
    "Sent from my iPhone", "Cordialement,\nAnn", "С уважением,\nАнна", "-- \nAnn Example | Example Ltd | https://example.com/?utm_source=mail",
)  # fmt: skip
HISTORIES = (
    "On Mon, 23 Nov 2026 at 10:00, Acme Books <p8d5f2h6j1n0r3s@marketplace.example> wrote:\n> {quoted}",
    "Am 23.11.26 um 10:00 schrieb Acme Books:\n> {quoted}",
    "-----Original Message-----\nFrom: Acme Books\nSent: Monday\nTo: ann@mail.test\nSubject: Re: order\n\n{quoted}",
)
PNG = base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4).decode()


def honest_mail(chance: Chance) -> bytes:
    """One of Ann's."""
    words = _words(chance)
    kind = chance.choice(("text", "text", "html", "both", "photograph"))
    body = {
        "text": lambda: f"Content-Type: text/plain; charset=utf-8\n\n{words}",
        "html": lambda: f"Content-Type: text/html; charset=utf-8\n\n{_markup(words, chance)}",
        "both": lambda: _parts(
            "alternative", f"text/plain; charset=utf-8\n\n{words}", f"text/html; charset=utf-8\n\n{_markup(words, chance)}"
        ),
        "photograph": lambda: _parts(
            "mixed",
            f"text/plain; charset=utf-8\n\n{words}",
            f"image/png; name=IMG_{chance.randrange(10_000):04}.png\nContent-Transfer-Encoding: base64\n\n{PNG}",
        ),
    }[kind]()
    return (_head(chance) + body).replace("\n", "\r\n").encode()


def _head(chance: Chance) -> str:
    marks = {
        "token": f"{chance.getrandbits(80):x}",
        "number": f"{chance.randrange(1000, 9999)}",
        "octet": chance.randrange(2, 250),
    }
    trace = chance.choice(TRACES).format(**marks)
    subject = chance.choice(("Order", "Re: Order", "Frage zur Bestellung", "Question"))
    return f"{trace}From: Ann <ann@mail.test>\nSubject: {subject}\nMIME-Version: 1.0\n"


def _words(chance: Chance) -> str:
    pieces = [talk(chance, sentences=chance.randint(1, 6)), chance.choice(SIGNATURES)]
    if chance.random() < 0.4:
        pieces.append(chance.choice(HISTORIES).format(quoted=talk(chance).replace("\n", "\n> ")))
    return "\n\n".join(pieces)


def _markup(words: str, chance: Chance) -> str:
    lines = "".join(f"<p>{escape(line)}</p>\n" for line in words.split("\n"))
    table = "<table><tr><td>SKU</td><td>192.168.1.1</td><td>12.50</td></tr></table>" if chance.random() < 0.3 else ""
    return f"<html><head><style>p {{ color: red }}</style></head><body>{lines}{table}<img src='https://t.test/p.gif' width=1></body></html>"


def _parts(kind: str, *parts: str) -> str:
    return (
        f"Content-Type: multipart/{kind}; boundary=b\n\n" + "".join(f"--b\nContent-Type: {part}\n" for part in parts) + "--b--\n"
    )
