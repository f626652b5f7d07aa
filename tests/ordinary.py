"""Mails as people and shops really send them, of several sizes. Made by chance, but the same each time."""

import email.policy
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

SENTENCES = (
    "the atlas arrived on Monday but its corner is bent and I would like to know whether you can send another one before our"
    " journey begins because the children wait for it every day Grüße aus München und vielen Dank für Ihre Hilfe"
    " 你好 合わせて спасибо please answer soon order 303-5512345-1234567 see https://shop.test/atlas?id=5"
    " or write to ann@mail.test"
)
WORDS = tuple(SENTENCES.split())


@dataclass(frozen=True, slots=True)
class Ordinary:
    """One kind: what it is, and how to make it."""

    name: str
    make: Callable[[], bytes]


def ordinary_mails() -> tuple[Ordinary, ...]:
    """From the smallest to the largest that is taken."""
    return (
        Ordinary("text, 5 kB", lambda: _mail(prose(5_000))),
        Ordinary("text and HTML, 5 kB", lambda: _mail(prose(2_000), page(2_500))),
        Ordinary("an answer with 30 kB of quotation", lambda: _mail(f"Thanks!\n\n{_quoted(prose(15_000))}", page(15_000))),
        Ordinary("Japanese text, 20 kB", lambda: _mail("本を一冊注文しましたが、まだ届いていません。\n" * 300)),
        Ordinary("HTML like a newsletter, 100 kB", lambda: _mail(None, newsletter(100_000))),
        Ordinary("text, 1 MB", lambda: _mail(prose(950_000))),
        Ordinary("HTML, 1 MB", lambda: _mail(None, newsletter(950_000))),
        Ordinary("text, HTML and a photograph, 1 MB", lambda: _mail(prose(2_000), page(2_500), [1_000_000])),
        Ordinary("ten photographs, 10 MB", lambda: _mail(prose(2_000), page(2_500), [999_000] * 10)),
        Ordinary("one file, 10 MB", lambda: _mail(prose(2_000), None, [9_990_000])),
    )


def prose(size: int) -> str:
    """About so many octets of words, in paragraphs."""
    chance = random.Random(size)
    words: list[str] = []
    length = 0
    while length < size:
        word = chance.choice(WORDS) + chance.choice((" ", " ", " ", " ", " ", " ", " ", ", ", ".\n", ".\n\n"))
        words.append(word)
        length += len(word.encode())
    return "".join(words)


def page(size: int) -> str:
    """HTML as a person's mail program writes it."""
    lines = prose(size * 3 // 4).split("\n")
    return "<html><body>" + "".join(f'<div dir="ltr">{escape(line)}<br></div>' for line in lines) + "</body></html>"


def newsletter(size: int) -> str:
    """HTML as shops write it: tables in tables, a style at every tag, remote images, long links."""
    chance = random.Random(size)
    rows: list[str] = []
    length = 0
    while length < size:
        words = " ".join(chance.choice(WORDS) for _ in range(12))
        row = (
            '<tr><td align="center" valign="top" style="padding:10px 20px;font-family:Arial,Helvetica,sans-serif;font-size:14px">'
            '<table width="600" cellpadding="0" cellspacing="0" border="0"><tr><td class="x" style="color:#333;line-height:20px">'
            f'<a href="https://shop.test/c/{chance.randbytes(20).hex()}?utm=a&amp;b=c" style="color:#0066cc">{escape(words)}</a>'
            f'<img src="https://shop.test/i/{len(rows)}.png" width="100" height="80" alt="Atlas"></td></tr></table></td></tr>\n'
        )
        rows.append(row)
        length += len(row.encode())
    head = "<!DOCTYPE html><html><head><style>td.x{color:red} @media screen{.y{display:none}}</style></head>"
    return f'{head}<body bgcolor="#ffffff"><table width="100%">{"".join(rows)}</table></body></html>'


def photograph(size: int) -> bytes:
    """A real PNG of so many octets, of noise."""
    width = 1_000
    height = max(1, size // (width * 3 + 1))
    chance = random.Random(size)
    rows = b"".join(b"\x00" + chance.randbytes(width * 3) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def _mail(text: str | None, html: str | None = None, photographs: list[int] | None = None) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Received"] = "from mail.test (mail.test [192.0.2.7]) by marketplace.example; Mon, 23 Nov 2026 10:00:00 +0000"
    message["From"] = "Ann Example <ann@mail.test>"
    message["To"] = "Acme Books <p8d5f2h6j1n0r3s@marketplace.example>"
    message["Subject"] = "Where is my atlas? Grüße"
    message["Message-ID"] = "<1@mail.test>"
    message["References"] = "<0@marketplace.example>"
    if text is not None:
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    for number, size in enumerate(photographs or ()):
        message.add_attachment(photograph(size), maintype="image", subtype="png", filename=f"Bücher {number}.png")
    return message.as_bytes()
