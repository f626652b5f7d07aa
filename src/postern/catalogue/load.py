"""The catalogue: the files that come with Postern, and over them those of the operator's own folder."""

from dataclasses import dataclass, field
from pathlib import Path

from postern.catalogue.content_files import read_content_rules
from postern.catalogue.reason_file import Mistake, read_reason_file
from postern.errors import ConfigurationError
from postern.model.contact_reason import ContactReason, ContactReasons
from postern.model.content_rule import ContentRule

SHIPPED = Path(__file__).parent / "reasons"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What may be written about, and what must not be written."""

    reasons: ContactReasons = field(default_factory=ContactReasons)
    content_rules: tuple[ContentRule, ...] = ()


def load_catalogue(own_folder: Path | None = None) -> Catalogue:
    """All of it. An operator's file takes the place of one of ours with the same name. Raises ConfigurationError."""
    catalogue, mistakes = read_catalogue(own_folder)
    if mistakes:
        raise ConfigurationError("\n".join(f"catalogue: {one}" for one in mistakes))
    return catalogue


def read_catalogue(own_folder: Path | None = None) -> tuple[Catalogue, tuple[Mistake, ...]]:
    """What can be read, and what is wrong with the rest."""
    found: dict[str, ContactReason] = {}
    mistakes: list[Mistake] = []
    for path in _reason_files(own_folder):
        reason, wrong = read_reason_file(path)
        mistakes += wrong
        if reason:
            found[reason.code] = reason
    rules, wrong_rules = read_content_rules(own_folder)
    reasons = ContactReasons(tuple(sorted(found.values(), key=lambda one: (one.rank, one.code))))
    return Catalogue(reasons, rules), (*mistakes, *wrong_rules)


def _reason_files(own_folder: Path | None) -> tuple[Path, ...]:
    shipped = tuple(sorted(SHIPPED.glob("*.toml")))
    if own_folder is None:
        return shipped
    if not own_folder.is_dir():
        raise ConfigurationError(f"catalogue.folder: there is no folder {own_folder}")
    return (*shipped, *sorted(own_folder.glob("*.toml")))
