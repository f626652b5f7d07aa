"""Mail for the house itself: postmaster@ and abuse@, which go on to the operator, and failure reports, which are kept with the
message they are about and may end it (``bounces``). None of it ever reaches a buyer or a seller, and none is ever answered.
"""

from dataclasses import dataclass
from uuid import UUID

from postern.actions.find_recipient import House
from postern.actions.frame import Frame
from postern.actions.receiving.bounces import bounce
from postern.actions.receiving.repeats import without_received
from postern.mail import header_lines
from postern.mail.failure_report import read_report
from postern.mail.letter import Reading
from postern.model.delivery import Carries
from postern.model.envelope import Mail
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.storage.change import Guard, HouseUnseen, Row, Write
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, SealedDocument, seal_document
from postern.storage.house import commit_to_house_mail, find_house_seen, find_operator
from postern.storage.journal import journal_row
from postern.storage.people import find_correspondent
from postern.storage.schema import HOUSE
from postern.storage.store import Look
from postern.storage.threads import is_erased


@dataclass(frozen=True, slots=True)
class Housed:
    """The rows that keep it, their guards, and with whose changes they are written."""

    seller_id: int
    rows: tuple[Row, ...]
    guards: tuple[Guard, ...] = ()


def prepare_for_house(look: Look, frame: Frame, mail: Mail, reading: Reading | None, house: House) -> Housed:
    """Keep it. Without a reading, of a mail that ended its readers, it is no report of anything."""
    about = house.about_id.bytes if house.about_id else b""
    seen_mark = look.vault.mark("house repeat", house.role.encode(), about, without_received(mail.content))
    if find_house_seen(look, seen_mark):
        return Housed(HOUSE, ())
    if house.about_id and is_erased(look, house.about_id):
        return Housed(HOUSE, (_entry_without_mail(mail, house, house.about_id),))
    content = _trace(frame, mail) + mail.content
    document = seal_document(
        HOUSE, content, Owner("house", None, look.vault.house_key()), look.blobs, frame.limits.inline_document
    )
    mail_id = new_id()
    row = Row(
        Write.ADD_HOUSE_MAIL,
        {
            "id": mail_id,
            "role": house.role,
            "received_at": mail.received_at,
            "size": len(mail.content),
            "document_id": document.id,
            "about_id": house.about_id,
            "seen_mark": seen_mark,
        },
    )
    delivery = _delivery_to_operator(look, mail, house, mail_id, document)
    values: dict[str, Value] = {
        "role": house.role,
        "size": len(mail.content),
        "original": document.commitment,
        "about": show("msg", house.about_id) if house.about_id else None,
        "forwarded": bool(delivery),
        "mail": show("hml", mail_id),
        "kept": commit_to_house_mail(row.values),
    }
    report = read_report(reading, mail.envelope, frame.limits) if reading and house.about_id else None
    if report:
        values |= {"report": report.kind, "status": report.status, "form": report.form}
    entry = journal_row("house-mail-accepted", mail.received_at, values, seller_id=HOUSE, message_id=house.about_id or mail_id)
    kept = Housed(HOUSE, (document.row, row, *delivery, entry), (HouseUnseen(seen_mark),))
    ended = bounce(look, frame, house.about_id, report, mail_id, mail.received_at) if report and house.about_id else None
    return Housed(ended.seller_id, kept.rows + ended.rows, kept.guards + ended.guards) if ended else kept


def _entry_without_mail(mail: Mail, house: House, about_id: UUID) -> Row:
    """A failure report names whom the mail was for: of a buyer who was erased meanwhile, nothing new is kept."""
    values: dict[str, Value] = {"role": house.role, "size": len(mail.content), "about": show("msg", about_id), "forwarded": False}
    return journal_row("house-mail-not-kept", mail.received_at, values, seller_id=HOUSE, message_id=about_id)


def _trace(frame: Frame, mail: Mail) -> bytes:
    """RFC 5321 4.4: whoever passes a mail on says so, first of all. Who sent it stands in the fields below, as it came."""
    return header_lines.received(frame.hostname, mail.received_at)


def _delivery_to_operator(look: Look, mail: Mail, house: House, mail_id: UUID, document: SealedDocument) -> tuple[Row, ...]:
    """Failure reports stay in the record; what people write to the house goes on to the operator, if there is an address."""
    operator_id = find_operator(look)
    if house.role == "report" or operator_id is None:
        return ()
    delivery = Delivery(
        id=new_id(),
        seller_id=HOUSE,
        message_id=mail_id,
        document_id=document.id,
        person_id=operator_id,
        sender_domain="",  # nobody signs it: it is passed on as it came
        carries=Carries.HOUSE,
        due_at=mail.received_at,
        lease=None,
        attempts=0,
        queued_at=mail.received_at,
        destination=mark_destination(look.vault, find_correspondent(look, operator_id).address),
        size=document.size,
    )
    return (delivery_row(delivery),)
