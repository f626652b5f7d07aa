"""Asking an address whether it writes for a seller, and taking its answer (R20).

The question is a mail of the marketplace's, so only who reads the mailbox can answer. It is asked a few times a day at most,
whoever wants it asked: we fill nobody's mailbox. Confirming is not approving; an address counts once both are done, in either
order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.errors import NotFoundError
from postern.mail.notice import Letterhead, compose_notice
from postern.mail.notices.confirm_address import confirm_address
from postern.mail.threading import own_message_id
from postern.mail.tokens import make_confirmation_link
from postern.model.day import Day
from postern.model.delivery import Carries
from postern.model.identifier import new_id
from postern.model.journal import Value
from postern.model.notice import NoticeKind, NoticeState
from postern.model.people import Marketplace, Seller
from postern.model.permission import Asked
from postern.model.relationship import Side
from postern.storage.change import Change, Row
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, SealedDocument, seal_document
from postern.storage.forgetting import forget_notices
from postern.storage.journal import journal_row
from postern.storage.notices import KeptNotice, notice_row
from postern.storage.people import Correspondent, find_correspondent, find_marketplace, find_seller, list_marketplaces
from postern.storage.permissions import (
    SenderPermission,
    count_mails,
    count_one_mail,
    find_home,
    find_permission_by_id,
    let_write,
    set_confirmed,
    take_turn,
)
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction


@dataclass(frozen=True, slots=True)
class Question:
    """What the page behind the link says: who asks, and what was answered already."""

    permission: SenderPermission
    seller: Seller
    marketplace: Marketplace


@dataclass(frozen=True, slots=True)
class Confirmed:
    """``is_new`` is False where it was confirmed before; ``may_write`` where it was approved too."""

    is_new: bool
    may_write: bool


def find_question(look: Look, permission_id: UUID) -> Question:
    """What this link asks. Raises NotFoundError where the seller took it back, or blocked the address."""
    permission = find_permission_by_id(look.connection, permission_id)
    if permission is None:
        raise NotFoundError("nothing is asked any more")
    return Question(permission, find_seller(look, permission.seller_id), _home(look, permission.seller_id))


def confirm_sender(store: Store, permission_id: UUID, now: datetime) -> Confirmed:
    """The button was pressed. Raises NotFoundError, and StoreError: then trying again may help and does no harm."""

    def change(transaction: Transaction) -> Confirmed:
        asked = find_permission_by_id(transaction, permission_id)
        if asked is None:
            raise NotFoundError("nothing is asked any more")
        take_turn(transaction, asked.seller_id)
        permission = find_permission_by_id(transaction, permission_id) or asked
        is_approved = permission.approved_at is not None
        if permission.confirmed_at:
            return Confirmed(is_new=False, may_write=is_approved)
        set_confirmed(transaction, permission_id, now)
        if is_approved:
            let_write(transaction, permission.seller_id, permission.person_id)
        look = Look(transaction, store.vault, store.blobs)
        address = find_correspondent(look, permission.person_id).address
        values: dict[str, Value] = {"who": store.vault.mark_address(address).hex(), "may write": is_approved}
        entry = journal_row("sender-confirmed", now, values, seller_id=permission.seller_id)
        write_all(transaction, [Change(permission.seller_id, (entry,))])
        return Confirmed(is_new=True, may_write=is_approved)

    return store.write(change).result()


def ask_to_confirm(look: Look, frame: Frame, permission: SenderPermission, now: datetime) -> tuple[Asked, list[str]]:
    """Mail the link, in the transaction of ``look``, unless it was mailed too often today. One that was mailed before and has not
    arrived is not sent any more. Answers also the blobs that lie without a row then.
    """
    connection, limits = look.connection, frame.limits
    day = str(Day.at(now, "UTC"))
    to_address, for_seller = count_mails(connection, permission.seller_id, permission.person_id, day)
    if to_address >= limits.confirmation_mails or for_seller >= limits.seller_confirmations:
        return Asked.TOO_OFTEN, []
    count_one_mail(connection, permission.seller_id, permission.person_id, day)
    blobs = forget_notices(connection, permission.seller_id, [permission.id])
    rows = _question_rows(look, frame, permission, now)
    write_all(connection, [Change(permission.seller_id, rows)])
    return Asked.MAILED, blobs


def _question_rows(look: Look, frame: Frame, permission: SenderPermission, now: datetime) -> tuple[Row, ...]:
    seller, marketplace = find_seller(look, permission.seller_id), _home(look, permission.seller_id)
    asked = find_correspondent(look, permission.person_id)
    notice_id, domain = new_id(), marketplace.mail_domain
    expires_at = now + timedelta(days=frame.limits.confirmation_days)
    link = make_confirmation_link(frame.keyring, frame.public_url, permission.id, expires_at)
    notice = confirm_address(seller.language, seller.business_name, marketplace.name, link, expires_at)
    content = compose_notice(notice, Letterhead(marketplace.name, domain, frame.hostname, own_message_id(notice_id, domain), now))
    owner = Owner("person", asked.id, asked.key)
    document = seal_document(seller.id, content, owner, look.blobs, frame.limits.inline_document)
    values: dict[str, Value] = {"notice": notice.kind, "to": Side.SELLER, "sent": document.commitment}
    return (
        document.row,
        notice_row(_kept(permission, notice_id, document, now)),
        delivery_row(_delivery(look, permission, asked, notice_id, document, domain, now)),
        journal_row("notice-made", now, values, seller_id=seller.id, message_id=permission.id),
    )


def _kept(permission: SenderPermission, notice_id: UUID, document: SealedDocument, now: datetime) -> KeptNotice:
    return KeptNotice(
        id=notice_id,
        seller_id=permission.seller_id,
        kind=NoticeKind.CONFIRM_ADDRESS,
        about_id=permission.id,
        thread_id=permission.id,
        side=Side.SELLER,
        person_id=permission.person_id,
        document_id=document.id,
        state=NoticeState.QUEUED,
        made_at=now,
    )


def _delivery(  # noqa: PLR0913, PLR0917 - a delivery is made of all of them
    look: Look,
    permission: SenderPermission,
    asked: Correspondent,
    notice_id: UUID,
    document: SealedDocument,
    sender_domain: str,
    now: datetime,
) -> Delivery:
    return Delivery(
        id=new_id(),
        seller_id=permission.seller_id,
        message_id=notice_id,
        document_id=document.id,
        person_id=asked.id,
        sender_domain=sender_domain,
        carries=Carries.NOTICE,
        due_at=now,
        lease=None,
        attempts=0,
        queued_at=now,
        destination=mark_destination(look.vault, asked.address),
        size=document.size,
    )


def _home(look: Look, seller_id: int) -> Marketplace:
    """In whose name the seller's addresses are asked. Raises NotFoundError where there is no marketplace yet."""
    home = find_home(look.connection, seller_id)
    if home:
        return find_marketplace(look, home)
    marketplaces = list_marketplaces(look)
    if not marketplaces:
        raise NotFoundError("there is no marketplace yet in whose name an address could be asked")
    return marketplaces[0]
