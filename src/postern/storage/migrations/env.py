"""Runs migrations on the connection that ``storage.migrate`` brings."""

from alembic import context

from postern.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
context.run_migrations()
