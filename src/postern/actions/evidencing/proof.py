"""The proof in a pack: the pair's chain, entry by entry, and that its end is in a signed checkpoint.

Whoever has it can compute every digest, hash and root again, and needs nothing but the public key.
"""

from collections.abc import Sequence

from postern.actions.evidencing.case import Case, KeptMail
from postern.errors import DamagedError, NotFoundError
from postern.model.evidence import FORMAT
from postern.model.journal import Field, microseconds
from postern.model.tree import prove_inclusion, root_over
from postern.storage.evidence import Link
from postern.storage.seals import iterate_hashes
from postern.storage.store import Look


def spell_proof(look: Look, links: Sequence[Link], size: int, note: str, keys: Sequence[str], case: Case) -> dict[str, object]:
    """The proof for programs. Raises NotFoundError where nothing is sealed, DamagedError where a seal is missing."""
    if not links:
        raise NotFoundError("nothing between these two is sealed yet")
    last = links[-1].seal

    def root_of(first: int, end: int) -> bytes:
        hashes = list(iterate_hashes(look, first, end))
        if len(hashes) != end - first:
            raise DamagedError("a seal is missing: `postern record verify` tells more")
        return root_over(hashes)

    path = prove_inclusion(last.position - 1, size, root_of)
    return {
        "format": FORMAT,
        "chain": last.chain,
        "entries": [_spell_link(one) for one in links],
        "inclusion": {"index": last.position - 1, "size": size, "path": [one.hex() for one in path]},
        "mails": [_spell_mail(mail) for exhibit in case.exhibits for mail in exhibit.mails],
        "checkpoint": note,
        "keys": list(keys),
    }


def _spell_link(link: Link) -> dict[str, object]:
    seal, entry = link.seal, link.entry
    return {
        "position": seal.position,
        "chain_position": seal.chain_position,
        "previous": seal.previous.hex(),
        "sealed_at": microseconds(seal.sealed_at),
        "hash": seal.hash.hex(),
        "id": entry.id.hex,
        "seller": entry.seller_id,
        "relationship": entry.relationship_id.hex if entry.relationship_id else None,
        "message": entry.message_id.hex if entry.message_id else None,
        "kind": entry.kind,
        "happened_at": microseconds(entry.happened_at),
        "fields": [_spell_field(one) for one in entry.fields],
    }


def _spell_field(one: Field) -> list[str | None]:
    """Name, salt and value; of a field that is withheld name, nothing and digest."""
    return [one.name, None, one.digest().hex()] if one.withheld else [one.name, one.salt.hex(), one.value]


def _spell_mail(mail: KeptMail) -> dict[str, str]:
    return {"file": mail.name, "message": mail.message.hex, "field": mail.held_as, "salt": mail.salt.hex()}
