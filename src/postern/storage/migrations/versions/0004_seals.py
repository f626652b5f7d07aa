"""The seal of the journal, its checkpoints, and the timetable. Entries that are there already are marked to be sealed."""

import sqlalchemy as sa
from alembic import op

from postern.model.seal import chain_of
from postern.storage.columns import Id, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MARKED_AT_ONCE = 1_000
_JOURNAL = sa.table("journal", sa.column("id", Id()), sa.column("seller_id"), sa.column("relationship_id", Id()))
_UNSEALED = sa.table("unsealed", sa.column("entry_id", Id()), sa.column("seller_id"), sa.column("chain"))
_SEALER = sa.table("sealer", sa.column("id"), sa.column("position"))


def upgrade() -> None:
    """Make the tables, and mark what waits to be sealed. Forward only: a step back is a restored backup."""
    op.create_table(
        "unsealed",
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_unsealed")),
    )
    op.create_table(
        "seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("chain_position", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", Moment(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_seal")),
    )
    op.create_index(op.f("ix_seal_seller_id_entry_id"), "seal", ["seller_id", "entry_id"], unique=True)
    op.create_index(op.f("ix_seal_chain_chain_position"), "seal", ["chain", "chain_position"], unique=True)
    op.create_table(
        "sealer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealer")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "timetable",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("began_at", Moment(), nullable=True),
        sa.Column("lease", Id(), nullable=True),
        sa.Column("leased_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_timetable")),
    )
    op.add_column("delivery", sa.Column("relationship_id", Id(), nullable=True))
    op.bulk_insert(_SEALER, [{"id": 1, "position": 0}])
    _mark_unsealed()


def _mark_unsealed() -> None:
    connection = op.get_bind()
    found = connection.execute(sa.select(_JOURNAL.c.id, _JOURNAL.c.seller_id, _JOURNAL.c.relationship_id))
    while rows := found.fetchmany(_MARKED_AT_ONCE):
        marks = [{"entry_id": row[0], "seller_id": row[1], "chain": chain_of(row[1], row[2])} for row in rows]
        connection.execute(sa.insert(_UNSEALED), marks)
