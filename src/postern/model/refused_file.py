"""A file that no mail may bring, and why: what the letter finds and the rules judge by."""

from dataclasses import dataclass, field
from enum import StrEnum


class Danger(StrEnum):
    """Why a file may not pass: what it could do, or what it could hide."""

    PROGRAM = "program"
    ACTIVE_PAGE = "active page"
    MACROS = "macros"
    ENCRYPTED = "encrypted"
    BOMB = "bomb"
    ENCRYPTED_MAIL = "encrypted mail"


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """Its cleaned name (of one inside an archive: the archive's, a slash, its own), and the danger."""

    name: str = field(repr=False)
    danger: Danger
