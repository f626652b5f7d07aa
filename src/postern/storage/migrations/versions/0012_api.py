"""The API: its keys, and what happened at one seller's, in order."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table and an index. Forward only: a step back is a restored backup."""
    op.create_table(
        "api_key",
        sa.Column("id", Id(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("mark", name=op.f("uq_api_key_mark")),
    )
    op.create_index(op.f("ix_api_key_seller_id"), "api_key", ["seller_id"], unique=False)
    op.create_index(op.f("ix_seal_seller_id_position"), "seal", ["seller_id", "position"], unique=False)
