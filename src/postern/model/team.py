"""Who works for a seller on the pages, and what each role may do. A person may work for several sellers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """From the most that one may do to the least."""

    OWNER = "owner"
    MANAGER = "manager"
    AGENT = "agent"
    READER = "reader"

    @property
    def may_answer(self) -> bool:
        """A reader looks, and changes nothing that others see."""
        return self is not Role.READER


@dataclass(frozen=True, slots=True)
class Member:
    """One person's place with one seller."""

    seller_id: int
    person_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in. ``device`` says what browser, in two words."""

    id: UUID
    person_id: UUID
    made_at: datetime
    seen_at: datetime
    device: str
