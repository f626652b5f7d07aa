"""The header of the new mail: every field made here, none taken over. To is added at each attempt.

A person's mail carries no Precedence, Auto-Submitted or List field: helpdesks would take it for a robot's.
"""

from postern.language import say
from postern.mail import header_lines
from postern.mail.letter import Letter, Passage
from postern.model.relationship import Side


def make_header(letter: Letter, passage: Passage) -> tuple[bytes, ...]:
    """The fields in the order in which people read them."""
    fields = [
        header_lines.mailbox("From", display_name(passage), passage.from_alias),
        header_lines.unstructured("Subject", letter.subject),
        header_lines.date("Date", passage.date),
        header_lines.identifiers("Message-ID", [passage.message_id]),
    ]
    if passage.references:
        fields.append(header_lines.identifiers("In-Reply-To", passage.references[-1:]))
        fields.append(header_lines.identifiers("References", passage.references))
    return tuple(fields)


def display_name(passage: Passage) -> str:
    """Who the reader sees: ``NAME - MARKETPLACE`` for a buyer (R14), the business name alone for a seller (R28)."""
    name = passage.author_name
    if passage.author is Side.SELLER:
        return name
    return f"{name or say(passage.language, 'Buyer')} - {passage.marketplace_name}"
