"""The shelf of sign-ins and sessions: of every secret only its keyed digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update

from postern.model.team import Session
from postern.storage.forgetting import forget_notices
from postern.storage.schema import session, sign_in
from postern.storage.store import Look

_GONE_AT_ONCE = 100

_SESSION = select(session).where(session.c.mark == bindparam("mark"))
_SESSIONS = select(session).where(session.c.person_id == bindparam("person_id")).order_by(session.c.seen_at.desc(), session.c.id)
_ASKED = select(func.count()).where(sign_in.c.person_id == bindparam("person_id"), sign_in.c.asked_at > bindparam("since"))
_LATEST = (
    select(sign_in)
    .where(sign_in.c.person_id == bindparam("person_id"))
    .order_by(sign_in.c.asked_at.desc(), sign_in.c.id.desc())
    .limit(1)
)
_BY_LINK = select(sign_in).where(sign_in.c.link_mark == bindparam("mark"))


@dataclass(frozen=True, slots=True)
class SignIn:
    """One mail with a link and a code."""

    id: UUID
    seller_id: int
    person_id: UUID
    code_mark: bytes
    asked_at: datetime
    tries: int
    used_at: datetime | None


def count_sign_ins(connection: Connection, person_id: UUID, since: datetime) -> int:
    """How many a person asked for since then."""
    return connection.execute(_ASKED, {"person_id": person_id, "since": since}).scalar_one()


def add_sign_in(connection: Connection, one: SignIn, link_mark: bytes) -> None:
    """Remember what is mailed."""
    columns = {name: getattr(one, name) for name in SignIn.__slots__}
    connection.execute(insert(sign_in), columns | {"link_mark": link_mark})


def find_latest_sign_in(connection: Connection, person_id: UUID) -> SignIn | None:
    """The last that a person asked for; locked, so that two who try at once take turns."""
    row = connection.execute(_LATEST.with_for_update(), {"person_id": person_id}).mappings().first()
    return _sign_in(row) if row else None


def find_sign_in_by_link(connection: Connection, mark: bytes, *, locked: bool = False) -> SignIn | None:
    """The one whose link has this digest."""
    statement = _BY_LINK.with_for_update() if locked else _BY_LINK
    row = connection.execute(statement, {"mark": mark}).mappings().first()
    return _sign_in(row) if row else None


def count_wrong_code(connection: Connection, sign_in_id: UUID) -> None:
    """One more try that failed."""
    connection.execute(update(sign_in).where(sign_in.c.id == sign_in_id).values(tries=sign_in.c.tries + 1))


def use_sign_in(connection: Connection, sign_in_id: UUID, now: datetime) -> None:
    """It worked, once."""
    connection.execute(update(sign_in).where(sign_in.c.id == sign_in_id).values(used_at=now))


def forget_sign_ins(connection: Connection, before: datetime) -> tuple[int, list[str]]:
    """Take away some of those that were asked for before then, with their mails. Answers how many, and what blobs lie bare."""
    chosen = select(sign_in.c.id, sign_in.c.seller_id).where(sign_in.c.asked_at < before).limit(_GONE_AT_ONCE)
    rows = connection.execute(chosen).all()
    return len(rows), _forget(connection, [(row[0], row[1]) for row in rows])


def forget_sign_ins_of(connection: Connection, person_id: UUID) -> list[str]:
    """Take away all of a person's, with their mails. Answers the blobs that lie without a row now."""
    rows = connection.execute(select(sign_in.c.id, sign_in.c.seller_id).where(sign_in.c.person_id == person_id)).all()
    return _forget(connection, [(row[0], row[1]) for row in rows])


def _forget(connection: Connection, named: Sequence[tuple[UUID, int]]) -> list[str]:
    blobs: list[str] = []
    for seller_id in {seller_id for _, seller_id in named}:
        blobs += forget_notices(connection, seller_id, [one for one, owner in named if owner == seller_id])
    connection.execute(delete(sign_in).where(sign_in.c.id.in_([one for one, _ in named])))
    return blobs


def add_session(connection: Connection, one: Session, mark: bytes) -> None:
    """Somebody signed in."""
    connection.execute(insert(session), {name: getattr(one, name) for name in Session.__slots__} | {"mark": mark})


def find_session(look: Look, mark: bytes) -> Session | None:
    """The session whose cookie has this digest."""
    row = look.connection.execute(_SESSION, {"mark": mark}).mappings().first()
    return _session(row) if row else None


def list_sessions(connection: Connection, person_id: UUID) -> list[Session]:
    """A person's, the one used last first."""
    return [_session(row) for row in connection.execute(_SESSIONS, {"person_id": person_id}).mappings()]


def see_session(connection: Connection, session_id: UUID, now: datetime) -> None:
    """It was used."""
    connection.execute(update(session).where(session.c.id == session_id).values(seen_at=now))


def end_session_row(connection: Connection, person_id: UUID, session_id: UUID) -> bool:
    """End one of a person's sessions. Answers whether there was one."""
    ended = delete(session).where(session.c.id == session_id, session.c.person_id == person_id)
    return connection.execute(ended).rowcount > 0


def forget_sessions(connection: Connection, unseen_since: datetime, made_before: datetime) -> int:
    """Take away those whose time is over."""
    over = (session.c.seen_at < unseen_since) | (session.c.made_at < made_before)
    return connection.execute(delete(session).where(over)).rowcount


def forget_sessions_of(connection: Connection, person_id: UUID) -> None:
    """End all of a person's."""
    connection.execute(delete(session).where(session.c.person_id == person_id))


def _sign_in(row: RowMapping) -> SignIn:
    return SignIn(**{name: row[name] for name in SignIn.__slots__})


def _session(row: RowMapping) -> Session:
    return Session(**{name: row[name] for name in Session.__slots__})
