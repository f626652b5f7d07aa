"""Mails made to cost their reader dear (M-04): each kind grows to any size. Used by the suite and by bench/letter.py."""

import base64
from collections.abc import Callable
from itertools import count

Grower = Callable[[int], bytes]


def repeated(head: bytes, piece: bytes, tail: bytes = b"") -> Grower:
    """The same piece again and again."""
    return lambda size: head + piece * max(1, (size - len(head) - len(tail)) // len(piece)) + tail


def numbered(head: bytes, piece: bytes, tail: bytes = b"") -> Grower:
    """A piece with a number in it, ever another."""

    def grow(size: int) -> bytes:
        pieces = [head]
        length = len(head) + len(tail)
        for number in count():
            pieces.append(piece.replace(b"#", b"%d" % number))
            length += len(pieces[-1])
            if length >= size:
                return b"".join((*pieces, tail))
        raise AssertionError

    return grow


def _zeros(size: int) -> bytes:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/zip\r\n"
    encoded = base64.encodebytes(bytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded + b"--b--\r\n"


HTML = b"Content-Type: text/html\r\n\r\n"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
FLOWED = b"Content-Type: text/plain; format=flowed\r\n\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
BASE64 = b"Content-Transfer-Encoding: base64\r\n\r\n"

HOSTILE: dict[str, Grower] = {
    # Structure
    "nested parts": numbered(b"", b"Content-Type: multipart/mixed; boundary=#b\r\n\r\n--#b\r\n"),
    "nested mails": repeated(b"", b"Content-Type: message/rfc822\r\n\r\n"),
    "nested parts of one boundary": repeated(b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"),
    "nested encoded parts": repeated(
        b"", b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n--b\r\n"
    ),
    "empty parts": repeated(MIXED, b"--b\r\n"),
    "small parts": repeated(MIXED, b"--b\r\n\r\nx\r\n"),
    "small alternatives": repeated(MIXED.replace(b"mixed", b"alternative"), b"--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n"),
    "longer boundaries": repeated(MIXED, b"--bb\r\n"),
    "almost last boundaries": repeated(MIXED, b"--b--x\r\n"),
    "guessed boundaries": repeated(MIXED, b"--x\r\ncontent-x: y\r\n"),
    "hyphens": repeated(MIXED, b"\r\n--"),
    "uuencoded files": repeated(TEXT, b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n"),
    "uuencoded beginnings": repeated(TEXT, b"begin 644 x\r\n"),
    "uuencoded rows": repeated(TEXT + b"begin 644 x\r\n", b"#0V%T\r\n"),
    # Header
    "fields": repeated(b"", b"X: y\r\n", b"\r\n"),
    "content types": repeated(b"", b"Content-Type: multipart/mixed; boundary=b\r\n", b"\r\n--b\r\n\r\nx"),
    "one long field": repeated(b"Subject: ", b"x", b"\r\n\r\n"),
    "folds": repeated(b"Subject: x", b"\r\n x", b"\r\n\r\n"),
    "nested comments": repeated(b"From: ", b"(", b"\r\n\r\n"),
    "comments in a type": repeated(b"Content-Type: text/plain ", b"(a\\)(", b"\r\n\r\n"),
    "quotes and brackets": repeated(b"From: ", b'"(<', b"\r\n\r\n"),
    "addresses": repeated(b"From: ", b"a@b.test, ", b"\r\n\r\n"),
    "many addresses in many fields": repeated(b"", b"From: " + b"a@b.test, " * 1_500 + b"\r\n", b"\r\n"),
    "dots": repeated(b"From: ", b"a.", b"\r\n\r\n"),
    "parameters": numbered(b"Content-Type: text/plain", b"; name#=x", b"\r\n\r\n"),
    "continuations": numbered(b"Content-Type: text/plain", b"; name*#=x", b"\r\n\r\n"),
    "message-id": repeated(b"Message-ID: ", b"<", b"\r\n\r\n"),
    "references": numbered(b"References: ", b"<#@x.test> ", b"\r\n\r\n"),
    "references in many fields": repeated(b"", b"References: " + b"<a@b> " * 2_000 + b"\r\n", b"\r\n"),
    "encoded words": repeated(b"Subject: ", b"=?utf-8?q?x?= ", b"\r\n\r\n"),
    "encoded beginnings": repeated(b"Subject: ", b"=?utf-8?q?", b"\r\n\r\n"),
    "encoded question marks": repeated(b"Subject: =?utf-8?q?", b"x?", b"\r\n\r\n"),
    # Encodings
    "padding": repeated(BASE64, b"="),
    "base64 of spaces": repeated(BASE64, base64.b64encode(b" " * 57) + b"\r\n"),
    "base64 of zeros in a file": _zeros,
    "equals signs": repeated(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"= "),
    "escapes": repeated(TEXT, b"\x1b$B"),
    "utf-7": repeated(b"Content-Type: text/plain; charset=utf-7\r\n\r\n", b"+2AA-"),
    "foreign letters": repeated(b"\r\n", b"\xd0\xc5\xb8\x41 "),
    # HTML
    "angle brackets": repeated(HTML, b"<"),
    "nested tags": repeated(HTML, b"<div>"),
    "nested quotations": repeated(HTML, b"<blockquote>x"),
    "nested tables": repeated(HTML, b"<table><tr><td>x"),
    "formatting that stays open": repeated(HTML, b"<p><b><i><u><font color=red>x"),
    "unclosed links": repeated(HTML, b"<a href=x>"),
    "closed paragraphs": repeated(HTML, b"<p>x</p>"),
    "attributes": repeated(HTML + b"<p ", b"a=b ", b">x"),
    "styles": repeated(HTML + b'<p style="', b"color:red;", b'">x'),
    "comments": repeated(HTML, b"<!--x-->"),
    "unclosed comments": repeated(HTML, b"<!--"),
    "images": repeated(HTML, b"<img src=cid:x>"),
    "rows of a table": repeated(HTML + b"<table>", b"<tr><td>x<td>y"),
    "entities in HTML": repeated(HTML, b"&#64;", b"@"),
    "links in HTML": repeated(HTML, b"<a href='https://messages.marketplace.example/m/x'>x</a>"),
    "rules in HTML": repeated(HTML, b"<p>------------- x -------------</p>"),
    # Text
    "entities": repeated(b"\r\n", b"&#64;", b"@"),
    "ampersands": repeated(b"\r\n", b"&amp;#", b"@"),
    "percents": repeated(b"\r\n", b"%61", b"@"),
    "almost addresses": repeated(b"\r\n", b"ann@mail.tes", b"ann%40mail.test"),
    "addresses in the text": repeated(b"\r\n", b"ann&#64;mail.test "),
    "rules": repeated(b"\r\n", b"> " + b"-" * 13 + b" x " + b"-" * 13 + b"\r\n"),
    "beginnings of rules": repeated(b"\r\n", b"-" * 12 + b" x\r\n"),
    "hyphens in a row": repeated(b"\r\n", b"-"),
    "quote marks": repeated(b"\r\n", b">", b"@"),
    "quoted lines": repeated(b"\r\n", b"> > > x\r\n"),
    "flowed": repeated(FLOWED, b"x \r\n"),
    "flowed quotations": numbered(FLOWED, b">> # \r\n> x \r\n"),
    "spaces": repeated(b"\r\n", b" ", b"@"),
    "empty lines": repeated(b"\r\n", b"\r\n", b"@"),
    "invisible letters": repeated(TEXT, "\u200b".encode(), b"@"),
    "full-width letters": repeated(TEXT, "\uff41\uff20".encode()),
    "links": repeated(b"\r\n", b"https://messages.marketplace.example/m/"),
    "wrapped links": repeated(b"\r\n", b"https%3a%2f%2fmessages.marketplace.example%2Fm%2f "),
    "tokens": repeated(b"\r\n", b"[pt-a"),
    "almost tokens": repeated(b"\r\n", b"[pt-" + b"a > " * 50),
    "marks before tokens": repeated(b"\r\n", b"[ > | "),
}
