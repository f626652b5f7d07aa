"""What a thief of the database, or of a backup, learns: nobody's name, address, or words; and what destroying a key leaves."""

import base64
import hashlib
import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from postern.errors import DamagedError
from postern.model.journal import entry_digest
from postern.policy import reasons
from postern.storage import schema
from postern.storage.documents import find_document
from postern.storage.journal import find_entry, list_entries_about
from postern.storage.people import find_buyer
from postern.storage.store import Look
from postern.storage.threads import find_message
from tests.people import MALLORY, Town

SUBJECT, BODY, TITLE = "Quetzalcoatlus", "Tatzelwurm", "Wolpertinger"
SECRETS = ("ann@mail.test", "mail.test", "Ann Example", "help@acme.test", "acme.test", "mallory", SUBJECT, BODY, TITLE)


def spellings(secret: str) -> set[bytes]:
    """The ways in which bytes may lie about: plain, wide, and base64 from each of the three places it may start at."""
    found = {secret.lower().encode(), secret.lower().encode("utf-16-le")}
    for start in range(3):
        coded = base64.b64encode(b"\0" * start + secret.encode())
        found.add(coded[4 if start else 0 : -4].lower())
    return {one for one in found if len(one) >= 6}


def everything(town: Town, folder: Path) -> dict[str, bytes]:
    """Each column of each table, and each file: the database with its log, the blobs."""
    found: dict[str, bytes] = {}
    with town.store.look() as look:
        for name, table in schema.metadata.tables.items():
            for column in table.columns:
                values = look.connection.execute(select(column)).scalars()
                octets = [value if isinstance(value, bytes) else str(value).encode() for value in values]
                found[f"{name}.{column.name}"] = b"\0".join(octets).lower()
    for path in folder.rglob("*"):
        if path.is_file():
            found[path.name] = path.read_bytes().lower()
    return found


def stored_digests(look: Look) -> dict[UUID, bytes]:
    return {row[0]: row[1] for row in look.connection.execute(select(schema.journal.c.id, schema.journal.c.digest))}


def live(town: Town) -> None:
    """A bit of everything: delivered, deferred, refused, large, HTML, for the house, held."""
    town.receive(town.from_ann(f"{BODY}, yours, Ann Example, ann@mail.test", Subject=SUBJECT))
    town.receive(town.from_acme(f"<p>{BODY}</p><a href='mailto:help@acme.test'>", Subject=SUBJECT, Content_Type="text/html"))
    town.receive(town.from_ann(f"{BODY}\n" * 10_000, Subject=SUBJECT))
    town.receive(town.mail(MALLORY, town.pair.buyer_alias, BODY, Subject=SUBJECT))
    town.receive(town.mail(MALLORY, "abuse@marketplace.example", BODY, Subject=SUBJECT))
    attached = f'--x\nContent-Disposition: attachment; filename="{TITLE} ann@mail.test.txt"\n\n{BODY}\n--x--'
    town.receive(town.from_ann(attached, Subject=f"{SUBJECT} ann@mail.test", Content_Type="multipart/mixed; boundary=x"))
    town.deliver()


def test_no_table_and_no_file_holds_a_name_an_address_or_a_word_of_a_mail(town: Town, tmp_path: Path) -> None:
    live(town)
    places = everything(town, tmp_path)
    assert any(b"example market" in octets for octets in places.values())  # the search does find what lies open
    assert any(octets for name, octets in places.items() if name == "document.sealed")
    found = {
        (place, secret) for place, octets in places.items() for secret in SECRETS for one in spellings(secret) if one in octets
    }
    assert found == set()


def test_no_plain_hash_of_an_address_or_a_mail_is_kept(town: Town, tmp_path: Path) -> None:
    """It would be a plain copy to whoever can guess what was hashed."""
    mail = town.from_ann(BODY)
    refused = town.mail(MALLORY, town.pair.buyer_alias, BODY)
    for one in (mail, refused):
        town.receive(one)
    kept = b"\0".join(everything(town, tmp_path).values())
    for content in (mail.content, refused.content, b"ann@mail.test", b"mallory@lies.test", BODY.encode()):
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, content, usedforsecurity=False)
            assert digest.digest().lower() not in kept
            assert digest.hexdigest().encode() not in kept


