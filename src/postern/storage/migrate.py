"""Bringing a store to this version's schema, and telling whether it is there."""

from importlib.resources import files

from sqlalchemy import Engine, inspect, text

from postern.errors import ConfigurationError, StoreError
from postern.storage.engine import translated_errors
from postern.storage.schema import REVISION


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Run every migration that is missing. Answers the revision before and after. A store that is newer is refused."""
    from alembic import command  # noqa: PLC0415 - loads slowly, and nothing but a migration needs it
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    before = find_revision(engine)
    if before == REVISION:
        return before, REVISION
    config = Config()
    config.set_main_option("script_location", str(files("postern.storage") / "migrations"))
    if before and before not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise ConfigurationError(f"the store is at revision {before}, which this version of Postern does not know")
    with translated_errors(), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return before, REVISION


def find_revision(engine: Engine) -> str | None:
    """The revision that the store is at; None for an empty one."""
    with translated_errors(), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return revision


def require_current(engine: Engine) -> None:
    """Raise StoreError unless the store has exactly this version's schema."""
    revision = find_revision(engine)
    if revision and revision > REVISION:
        raise StoreError(
            f"the store was made by a newer Postern (its schema is {revision}, this version's {REVISION}): install that"
        )
    if revision != REVISION:
        raise StoreError("the store's schema is not this version's: run `postern migrate`")
