"""What a relayed mail looks like: the words we put around the author's own, as text and as HTML.

Short, and made to be read on a telephone and in a terminal of 72 columns. The author's words come first or right after one line;
what we have to say comes below a rule. No images, no colours that fail on a dark screen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from postern.language import say, say_count
from postern.mail import marks
from postern.mail.characters import one_line
from postern.mail.letter import Draft, Passage
from postern.mail.paragraphs import Line, html_of, isolated, marked_up, page, paragraph, plain_words, text_of
from postern.model.relationship import Side

_PRODUCTS_SHOWN = 10
_WITHHELD_SHOWN = 10
_TITLE_SHOWN = 60  # characters of a product's title


@dataclass(frozen=True, slots=True)
class _Around:
    """What we say around the author's words, above them and below."""

    introduction: tuple[Line, ...]
    order: tuple[list[str], ...]
    rule_above: tuple[str, ...]
    rule_below: str
    footer: tuple[Line, ...]
    token: str


def compose(draft: Draft, passage: Passage) -> tuple[str, str]:
    """The text of the mail; and the same as HTML if the author wrote HTML, else nothing."""
    around = _Around(
        introduction=tuple(_introduction(passage)),
        order=tuple(_order(passage)),
        rule_above=tuple(_rule_above(passage)),
        rule_below=marks.end_line(_title_below(passage)),
        footer=tuple(_footer(draft, passage)),
        token=marks.token_line(passage.language, passage.thread_token),
    )
    return _as_text(draft, passage, around), _as_html(draft, passage, around) if draft.letter.html else ""


def _as_text(draft: Draft, passage: Passage, around: _Around) -> str:
    blocks = [
        *map(text_of, around.introduction),
        *(plain_words("\n".join(lines)) for lines in around.order),
        *around.rule_above,
        _message(draft, passage),
        around.rule_below,
        *map(text_of, around.footer),
        around.token,
    ]
    return "\n\n".join(blocks) + "\n"


def _as_html(draft: Draft, passage: Passage, around: _Around) -> str:
    pieces = [
        *(paragraph(html_of(line)) for line in around.introduction),
        *(paragraph("<br>\n".join(map(marked_up, lines))) for lines in around.order),
        *(paragraph(escape(line), centred=True) for line in around.rule_above),
        f'<div dir="auto">{draft.letter.html}</div>',
        paragraph(escape(around.rule_below), centred=True),
        *(paragraph(html_of(line)) for line in around.footer),
        paragraph(escape(around.token)),
    ]
    return page(passage.language, draft.letter.subject, pieces)


def _introduction(passage: Passage) -> Iterator[Line]:
    """Who wrote. To a buyer the business name stands in the body too (R28)."""
    language, name = passage.language, passage.author_name
    if passage.author is Side.BUYER:
        buyer = isolated(name) or say(language, "A buyer")
        yield Line(say(language, "{buyer} writes to you through {marketplace}.", buyer=buyer, marketplace=_shop(passage)))
    elif passage.order_id:
        order = isolated(passage.order_id)
        yield Line(say(language, "{seller} writes to you about order {order}.", seller=isolated(name), order=order))
    else:
        yield Line(say(language, "{seller} writes to you.", seller=isolated(name)))


def _order(passage: Passage) -> Iterator[list[str]]:
    """For a seller, the order and what is in it; the first items of a long one."""
    if passage.author is Side.SELLER or not passage.order_id:
        return
    lines = [say(passage.language, "Order {order}", order=isolated(passage.order_id))]
    for product in passage.products[:_PRODUCTS_SHOWN]:
        title = one_line(product.title)
        shown = title if len(title) <= _TITLE_SHOWN else f"{title[:_TITLE_SHOWN].rstrip()}..."
        lines.append(f"  {product.quantity} x {isolated(shown)}")
    if (more := len(passage.products) - _PRODUCTS_SHOWN) > 0:
        lines.append("  " + say_count(passage.language, "and one more", "and {count} more", more))
    yield lines


def _rule_above(passage: Passage) -> Iterator[str]:
    if passage.author is Side.BUYER:
        yield marks.begin_line(passage.language)


def _title_below(passage: Passage) -> str:
    """What the rule below the message says: to a seller where it ends, to a buyer whose words follow."""
    return say(passage.language, "End message") if passage.author is Side.BUYER else one_line(passage.marketplace_name)


def _footer(draft: Draft, passage: Passage) -> Iterator[Line]:
    """What we say below the message."""
    language = passage.language
    if draft.withheld:
        names = ", ".join(isolated(name) for name in draft.withheld[:_WITHHELD_SHOWN])
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


def _shop(passage: Passage) -> str:
    return isolated(passage.marketplace_name)
