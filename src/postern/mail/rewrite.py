"""Rewriting is rebuilding: from a letter that was read to a new mail, through the steps, in this order.

Nothing of the original's structure travels on. It fails closed: a mail in which the guard finds the author's address is built
once more as text only, and if that leaks too it does not leave.
"""

from dataclasses import replace

from postern.mail import writer
from postern.mail.characters import one_line
from postern.mail.compose import compose
from postern.mail.guard import Sought, look_over
from postern.mail.letter import Draft, Leaking, Passage, Reading, Relayed
from postern.mail.steps.addresses import name_without_addresses, replace_addresses
from postern.mail.steps.attachments import sort_attachments, withhold_all
from postern.mail.steps.contact_details import mask_contact_details
from postern.mail.steps.headers import make_header
from postern.mail.steps.history import cut_own_words
from postern.mail.steps.markup import clean_markup
from postern.mail.steps.quotations import reduce_quotations
from postern.mail.steps.twin import make_text_twin
from postern.mail.telling import own_trace, telling_words
from postern.mail.writer import Boundaries

STEPS = (
    clean_markup,  # first: what HTML spells with entities is plain afterwards
    make_text_twin,
    sort_attachments,
    cut_own_words,
    reduce_quotations,
    replace_addresses,
    mask_contact_details,  # after the aliases stand where the addresses stood; nothing of the author's comes in after it
)


def rewrite(reading: Reading, passage: Passage, boundaries: Boundaries = writer.fresh_boundary) -> Relayed | Leaking:
    """The mail that the other side gets."""
    passage = _prepared(passage, reading)
    draft = Draft(reading.letter)
    for step in STEPS:
        draft = step(draft, passage)
    sought = _sought(passage)
    relayed = _build(draft, passage, boundaries)
    sighting = look_over(relayed.content, sought)
    if sighting.certain:
        relayed = _build(_as_text_only(draft, passage), passage, boundaries)
        sighting = look_over(relayed.content, sought)
    if sighting.certain:
        return Leaking(sighting.certain)
    if sighting.telling:
        return replace(relayed, changes=(*relayed.changes, f"telling words that stay: {sighting.telling}"))
    return relayed


def _prepared(passage: Passage, reading: Reading) -> Passage:
    """With the mail's own trace, and with the author's name as everybody may see it."""
    name = name_without_addresses(one_line(passage.author_name), passage)
    return replace(passage, trace=own_trace(reading.trace, passage), author_name=name)


def _sought(passage: Passage) -> Sought:
    """What the guard looks for, and the header lines of ours that it need not search."""
    written = {"message-id": passage.message_id, "references": " ".join(passage.references)}
    if passage.references:
        written["in-reply-to"] = passage.references[-1]
    certain = (*(address.canonical() for address in passage.certain), *passage.trace)
    return Sought(certain, telling_words(passage), written)


def _as_text_only(draft: Draft, passage: Passage) -> Draft:
    """The draft without HTML and files, for an address hid in one of them."""
    bare = withhold_all(draft, passage.language)
    return bare.but(replace(bare.letter, html=None), "sent as text only: an address was hidden in the layout or a file")


def _build(draft: Draft, passage: Passage, boundaries: Boundaries) -> Relayed:
    fields = make_header(draft.letter, passage)
    text, html = compose(draft, passage)
    content = writer.mail(fields, text, html, draft.letter.attachments, boundaries)
    return Relayed(content, draft.letter.subject, draft.letter.text or "", draft.changes)
