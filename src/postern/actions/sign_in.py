"""Signing in without a password: a link and a code are mailed to whoever works for a seller, and either opens a session.

Nobody learns here which addresses there are: asking with one that nobody has does nothing, and says nothing of it. A link and a
code work once, for minutes; after some wrong codes a mail counts no more, and only so many are sent in an hour. Signing in starts
a new session and ends the one before it in that browser.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.errors import AddressError, NotFoundError
from postern.keys import Keyring
from postern.mail.notice import Letterhead, compose_notice
from postern.mail.notices.sign_in import sign_in as sign_in_notice
from postern.mail.threading import own_message_id
from postern.model.address import Address
from postern.model.delivery import Carries
from postern.model.identifier import new_id, show
from postern.model.journal import Value
from postern.model.notice import NoticeKind, NoticeState
from postern.model.people import Seller
from postern.model.relationship import Side
from postern.model.team import Session
from postern.storage.change import Change, Row
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, seal_document
from postern.storage.journal import journal_row
from postern.storage.notices import KeptNotice, notice_row
from postern.storage.people import CORRESPONDENT, find_correspondent, find_person_with_address, list_marketplaces
from postern.storage.schema import HOUSE
from postern.storage.sessions import (
    SignIn,
    add_session,
    add_sign_in,
    count_sign_ins,
    count_wrong_code,
    end_session_row,
    find_latest_sign_in,
    find_sign_in_by_link,
    list_sessions,
    use_sign_in,
)
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction
from postern.storage.team import list_places

PAGE = "/sign-in/link"
CODE_DIGITS = 8
_SECRET_OCTETS = 32
_LINK, _CODE, _SESSION = "sign-in link", "sign-in code", "session"
_DEVICE = 60  # characters


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and the secret that its browser keeps."""

    session: Session
    secret: str = field(repr=False)


def ask_to_sign_in(store: Store, frame: Frame, typed: str, now: datetime) -> None:
    """Mail a link and a code, if somebody of a team has this address. Raises StoreError."""
    try:
        address = Address.parse(typed.strip())
    except AddressError:
        return
    store.write(lambda transaction: _ask(Look(transaction, store.vault, store.blobs), frame, address, now)).result()


def make_link_for(store: Store, frame: Frame, address: Address, now: datetime) -> str:
    """A link for whoever stands at the machine itself: a demonstration, a lost mailbox. Nothing is mailed. Raises NotFoundError
    where nobody has this address.
    """

    def add(transaction: Transaction) -> str:
        person_id = find_person_with_address(transaction, store.vault, CORRESPONDENT, address)
        if person_id is None:
            raise NotFoundError("nobody has this address")
        secret = secrets.token_urlsafe(_SECRET_OCTETS)
        one = SignIn(new_id(), HOUSE, person_id, secrets.token_bytes(16), now, 0, None)
        add_sign_in(transaction, one, _mark(frame.keyring, _LINK, secret))
        return f"{frame.public_url}{PAGE}/{secret}"

    return store.write(add).result()


def is_live_link(look: Look, frame: Frame, secret: str, now: datetime) -> bool:
    """Whether pressing the button would sign in. Changes nothing: mail scanners fetch links."""
    found = find_sign_in_by_link(look.connection, _mark(frame.keyring, _LINK, secret))
    return found is not None and _is_live(frame, found, now)


def sign_in_by_link(
    store: Store, frame: Frame, secret: str, device: str, now: datetime, before: Session | None = None
) -> SignedIn | None:
    """Open a session. None where the link was used, is too old, or is none. Raises StoreError."""

    def enter(transaction: Transaction) -> SignedIn | None:
        found = find_sign_in_by_link(transaction, _mark(frame.keyring, _LINK, secret), locked=True)
        if found is None or not _is_live(frame, found, now):
            return None
        return _enter(transaction, frame, found, device, now, before)

    return store.write(enter).result()


def sign_in_by_code(  # noqa: PLR0913, PLR0917 - who, with what, where, when
    store: Store, frame: Frame, typed: str, code: str, device: str, now: datetime, before: Session | None = None
) -> SignedIn | None:
    """The same with the code of the last mail to this address. None for any other. Raises StoreError."""
    digits = "".join(one for one in code if one.isdecimal())
    try:
        address = Address.parse(typed.strip())
    except AddressError:
        return None

    def enter(transaction: Transaction) -> SignedIn | None:
        person_id = find_person_with_address(transaction, store.vault, CORRESPONDENT, address)
        found = find_latest_sign_in(transaction, person_id) if person_id else None
        if found is None or not _is_live(frame, found, now):
            return None
        if not hmac.compare_digest(found.code_mark, _mark_code(frame.keyring, found.id, digits)):
            count_wrong_code(transaction, found.id)
            return None
        return _enter(transaction, frame, found, device, now, before)

    return store.write(enter).result()


