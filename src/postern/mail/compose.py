"""What a relayed mail looks like: the words we put around the author's own, as text and as HTML.

Short, and made to be read on a telephone and in a terminal of 72 columns. The author's words come first or right after one line;
what we have to say comes below a rule. No images, no colours that fail on a dark screen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from postern.language import say
from postern.mail import marks
from postern.mail.characters import one_line
from postern.mail.letter import Draft, Passage
from postern.mail.steps.addresses import name_without_addresses
from postern.model.relationship import Side

_COLUMNS = 72
_PRODUCTS_SHOWN = 10
_WITHHELD_SHOWN = 10
_TITLE_SHOWN = 60  # characters of a product's title


@dataclass(frozen=True, slots=True)
class Line:
    """One thing we say: words, and perhaps where they lead."""

    words: str
    link: str = ""


def compose_text(draft: Draft, passage: Passage) -> str:
    """The text of the mail."""
    blocks = [
        *(_wrap(line) for line in _introduction(passage)),
        *_order_text(passage),
        *_rule_above(passage),
        _message(draft, passage),
        marks.end_line(_title_below(passage)),
        *(_wrap(line) for line in _footer(draft, passage)),
        marks.token_line(passage.language, passage.thread_token),
    ]
    return "\n\n".join(blocks) + "\n"


def compose_html(draft: Draft, passage: Passage) -> str:
    """The same as HTML, if the author wrote HTML; else nothing."""
    if not draft.letter.html:
        return ""
    small = ' style="font-size:small"'
    rule = ' style="font-size:small;text-align:center"'
    above = [f"<p{small}>{_html_of(line)}</p>" for line in _introduction(passage)]
    order = [f"<p{small}>" + escape(lines).replace("\n", "<br>\n") + "</p>" for lines in _order_text(passage)]
    begin = [f"<p{rule}>{escape(line)}</p>" for line in _rule_above(passage)]
    below = [f"<p{small}>{_html_of(line)}</p>" for line in _footer(draft, passage)]
    token = escape(marks.token_line(passage.language, passage.thread_token))
    pieces = [
        "<!DOCTYPE html>",
        f'<html lang="{escape(passage.language)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
        f"<title>{escape(draft.letter.subject)}</title></head><body>",
        *above,
        *order,
        *begin,
        f"<div>{draft.letter.html}</div>",
        f"<p{rule}>{escape(marks.end_line(_title_below(passage)))}</p>",
        *below,
        f"<p{small}>{token}</p>",
        "</body></html>",
    ]
    return "\n".join(pieces) + "\n"


def _introduction(passage: Passage) -> Iterator[Line]:
    """Who wrote. To a buyer the business name stands in the body too (R28)."""
    name = name_without_addresses(one_line(passage.author_name), passage)
    if passage.author is Side.BUYER:
        buyer = name or say(passage.language, "A buyer")
        yield Line(say(passage.language, "{buyer} writes to you through {marketplace}.", buyer=buyer, marketplace=_shop(passage)))
    elif passage.order_id:
        yield Line(say(passage.language, "{seller} writes to you about order {order}.", seller=name, order=_order(passage)))
    else:
        yield Line(say(passage.language, "{seller} writes to you.", seller=name))


def _order_text(passage: Passage) -> Iterator[str]:
    if lines := list(_order_lines(passage)):
        yield "\n".join(lines)


def _order_lines(passage: Passage) -> Iterator[str]:
    """For a seller, the order and what is in it; the first items of a long one."""
    if passage.author is Side.SELLER or not passage.order_id:
        return
    yield say(passage.language, "Order {order}", order=_order(passage))
    for product in passage.products[:_PRODUCTS_SHOWN]:
        title = one_line(product.title)
        yield f"  {product.quantity} x " + (title if len(title) <= _TITLE_SHOWN else f"{title[:_TITLE_SHOWN].rstrip()}...")
    if (more := len(passage.products) - _PRODUCTS_SHOWN) > 0:
        yield "  " + say(passage.language, "and {count} more", count=more)


def _rule_above(passage: Passage) -> Iterator[str]:
    if passage.author is Side.BUYER:
        yield marks.begin_line(passage.language)


def _title_below(passage: Passage) -> str:
    """What the rule below the message says: to a seller where it ends, to a buyer whose words follow."""
    return say(passage.language, "End message") if passage.author is Side.BUYER else _shop(passage)


def _footer(draft: Draft, passage: Passage) -> Iterator[Line]:
    """What we say below the message."""
    language = passage.language
    if draft.withheld:
        names = ", ".join(one_line(name) for name in draft.withheld[:_WITHHELD_SHOWN])
        yield Line(say(language, "Not passed on, for your safety and privacy: {names}", names=names))
    if passage.author is Side.BUYER:
        yield Line(say(language, "Answer by replying to this mail. Your own address stays hidden."))
        if passage.links.no_response_needed:
            yield Line(say(language, "No response needed"), passage.links.no_response_needed)
    else:
        yield Line(say(language, "You can answer by replying to this mail. Your address stays hidden."))
    if passage.links.report:
        yield Line(say(language, "Report message"), passage.links.report)
    yield Line(
        say(
            language,
            "{marketplace} keeps a record of all messages and may look at them to settle a dispute.",
            marketplace=_shop(passage),
        )
    )
    yield Line(say(language, "Please leave the original message in your reply. This line takes it to the right place:"))


def _message(draft: Draft, passage: Passage) -> str:
    """The author's words. A signature line loses its space: programs cut all below it when they quote, and our token with it."""
    text = draft.letter.text or ""
    if text.strip():
        return "\n".join("--" if line == "-- " else line for line in text.strip("\n").split("\n"))
    if draft.letter.attachments:
        return say(passage.language, "(This message has no text, only attachments.)")
    return say(passage.language, "(This message has no text.)")


def _wrap(line: Line) -> str:
    """One paragraph of ours; a link on a line of its own, never broken."""
    if line.link:
        return f"{line.words}:\n{line.link}"
    rows: list[str] = []
    for word in line.words.split():
        if rows and len(rows[-1]) + 1 + len(word) <= _COLUMNS:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return "\n".join(rows)


def _html_of(line: Line) -> str:
    if line.link:
        return f'<a href="{escape(line.link)}">{escape(line.words)}</a>'
    return escape(line.words)


def _shop(passage: Passage) -> str:
    return one_line(passage.marketplace_name)


def _order(passage: Passage) -> str:
    return one_line(passage.order_id or "")
