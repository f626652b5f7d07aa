"""Refusals: attempts of unregistered senders, blocks, daily use, notices, and what a message says of its verdict."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns. Forward only: a step back is a restored backup."""
    op.create_table(
        "sender_attempt",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("address_mark", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_sender_attempt_seller_id_seller")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sender_attempt_person_id_person")),
        sa.PrimaryKeyConstraint("seller_id", "person_id", name=op.f("pk_sender_attempt")),
    )
    op.create_index(
        op.f("ix_sender_attempt_seller_id_address_mark"), "sender_attempt", ["seller_id", "address_mark"], unique=True
    )
    op.create_table(
        "seller_block",
        sa.Column("buyer_id", Id(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["person.id"], name=op.f("fk_seller_block_buyer_id_person")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_seller_block_seller_id_seller")),
        sa.PrimaryKeyConstraint("buyer_id", "seller_id", name=op.f("pk_seller_block")),
    )
    op.create_table(
        "daily_use",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "marketplace_id", "day", name=op.f("pk_daily_use")),
    )
    op.create_table(
        "notice",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about_id", Id(), nullable=False),
        sa.Column("thread_id", Id(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_seller_id_about_id"), "notice", ["seller_id", "about_id"])
    op.create_index(op.f("ix_notice_seller_id_thread_id"), "notice", ["seller_id", "thread_id"])
    op.create_index(op.f("ix_notice_state"), "notice", ["state"])
    for column in (
        sa.Column("automatic", sa.Text(), nullable=True),
        sa.Column("passed_by", sa.Text(), nullable=True),
        sa.Column("candidates", sa.Text(), nullable=True),
        sa.Column("released_at", Moment(), nullable=True),
    ):
        op.add_column("message", column)
    op.create_index(op.f("ix_message_state_reason"), "message", ["state", "reason"])
    op.create_index(op.f("ix_journal_kind"), "journal", ["kind"])
    op.create_index(op.f("ix_order_seller_id_marketplace_id_placed_at"), "order", ["seller_id", "marketplace_id", "placed_at"])
    op.add_column("delivery", sa.Column("carries", sa.Text(), nullable=False, server_default="message"))
    op.execute("UPDATE delivery SET carries = 'house' WHERE seller_id = 0")
