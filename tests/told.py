"""What people and programs read of mails that were sent, and what the record says: shared by the tests of rules and refusals."""

import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

from sqlalchemy import select

from postern.storage import schema
from tests.people import Arrival, Town


def mail_of(arrival: Arrival) -> EmailMessage:
    """The mail as another program reads it."""
    return message_from_bytes(arrival.content, policy=SMTP)


def human_text(mail: EmailMessage) -> str:
    """What a person reads first, on one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def answering(arrival: Arrival) -> dict[str, str]:
    """The header fields by which an answer names the mail that arrived."""
    return {"In_Reply_To": str(message_from_bytes(arrival.content)["Message-ID"])}


def states(town: Town) -> list[str]:
    """The state of every message."""
    with town.store.look() as look:
        return sorted(look.connection.execute(select(schema.message.c.state)).scalars())


def column(town: Town, table: str, name: str) -> list[object]:
    """One column of a table, in the order in which its rows came."""
    chosen = schema.metadata.tables[table]
    order = chosen.c["id"] if "id" in chosen.c else chosen.c[name]
    with town.store.look() as look:
        return list(look.connection.execute(select(chosen.c[name]).order_by(order)).scalars())


def notices(town: Town) -> list[str]:
    """The kind of every notice."""
    return sorted(str(kind) for kind in column(town, "notice", "kind"))


def entries(town: Town) -> list[tuple[str, dict[str, object]]]:
    """The journal in plain values, without those that are withheld."""
    with town.store.look() as look:
        rows = look.connection.execute(select(schema.journal.c.kind, schema.journal.c.fields).order_by(schema.journal.c.id)).all()
    return [(str(kind), _values(cast("str", fields))) for kind, fields in rows]


def _values(fields: str) -> dict[str, object]:
    return {name: json.loads(value) for name, salt, value in json.loads(fields) if salt is not None}