def test_with_the_persons_key_go_their_name_their_address_and_their_mails_in_the_original(town: Town) -> None:
    town.receive(town.from_ann(BODY))
    destroy = schema.person.update().where(schema.person.c.kind == "buyer").values(wrapped_key=None)
    town.store.write(lambda transaction: transaction.execute(destroy)).result()
    with town.store.look() as look:
        wanted = select(schema.message.c.original_id, schema.message.c.relayed_id)
        original_id, relayed_id = look.connection.execute(wanted).one()
        with pytest.raises(DamagedError):
            find_buyer(look, town.pair.buyer_id)
        with pytest.raises(DamagedError):
            find_document(look, 1, original_id)
        assert BODY.encode() in find_document(look, 1, relayed_id)  # the other side's copy is the relationship's


def test_with_the_relationships_key_go_its_texts_and_relayed_mails_and_the_journal_verifies_all_the_same(town: Town) -> None:
    town.receive(town.from_ann(BODY, Subject=SUBJECT))
    town.deliver()
    destroy = schema.relationship.update().values(wrapped_key=None)
    town.store.write(lambda transaction: transaction.execute(destroy)).result()
    with town.store.look() as look:
        (message_id, relayed_id) = look.connection.execute(select(schema.message.c.id, schema.message.c.relayed_id)).one()
        with pytest.raises(DamagedError):
            find_document(look, 1, relayed_id)
        with pytest.raises(DamagedError):
            find_message(look, message_id)
        digests = stored_digests(look)
        entries = list_entries_about(look, message_id)
    assert len(entries) == 2
    for entry in entries:
        assert entry.digest() == digests[entry.id]


def test_every_entry_of_the_journal_verifies_as_it_was_stored_and_with_any_field_withheld(town: Town) -> None:
    live(town)
    with town.store.look() as look:
        digests = stored_digests(look)
        entries = [find_entry(look, entry_id) for entry_id in digests]
    assert len(entries) > 8
    for entry in entries:
        assert entry is not None
        assert entry.digest() == digests[entry.id]
        withheld = [field.digest() for field in entry.fields]  # what is left of a field: its digest
        assert entry_digest(entry, withheld) == digests[entry.id]
        assert len({field.salt for field in entry.fields}) == len(entry.fields)
        assert all(len(field.salt) == 16 for field in entry.fields)


def test_the_journals_commitment_to_a_mail_is_the_digest_of_its_salted_bytes(town: Town) -> None:
    """An evidence pack hands out salt and bytes; anybody can then check them against the journal."""
    mail = town.from_ann(BODY)
    town.receive(mail)
    with town.store.look() as look:
        (message_id, original_id) = look.connection.execute(select(schema.message.c.id, schema.message.c.original_id)).one()
        (entry,) = list_entries_about(look, message_id)
        sealed = look.connection.execute(select(schema.document.c.sealed).where(schema.document.c.id == original_id)).scalar_one()
        row = look.connection.execute(select(schema.person).where(schema.person.c.kind == "buyer")).mappings().one()
        salted = look.vault.open_key(row["id"], row["wrapped_key"]).open(sealed, f"document {original_id}")
    committed = {field.name: json.loads(field.value) for field in entry.fields}["original"]
    assert salted[16:] == mail.content
    assert hashlib.sha256(salted).hexdigest() == committed


def test_a_refusal_marks_who_so_that_a_pattern_is_seen_and_nobody_is_named(town: Town) -> None:
    for words in ("One", "Two"):
        assert town.receive(town.mail(MALLORY, town.pair.buyer_alias, words)).refusal == reasons.Cause(
            reasons.SENDER_NOT_REGISTERED
        )
    with town.store.look() as look:
        stored = look.connection.execute(select(schema.journal.c.fields)).scalars().all()
    marks = {json.loads(value) for fields in stored for name, _, value in json.loads(fields) if name == "who"}
    assert marks == {town.store.vault.mark_address(MALLORY).hex()}
