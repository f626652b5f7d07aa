"""Messaging permissions (R20): who may write for a seller, who tried to, who is blocked, and how much is left of the day (R21).

An address that is added here counts once an owner or manager of the seller approved it and it confirmed a link that was mailed to
it, in either order; what the shop's feed lists counts at once. Nobody is told here whether they may do this: whoever calls knows.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from postern.actions.confirm_sender import ask_to_confirm
from postern.actions.frame import Frame
from postern.actions.receiving.facts import daily_limit_of
from postern.errors import NotFoundError
from postern.model.address import Address
from postern.model.day import Day
from postern.model.journal import Value
from postern.model.notice import NoticeState
from postern.model.people import AddressRole, Seller
from postern.model.permission import Asked, Standing
from postern.storage.change import Change
from postern.storage.forgetting import remove_blobs
from postern.storage.journal import journal_row
from postern.storage.people import (
    CORRESPONDENT,
    find_correspondent,
    find_person_with_address,
    find_seller_addresses,
    find_seller_named,
    list_marketplaces,
)
from postern.storage.permissions import (
    SenderPermission,
    add_permission,
    count_unconfirmed,
    find_permission,
    find_roles,
    let_write,
    list_permissions_of,
    remove_permission,
    set_approved,
    stop_writing,
    take_turn,
)
from postern.storage.senders import (
    AttemptState,
    SenderAttempt,
    block,
    correspondent_with,
    find_attempt,
    list_attempts_of,
    take_off_list,
)
from postern.storage.standing import find_used
from postern.storage.statements import write_all
from postern.storage.store import Look, Store, Transaction
from postern.storage.submission_secrets import remove_secrets_of


@dataclass(frozen=True, slots=True)
class Permission:
    """One address of a seller's list. ``attempts`` and ``last_at`` tell of mails that were refused because it was not registered
    then; ``mail`` is where the link to confirm is on its way.
    """

    address: Address = field(repr=False)
    standing: Standing
    attempts: int = 0
    last_at: datetime | None = None
    mail: NoticeState | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decides, as a word for the journal (``operator``), and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Permitted:
    """How the address stands now, whether that is new, and whether it was asked to confirm just now."""

    standing: Standing
    is_new: bool
    asked: Asked


@dataclass(frozen=True, slots=True)
class TooMany:
    """Nothing was done: so many were added that have not confirmed."""

    maximum: int


@dataclass(frozen=True, slots=True)
class FromFeed:
    """Nothing was done: the shop's feed lists this address, so it is taken away there."""


@dataclass(frozen=True, slots=True)
class DayLeft:
    """A seller's messages of one marketplace's day."""

    marketplace_id: str
    day: str
    limit: int
    used: int
    left: int
    resets_at: datetime


def find_seller_of(look: Look, name: str) -> Seller:
    """The seller with this id of the operator's. Raises NotFoundError."""
    seller = find_seller_named(look, name)
    if seller is None:
        raise NotFoundError("no seller has this id")
    return seller


def list_permissions(look: Look, seller: Seller) -> list[Permission]:
    """Who may write, then who was added and may not yet, then who only tried or is blocked, the latest first."""
    order = list(AddressRole)
    tried = {one.person_id: (one, address) for one, address in list_attempts_of(look, seller.id)}
    blocked = {person_id for person_id, (one, _) in tried.items() if one.state is AttemptState.BLOCKED}
    known = [one for one in find_seller_addresses(look, seller.id) if one.person_id not in blocked]
    listed = [Permission(one.address, Standing(one.role)) for one in sorted(known, key=lambda one: order.index(one.role))]
    shown = blocked | {one.person_id for one in known}
    for one in list_permissions_of(look, seller.id):
        if one.person_id not in shown:
            attempt, _ = tried.pop(one.person_id, (None, None))
            added = Permission(find_correspondent(look, one.person_id).address, _standing_of(one), mail=one.mail)
            listed.append(replace(added, attempts=attempt.attempts, last_at=attempt.last_at) if attempt else added)
    return listed + [Permission(address, Standing(one.state), one.attempts, one.last_at) for one, address in tried.values()]


def find_limits(look: Look, seller: Seller, now: datetime) -> list[DayLeft]:
    """R21: what is left of each marketplace's day."""
    found = []
    for marketplace in list_marketplaces(look):
        day = Day.at(now, marketplace.time_zone)
        used = find_used(look, seller.id, marketplace.id, str(day))
        limit = daily_limit_of(look, seller, marketplace, day)
        found.append(DayLeft(marketplace.id, str(day), limit, used, max(0, limit - used), day.ends_at))
    return found


def add_sender(
    store: Store, frame: Frame, seller: Seller, address: Address, decided: Decided, *, approved: bool
) -> Permitted | TooMany:
    """Let this address write for the seller once it has confirmed. ``approved`` says that an owner or manager wants it, who may
    lift a block, too; else it waits for one. Where it has not confirmed it is asked, again if need be.

    Raises NotFoundError where there is no marketplace yet in whose name it could be asked.
    """

    def change(transaction: Transaction) -> tuple[Permitted | TooMany, list[str]]:
        return _Case.open(store, seller, address, decided, transaction).add(frame, approved=approved)

    answer, blobs = store.write(change).result()
    remove_blobs(store.blobs, blobs)
    return answer


def block_sender(store: Store, seller: Seller, address: Address, decided: Decided) -> bool:
    """Refuse this address from now on, without listing it again. Answers whether that is new."""
    return store.write(lambda transaction: _Case.open(store, seller, address, decided, transaction).block()).result()