def end_session(store: Store, person_id: UUID, session_id: UUID, now: datetime) -> bool:
    """Sign out, here or elsewhere. Answers whether there was such a session of this person's."""

    def end(transaction: Transaction) -> bool:
        is_ended = end_session_row(transaction, person_id, session_id)
        if is_ended:
            _tell(transaction, "session-ended", person_id, session_id, now)
        return is_ended

    return store.write(end).result()


def mark_session(keyring: Keyring, secret: str) -> bytes:
    """The digest by which a browser's secret is found again."""
    return _mark(keyring, _SESSION, secret)


def _is_live(frame: Frame, one: SignIn, now: datetime) -> bool:
    in_time = now - one.asked_at < timedelta(minutes=frame.limits.sign_in_minutes)
    return in_time and one.used_at is None and one.tries < frame.limits.sign_in_tries


def _enter(
    transaction: Transaction, frame: Frame, found: SignIn, device: str, now: datetime, before: Session | None
) -> SignedIn | None:
    """A fresh secret, whatever the browser had before: nobody can plant one (W-11)."""
    use_sign_in(transaction, found.id, now)
    secret = secrets.token_urlsafe(_SECRET_OCTETS)
    opened = Session(new_id(), found.person_id, now, now, device[:_DEVICE])
    if before:
        end_session_row(transaction, before.person_id, before.id)
    for surplus in list_sessions(transaction, found.person_id)[frame.limits.sessions_per_person - 1 :]:
        end_session_row(transaction, surplus.person_id, surplus.id)
    add_session(transaction, opened, mark_session(frame.keyring, secret))
    _tell(transaction, "signed-in", found.person_id, opened.id, now)
    return SignedIn(opened, secret)


def _tell(transaction: Transaction, kind: str, person_id: UUID, session_id: UUID, now: datetime) -> None:
    values: dict[str, Value] = {"person": show("per", person_id), "session": show("ses", session_id)}
    write_all(transaction, [Change(HOUSE, (journal_row(kind, now, values, seller_id=HOUSE),))])


def _ask(look: Look, frame: Frame, address: Address, now: datetime) -> None:
    person_id = find_person_with_address(look.connection, look.vault, CORRESPONDENT, address)
    places = list_places(look, person_id) if person_id else []
    if person_id is None or not places:
        return
    if count_sign_ins(look.connection, person_id, now - timedelta(hours=1)) >= frame.limits.sign_in_mails:
        return
    seller, secret = places[0][0], secrets.token_urlsafe(_SECRET_OCTETS)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    one_id = new_id()
    one = SignIn(one_id, seller.id, person_id, _mark_code(frame.keyring, one_id, code), now, 0, None)
    add_sign_in(look.connection, one, _mark(frame.keyring, _LINK, secret))
    rows = _mail_rows(look, frame, seller, one, f"{frame.public_url}{PAGE}/{secret}", f"{code[:4]} {code[4:]}")
    write_all(look.connection, [Change(seller.id, rows)])


def _mail_rows(look: Look, frame: Frame, seller: Seller, one: SignIn, link: str, code: str) -> tuple[Row, ...]:
    """The notice and its delivery. It is sealed with its reader's key, and gone within a day."""
    marketplace, reader, notice_id = list_marketplaces(look)[0], find_correspondent(look, one.person_id), new_id()
    domain, now = marketplace.mail_domain, one.asked_at
    notice = sign_in_notice(seller.language, link, code, frame.limits.sign_in_minutes)
    content = compose_notice(notice, Letterhead(marketplace.name, domain, frame.hostname, own_message_id(notice_id, domain), now))
    document = seal_document(seller.id, content, Owner("person", reader.id, reader.key), look.blobs, frame.limits.inline_document)
    kept = KeptNotice(
        id=notice_id,
        seller_id=seller.id,
        kind=NoticeKind.SIGN_IN,
        about_id=one.id,
        thread_id=one.id,
        side=Side.SELLER,
        person_id=reader.id,
        document_id=document.id,
        state=NoticeState.QUEUED,
        made_at=now,
    )
    delivery = Delivery(
        id=new_id(),
        seller_id=seller.id,
        message_id=notice_id,
        document_id=document.id,
        person_id=reader.id,
        sender_domain=domain,
        carries=Carries.NOTICE,
        due_at=now,
        lease=None,
        attempts=0,
        queued_at=now,
        destination=mark_destination(look.vault, reader.address),
        size=document.size,
    )
    values: dict[str, Value] = {"notice": notice.kind, "to": Side.SELLER, "sent": document.commitment}
    entry = journal_row("notice-made", now, values, seller_id=seller.id, message_id=one.id)
    return document.row, notice_row(kept), delivery_row(delivery), entry


def _mark(keyring: Keyring, purpose: str, secret: str) -> bytes:
    return keyring.mark(purpose, secret.encode("utf-8", "surrogatepass"))


def _mark_code(keyring: Keyring, sign_in_id: UUID, digits: str) -> bytes:
    return keyring.mark(_CODE, sign_in_id.bytes + digits.encode("utf-8", "surrogatepass"))
