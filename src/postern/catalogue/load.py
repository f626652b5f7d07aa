"""The catalogue of contact reasons: the files that come with Postern, and over them those of the operator's own folder."""

from pathlib import Path

from postern.catalogue.reason_file import Mistake, read_reason_file
from postern.errors import ConfigurationError
from postern.model.contact_reason import ContactReason, ContactReasons

SHIPPED = Path(__file__).parent / "reasons"


def load_reasons(own_folder: Path | None = None) -> ContactReasons:
    """All reasons. An operator's file takes the place of one of ours with the same name. Raises ConfigurationError."""
    reasons, mistakes = read_reasons(own_folder)
    if mistakes:
        raise ConfigurationError("\n".join(f"contact reason {one}" for one in mistakes))
    return reasons


def read_reasons(own_folder: Path | None = None) -> tuple[ContactReasons, tuple[Mistake, ...]]:
    """The reasons that can be read, and what is wrong with the others."""
    found: dict[str, ContactReason] = {}
    mistakes: list[Mistake] = []
    for path in _files(own_folder):
        reason, wrong = read_reason_file(path)
        mistakes += wrong
        if reason:
            found[reason.code] = reason
    return ContactReasons(tuple(sorted(found.values(), key=lambda one: (one.rank, one.code)))), tuple(mistakes)


def _files(own_folder: Path | None) -> tuple[Path, ...]:
    shipped = tuple(sorted(SHIPPED.glob("*.toml")))
    if own_folder is None:
        return shipped
    if not own_folder.is_dir():
        raise ConfigurationError(f"catalogue.folder: there is no folder {own_folder}")
    return (*shipped, *sorted(own_folder.glob("*.toml")))
