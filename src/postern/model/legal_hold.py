"""A legal hold: what must not be forgotten while it lasts, because somebody may need it to make or to answer a claim.

It delays erasure and retention of what it covers, and nothing else: a hold neither stops a mail nor shows anything to anybody.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Subject(StrEnum):
    """What can be held."""

    PERSON = "person"
    ORDER = "order"
    RELATIONSHIP = "relationship"
    MESSAGE = "message"


# How each is named to people: per_…, ord_…
PREFIXES = {Subject.PERSON: "per", Subject.ORDER: "ord", Subject.RELATIONSHIP: "rel", Subject.MESSAGE: "msg"}


@dataclass(frozen=True, slots=True)
class LegalHold:
    """One hold. Without ``until_at`` it lasts until somebody ends it."""

    id: UUID
    subject: Subject
    subject_id: UUID
    placed_by: str
    why: str = field(repr=False)
    since_at: datetime
    until_at: datetime | None
    ended_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """It was not ended, and its time has not come."""
        return self.ended_at is None and (self.until_at is None or now < self.until_at)


@dataclass(frozen=True, slots=True)
class Held:
    """All that the holds in force cover, spelled out to pairs and threads: a person's hold covers their pairs and whatever they
    wrote, an order's hold the threads about it.
    """

    persons: frozenset[UUID] = frozenset()
    concerned: frozenset[UUID] = frozenset()  # whom any of the holds is about
    orders: frozenset[UUID] = frozenset()
    relationships: frozenset[UUID] = frozenset()
    threads: frozenset[UUID] = frozenset()
    messages: frozenset[UUID] = frozenset()

    def covers_message(
        self, message_id: UUID, relationship_id: UUID, thread_id: UUID, order_id: UUID | None, author_id: UUID | None
    ) -> bool:
        """Whether a hold asks for this message to be kept."""
        return (
            message_id in self.messages
            or relationship_id in self.relationships
            or thread_id in self.threads
            or order_id in self.orders
            or author_id in self.persons
        )
