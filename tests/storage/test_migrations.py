"""Migrations: an empty store becomes exactly what the code was written for, and any other is refused in plain words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text

from postern.errors import ConfigurationError, StoreError
from postern.storage import schema
from postern.storage.engine import open_writer, read_url
from postern.storage.journal import journal_row
from postern.storage.migrate import find_revision, migrate, require_current


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    opened = open_writer(read_url(store_url))
    yield opened
    opened.dispose()


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))


def test_an_empty_store_becomes_exactly_the_schema(engine: Engine) -> None:
    assert find_revision(engine) is None
    assert migrate(engine) == (None, schema.REVISION)
    assert differences(engine) == []
    assert set(inspect(engine).get_table_names()) == {*schema.metadata.tables, "alembic_version"}


def test_the_comparison_sees_what_is_missing(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        connection.execute(text("DROP INDEX ix_delivery_due_at_destination"))
        connection.commit()
    assert len(differences(engine)) == 1


def test_every_primary_key_is_the_one_the_schema_names(engine: Engine) -> None:
    """The comparison above does not look at keys."""
    migrate(engine)
    looked_at = inspect(engine)
    for name, table in schema.metadata.tables.items():
        assert looked_at.get_pk_constraint(name)["constrained_columns"] == [column.name for column in table.primary_key.columns]


def test_migrating_twice_is_harmless(engine: Engine) -> None:
    migrate(engine)
    assert migrate(engine) == (schema.REVISION, schema.REVISION)
    require_current(engine)
    assert differences(engine) == []


def test_a_store_that_is_not_current_says_which_command_helps(engine: Engine) -> None:
    with pytest.raises(StoreError, match="run `postern migrate`"):
        require_current(engine)
    migrate(engine)
    require_current(engine)


def test_a_store_of_a_later_version_is_refused_and_left_as_it_is(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    with pytest.raises(ConfigurationError, match="9999"):
        migrate(engine)
    with pytest.raises(StoreError):
        require_current(engine)
    assert find_revision(engine) == "9999"


def test_a_migration_that_fails_half_way_leaves_nothing_behind(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op  # noqa: PLC0415

    make = op.create_table

    def fail_at_orders(name: str, *columns: object, **options: object) -> object:
        if name == "order":
            raise ZeroDivisionError
        return make(name, *columns, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(op, "create_table", fail_at_orders)
        with pytest.raises(ZeroDivisionError):
            migrate(engine)
    assert inspect(engine).get_table_names() == []
    migrate(engine)
    assert differences(engine) == []


def test_entries_that_were_there_before_seals_are_marked_to_be_sealed(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("postern.storage") / "migrations"))
    before_seals = ScriptDirectory.from_config(config).get_revision("0004").down_revision
    row = journal_row("no-response-needed", datetime(2026, 1, 1, tzinfo=UTC), {}, seller_id=3)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, str(before_seals))
        connection.execute(schema.journal.insert(), row.values)
        connection.commit()
    migrate(engine)
    with engine.connect() as connection:
        marks = connection.execute(select(schema.unsealed)).mappings().all()
    assert [dict(mark) for mark in marks] == [{"entry_id": row.values["id"], "seller_id": 3, "chain": "seller 3"}]
