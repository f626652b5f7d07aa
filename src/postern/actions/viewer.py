"""Who asks, and what they may find: the only way for a page, or for a seller's program, to find a record.

A record of another seller, one that does not exist, and one that the seller must not see (a buyer's message that is held, or was
refused) are all the same here: NotFoundError.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.sign_in import mark_session
from postern.errors import NotFoundError
from postern.model.identifier import read_shown
from postern.model.people import Seller
from postern.model.relationship import Side
from postern.model.response import ACCEPTED
from postern.model.team import Role, Session
from postern.model.thread import Message, MessageState, Thread
from postern.storage.sessions import find_session, see_session
from postern.storage.store import Look, Store
from postern.storage.team import list_places
from postern.storage.threads import find_message, find_thread_of

_SEEN_AGAIN_AFTER = timedelta(minutes=5)
_SHOWN_TO_SELLER = ACCEPTED | {MessageState.ABSORBED, MessageState.ERASED}


@dataclass(frozen=True, slots=True)
class Place:
    """A seller for whom somebody works."""

    seller: Seller
    role: Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is signed in, at one of the places where they work."""

    session: Session
    places: tuple[Place, ...]
    place: Place

    @property
    def person_id(self) -> UUID:
        return self.session.person_id

    @property
    def seller(self) -> Seller:
        return self.place.seller

    def find_thread(self, look: Look, name: str) -> Thread:
        """``thr_…`` of this seller. Raises NotFoundError."""
        return find_sellers_thread(look, self.seller.id, name)

    def find_message(self, look: Look, name: str) -> Message:
        """``msg_…`` of this seller, if they may see it. Raises NotFoundError."""
        return find_sellers_message(look, self.seller.id, name)


def find_sellers_thread(look: Look, seller_id: int, name: str) -> Thread:
    """``thr_…`` of this seller, for whoever was let in as theirs: a person, or a program with a key. Raises NotFoundError."""
    thread_id = read_shown("thr", name)
    thread = find_thread_of(look, seller_id, thread_id) if thread_id else None
    if thread is None:
        raise NotFoundError("no such thread")
    return thread


def find_sellers_message(look: Look, seller_id: int, name: str) -> Message:
    """``msg_…`` of this seller, if they may see it. Raises NotFoundError."""
    message_id = read_shown("msg", name)
    message = find_message(look, message_id) if message_id else None
    if message is None or message.seller_id != seller_id or not may_see(message):
        raise NotFoundError("no such message")
    return message


def may_see(message: Message) -> bool:
    """Whether its seller may: all of their own, and of a buyer's what passed the rules."""
    return message.author is Side.SELLER or message.state in _SHOWN_TO_SELLER


def find_session_of(look: Look, frame: Frame, secret: str, now: datetime) -> Session | None:
    """The session of a browser's cookie, if its time is not over."""
    found = find_session(look, mark_session(frame.keyring, secret)) if secret else None
    if found is None:
        return None
    limits = frame.limits
    is_idle = now - found.seen_at >= timedelta(hours=limits.session_idle_hours)
    is_old = now - found.made_at >= timedelta(days=limits.session_days)
    return None if is_idle or is_old else found


def find_viewer(look: Look, session: Session, seller_id: int) -> Viewer:
    """Who asks, at this seller's. Raises NotFoundError where they do not work there."""
    places = find_places(look, session.person_id)
    place = next((one for one in places if one.seller.id == seller_id), None)
    if place is None:
        raise NotFoundError("no such seller")
    return Viewer(session, places, place)


def find_places(look: Look, person_id: UUID) -> tuple[Place, ...]:
    """Where somebody works, by the sellers' names."""
    return tuple(Place(seller, role) for seller, role in list_places(look, person_id))


def note_use(store: Store, session: Session, now: datetime) -> None:
    """A page was asked for: the session's idle time begins anew. Written down every few minutes at most, and not waited for."""
    if now - session.seen_at >= _SEEN_AGAIN_AFTER:
        store.write(lambda transaction: see_session(transaction, session.id, now))
