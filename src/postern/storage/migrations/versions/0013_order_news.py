"""What happened to an order, for its buyer to be told; sellers' own templates."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables and two columns. Forward only: a step back is a restored backup."""
    op.add_column("marketplace", sa.Column("order_notices", sa.Text(), nullable=True))
    op.add_column("order", sa.Column("refunded_at", Moment(), nullable=True))
    op.create_table(
        "order_news",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parcel", sa.Text(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("seller_id", "order_id", "kind", "parcel", name=op.f("pk_order_news")),
    )
    op.create_table(
        "seller_template",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_seller_template_seller_id_seller")),
        sa.PrimaryKeyConstraint("seller_id", "name", "language", name=op.f("pk_seller_template")),
    )
    op.create_index(op.f("ix_order_news_told_at"), "order_news", ["told_at"], unique=False)