def unblock_sender(store: Store, seller: Seller, address: Address, decided: Decided) -> bool:
    """Lift a block: what the feed lists may write again, any other must be approved again. Answers whether there was one."""
    return store.write(lambda transaction: _Case.open(store, seller, address, decided, transaction).unblock()).result()


def remove_sender(store: Store, seller: Seller, address: Address, decided: Decided) -> bool | FromFeed:
    """Take this address off the list, whatever it stands there for but a block. Answers whether it stood there."""
    answer, blobs = store.write(lambda transaction: _Case.open(store, seller, address, decided, transaction).remove()).result()
    remove_blobs(store.blobs, blobs)
    return answer


@dataclass(frozen=True, slots=True)
class _Case:
    """One address of one seller, inside the transaction that decides about it."""

    look: Look
    seller: Seller
    address: Address
    decided: Decided
    person_id: UUID | None
    attempt: SenderAttempt | None
    permission: SenderPermission | None
    roles: list[AddressRole]

    @classmethod
    def open(cls, store: Store, seller: Seller, address: Address, decided: Decided, transaction: Transaction) -> "_Case":
        look = Look(transaction, store.vault, store.blobs)
        take_turn(transaction, seller.id)
        person_id = find_person_with_address(transaction, store.vault, CORRESPONDENT, address)
        permission = find_permission(transaction, seller.id, person_id) if person_id else None
        roles = find_roles(transaction, seller.id, person_id) if person_id else []
        return cls(look, seller, address, decided, person_id, find_attempt(look, seller.id, address), permission, roles)

    @property
    def is_blocked(self) -> bool:
        return self.attempt is not None and self.attempt.state is AttemptState.BLOCKED

    def add(self, frame: Frame, *, approved: bool) -> tuple[Permitted | TooMany, list[str]]:
        if self.is_blocked and not approved:
            return Permitted(Standing.BLOCKED, is_new=False, asked=Asked.NOT_NEEDED), []
        waiting = count_unconfirmed(self.look.connection, self.seller.id)
        if not (self.roles or self.permission) and waiting >= frame.limits.unconfirmed_senders:
            return TooMany(frame.limits.unconfirmed_senders), []
        if approved and self.attempt:
            take_off_list(self.look.connection, self.seller.id, self.attempt.person_id)
        if self.roles:
            if self.is_blocked:
                self._enter("sender-approved")
            return Permitted(Standing(self.roles[0]), is_new=self.is_blocked, asked=Asked.NOT_NEEDED), []
        return self._approve_or_ask(frame, self.permission or self._added(), approved=approved)

    def block(self) -> bool:
        connection = self.look.connection
        if not block(connection, self.look.vault, self.seller.id, self.address, self.decided.at):
            return False
        if self.person_id:
            stop_writing(connection, self.seller.id, self.person_id)
        if self.permission:
            set_approved(connection, self.permission.id, None)
        self._enter("sender-blocked")
        return True

    def unblock(self) -> bool:
        if not self.is_blocked or self.person_id is None:
            return False
        take_off_list(self.look.connection, self.seller.id, self.person_id)
        self._enter("sender-unblocked")
        return True

    def remove(self) -> tuple[bool | FromFeed, list[str]]:
        if any(role is not AddressRole.APPROVED_SENDER for role in self.roles):
            return FromFeed(), []
        if self.person_id is None or not (self.roles or self.permission or (self.attempt and not self.is_blocked)):
            return False, []
        if not self.is_blocked:
            take_off_list(self.look.connection, self.seller.id, self.person_id)
        stop_writing(self.look.connection, self.seller.id, self.person_id)
        remove_secrets_of(self.look.connection, self.seller.id, self.person_id)
        self._enter("sender-removed")
        return True, remove_permission(self.look.connection, self.permission) if self.permission else []

    def _added(self) -> SenderPermission:
        person_id = self.person_id or correspondent_with(self.look.connection, self.look.vault, self.address)
        self._enter("sender-added")
        return add_permission(self.look.connection, self.seller.id, person_id, self.decided.at)

    def _approve_or_ask(self, frame: Frame, permission: SenderPermission, *, approved: bool) -> tuple[Permitted, list[str]]:
        is_new = self.permission is None
        if approved and permission.approved_at is None:
            set_approved(self.look.connection, permission.id, self.decided.at)
            self._enter("sender-approved")
            permission, is_new = replace(permission, approved_at=self.decided.at), True
        standing = _standing_of(permission)
        if standing.may_write:
            let_write(self.look.connection, self.seller.id, permission.person_id)
        if permission.confirmed_at:
            return Permitted(standing, is_new, Asked.NOT_NEEDED), []
        asked, blobs = ask_to_confirm(self.look, frame, permission, self.decided.at)
        return Permitted(standing, is_new, asked), blobs

    def _enter(self, kind: str) -> None:
        who = self.look.vault.mark_address(self.address).hex()
        values: dict[str, Value] = {"who": who, "by": self.decided.by}
        entry = journal_row(kind, self.decided.at, values, seller_id=self.seller.id)
        write_all(self.look.connection, [Change(self.seller.id, (entry,))])


def _standing_of(one: SenderPermission) -> Standing:
    match one.approved_at is not None, one.confirmed_at is not None:
        case True, True:
            return Standing.APPROVED_SENDER
        case True, False:
            return Standing.WAITS_FOR_CONFIRMATION
        case False, True:
            return Standing.WAITS_FOR_APPROVAL
        case _:
            return Standing.WAITS_FOR_BOTH
