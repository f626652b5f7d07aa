"""Bringing a store to this version's schema, and telling whether it is there."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from postern.errors import ConfigurationError, StoreError
from postern.storage.engine import translated_errors


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Run every migration that is missing. Answers the revision before and after. A store that is newer is refused."""
    before = find_revision(engine)
    newest = newest_revision()
    if before is not None and before not in _known_revisions():
        raise ConfigurationError(f"the store is at revision {before}, which this version of Postern does not know")
    with translated_errors(), engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return before, newest


def find_revision(engine: Engine) -> str | None:
    """The revision that the store is at; None for an empty one."""
    with translated_errors(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_current(engine: Engine) -> None:
    """Raise StoreError unless the store has exactly this version's schema."""
    revision = find_revision(engine)
    if revision != newest_revision():
        raise StoreError("the store's schema is not this version's: run `postern migrate`")


def newest_revision() -> str:
    """The revision of this version's schema."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise StoreError("no migrations are installed")
    return revision


def _known_revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("postern.storage") / "migrations"))
    return config
