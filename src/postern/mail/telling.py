"""Which words tell who the author is, beside the addresses themselves: a rare local part, a domain of one's own, the mail's
trace.

Names are not among them: who writes is said in From, by the name that the marketplace knows.
"""

from collections.abc import Iterable, Iterator

from postern.mail.letter import Passage
from postern.mail.providers import is_public
from postern.model.address import Address

_SHORTEST = 8  # characters of a local part that is nobody else's
_ROLE_NAMES = (
    "abuse accounts admin auskunft bestellung bestellungen billing buchhaltung commandes commercial compras contact "
    "contacto customer customerservice customersupport einkauf facturacion hello help helpdesk info informacion information "
    "kontakt kundenservice kundendienst mailbox marketing newsletter noreply office order orders pedidos postmaster "
    "rechnung reklamation retouren returns sales service serviceclient shipping shop store support team vendite ventas "
    "verkauf versand webmaster webshop "
)
_ROLES = frozenset(_ROLE_NAMES.split())


def telling_words(passage: Passage) -> tuple[str, ...]:
    """Of the author's addresses, in lower case."""
    return tuple(dict.fromkeys(word for address in passage.certain for word in _words(address, passage.mail_domain)))


def _words(address: Address, mail_domain: str) -> Iterator[str]:
    local_part = address.local_part.lower()
    bare = "".join(letter for letter in local_part if letter.isalpha())
    is_a_word = local_part.isalpha() or bare in _ROLES
    if len(local_part) >= _SHORTEST and not is_a_word:
        yield local_part
    if not is_public(address.domain) and address.domain != mail_domain:
        yield address.domain


def own_trace(trace: Iterable[str], passage: Passage) -> tuple[str, ...]:
    """The trace without what is ours: Message-IDs that we made, and our own hosts."""
    ours = (passage.mail_domain, *passage.own_hosts)
    return tuple(one for one in trace if one.rpartition("@")[2] not in ours)
