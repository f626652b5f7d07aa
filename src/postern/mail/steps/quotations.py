"""Quoted history tells when and what about, and of people only what both sides know.

One rule for every program and language: **who wrote a quoted mail is shown by alias if it is one of the two sides, by "..." if it
is anybody else; who else got it is not shown at all.** So in "On Monday Ann Real <ann@mail.test> wrote:" the name and the address
give way to the alias and the rest stays; in "From: / Sent: / To: / Cc: / Subject:" From is reduced likewise, To, Cc, Bcc and
Reply-To go with all their lines, date and subject stay. What the author typed is not touched: a heading that is not certain stays
as it is, and the next step replaces the addresses in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from postern.mail.folding import fold
from postern.mail.letter import Draft, Passage
from postern.mail.quoting.attribution import Attribution
from postern.mail.quoting.header_block import HeaderBlock
from postern.mail.quoting.history import find_headings, may_hold_headings
from postern.mail.quoting.labels import Kind
from postern.mail.quoting.rows import Edit, Row, edit_html, edit_text, rows_of_html, rows_of_text

SOMEBODY = "..."


def reduce_quotations(draft: Draft, passage: Passage) -> Draft:
    """The step, for text and HTML."""
    letter = draft.letter
    text, html = letter.text, letter.html
    if text and may_hold_headings(text):
        rows = rows_of_text(text)
        text = edit_text(text, rows, list(reductions(rows, passage)))
    if html and may_hold_headings(html):
        rows = rows_of_html(html)
        html = edit_html(html, rows, list(reductions(rows, passage)))
    if (text, html) == (letter.text, letter.html):
        return draft
    return draft.but(replace(letter, text=text, html=html), "names and addresses were cut from quoted history")


def reductions(rows: Sequence[Row], passage: Passage) -> Iterator[Edit]:
    """What becomes of the headings in these rows."""
    for heading in find_headings(rows):
        if isinstance(heading, Attribution):
            yield from _reduced_attribution(heading, rows, passage)
        else:
            yield from _reduced_block(heading, rows, passage)


def _reduced_attribution(heading: Attribution, rows: Sequence[Row], passage: Passage) -> Iterator[Edit]:
    words = f"{heading.before}{alias_of(heading.who, passage)}{heading.after}"
    if [row.words for row in rows[heading.first : heading.last]] != [words]:
        yield Edit(heading.first, heading.last, words)


def _reduced_block(block: HeaderBlock, rows: Sequence[Row], passage: Passage) -> Iterator[Edit]:
    for field in block.fields:
        if field.kind is Kind.PEOPLE:
            yield Edit(field.first, field.last)
        elif field.kind is Kind.AUTHOR:
            whole = " ".join(row.words for row in rows[field.first : field.last])
            words = f"{field.label.strip()}: {alias_of(whole, passage)}"
            if whole != words:
                yield Edit(field.first, field.last, words)


def alias_of(who: str, passage: Passage) -> str:
    """The alias of the side that these words name by its address or its alias."""
    folded = fold(who)
    for address, alias in passage.known_addresses:
        if address.canonical() in folded or alias.lower() in folded:
            return alias
    return SOMEBODY
