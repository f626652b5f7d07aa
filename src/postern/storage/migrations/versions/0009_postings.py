"""Messages that are written on a page, by a program or by a command."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table. Forward only: a step back is a restored backup."""
    op.create_table(
        "posting",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", Id(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("content_mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "message_id", name=op.f("pk_posting")),
    )
    columns = ["seller_id", "order_id", "reason", "number"]
    op.create_index(op.f("ix_posting_seller_id_order_id_reason_number"), "posting", columns, unique=True)
