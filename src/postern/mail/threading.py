"""How mails name each other, and how a mail finds its thread: Message-IDs, references, quoted tokens, named orders (R9).

Pure parts only: which thread a reference or a token belongs to is looked up elsewhere.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from uuid import UUID

from postern.mail import marks
from postern.mail.letter import Letter
from postern.mail.plain import plain
from postern.mail.quotation import cut
from postern.model import identifier
from postern.model.limits import Limits

find_thread_tokens = marks.find_thread_tokens

# RFC 5322 3.6.4, less quoted strings and domain literals with spaces, plus what old programs write on the left.
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,500}>")
_OWN = re.compile(r"<([0-9a-zA-Z]{26})@([A-Za-z0-9.-]{1,255})>")


def own_message_id(message: UUID, mail_domain: str) -> str:
    """The Message-ID under which we send this message, with its angle brackets."""
    return f"<{identifier.spell(message)}@{mail_domain}>"


def read_own_message_id(text: str, mail_domain: str) -> UUID | None:
    """The message behind a Message-ID of ours, whatever its case, or None."""
    match = _OWN.fullmatch(text.strip())
    if match is None or match[2].lower() != mail_domain.lower():
        return None
    return identifier.unspell(match[1])


def first_id(values: Iterable[str]) -> str | None:
    """The first Message-ID in these fields."""
    return next((match[0] for value in values for match in _MESSAGE_ID.finditer(value)), None)


def references_of(references: Iterable[str], in_reply_to: Iterable[str], limits: Limits) -> tuple[str, ...]:
    """The Message-IDs that a mail refers to, oldest first, In-Reply-To after References, without repeats. Of too many the
    newest count.
    """
    found = [match[0] for value in (*references, *in_reply_to) for match in _MESSAGE_ID.finditer(value)]
    newest = list(dict.fromkeys(reversed(found)))[: limits.references]
    return tuple(reversed(newest))


def map_references(references: Iterable[str], other_side: Mapping[str, str]) -> tuple[str, ...]:
    """The same references as the other side knows them. One that it does not know is dropped: it may name the author's host."""
    return tuple(dict.fromkeys(other_side[reference] for reference in references if reference in other_side))


def tokens_of(letter: Letter) -> tuple[str, ...]:
    """The thread tokens quoted anywhere in a letter."""
    found = (token for words in (letter.text, letter.html) if words for token in marks.find_thread_tokens(words))
    return tuple(islice(dict.fromkeys(found), marks.TOKENS_MAXIMUM))


def named_orders(letter: Letter, order_ids: Iterable[str]) -> tuple[str, ...]:
    """Which of these orders a letter names, as a whole and not as a piece of a longer number: the subject and the author's own
    words decide; what is only quoted counts where they name none.
    """
    words = letter.text if letter.text is not None else plain(letter.html or "")
    order_ids = tuple(order_id for order_id in order_ids if order_id in words or order_id in letter.subject)
    if not order_ids:
        return ()
    reply = cut(words)
    own = f"{letter.subject}\n{reply.new}\n{reply.signature}"
    return _named_in(own, order_ids) or _named_in(reply.quoted, order_ids)


def _named_in(words: str, order_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(order_id for order_id in order_ids if order_id in words and _is_named(order_id, words))


def _is_named(order_id: str, words: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9])(?<![0-9]-){re.escape(order_id)}(?![A-Za-z0-9]|-[0-9])", words) is not None
