"""Failure reports that come back: the scores of addresses that fail."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table. Forward only: a step back is a restored backup."""
    op.create_table(
        "bounce_score",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("hard", sa.Integer(), nullable=False),
        sa.Column("soft", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Text(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("last_seller_id", sa.BigInteger(), nullable=False),
        sa.Column("last_message_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_bounce_score")),
    )
    op.create_index(op.f("ix_bounce_score_last_at"), "bounce_score", ["last_at"], unique=False)
