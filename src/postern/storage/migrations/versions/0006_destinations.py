"""Deliveries know their destination, the host that may have taken them already, and their size; destinations can be paused."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and a table. What waits already has no destination: all of it is one until it is gone. Forward only."""
    op.add_column("delivery", sa.Column("destination", sa.LargeBinary(), nullable=False, server_default="unknown"))
    op.add_column("delivery", sa.Column("bound_host", sa.LargeBinary(), nullable=True))
    op.add_column("delivery", sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
    unknown = sa.bindparam("unknown", b"unknown", type_=sa.LargeBinary())  # on SQLite the default above is a text
    op.execute(sa.text("UPDATE delivery SET destination = :unknown").bindparams(unknown))
    op.create_index(op.f("ix_delivery_due_at_destination"), "delivery", ["due_at", "destination"], unique=False)
    op.drop_index(op.f("ix_delivery_due_at"), "delivery")
    op.create_table(
        "queue_pause",
        sa.Column("destination", sa.LargeBinary(), nullable=False),
        sa.Column("since_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_queue_pause")),
    )
