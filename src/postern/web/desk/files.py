"""What came with a message: its files, and its original layout. Neither is ever a page of ours.

A file is always handed over as one to keep, never shown in our place. The layout was cleaned when the message was mailed; here it
is a document of its own in a sandbox, without scripts, forms or anything from elsewhere, whatever the cleaning let through.
"""

import base64
import re
from urllib.parse import quote

from litestar import MediaType, Response

from postern.actions.show_thread import file_of, find_letter
from postern.errors import NotFoundError
from postern.mail.letter import Letter
from postern.web.desk.visit import Ask, enter, read_seller
from postern.web.pages import Pages

_SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline';"
    " form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
_INLINE = re.compile(r'src="cid:([^"]*)"')
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_FRAME = (
    '<!DOCTYPE html><html lang="und"><head><meta charset="utf-8"><title>Original layout</title>'
    '<base target="_blank"><meta name="color-scheme" content="light"></head>'
    '<body style="background:#fff;color:#000;margin:12px;overflow-wrap:anywhere">'
)


def hand_over(pages: Pages, ask: Ask, seller: str, name: str, number: int) -> Response[bytes]:
    """One file, to keep (RFC 6266)."""
    file = file_of(_letter(pages, ask, seller, name), number)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.file_name or 'file', safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(file.content, media_type="application/octet-stream", headers=headers)


def show_layout(pages: Pages, ask: Ask, seller: str, name: str) -> Response[bytes]:
    """The message as it was laid out."""
    letter = _letter(pages, ask, seller, name)
    if letter.html is None:
        raise NotFoundError("this message has no layout")
    html = f"{_FRAME}{_INLINE.sub(lambda found: _picture(letter, found[1]), letter.html)}</body></html>"
    headers = {"Content-Security-Policy": _SANDBOX}
    return Response(html.encode("utf-8", "replace"), media_type=MediaType.HTML, headers=headers)


def _letter(pages: Pages, ask: Ask, seller: str, name: str) -> Letter:
    visit = enter(pages, ask, read_seller(seller))
    with pages.store.look() as look:
        return find_letter(look, pages.frame, visit.viewer.find_message(look, name))


def _picture(letter: Letter, content_id: str) -> str:
    """A picture that travelled in the mail, put where it belongs; nothing else is."""
    for one in letter.attachments:
        if one.content_id == content_id and one.media_type in _PICTURES:
            return f'src="data:{one.media_type};base64,{base64.b64encode(one.content).decode("ascii")}"'
    return 'src="data:,"'
