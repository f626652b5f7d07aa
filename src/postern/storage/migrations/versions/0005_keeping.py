"""Keeping and forgetting: legal holds, erasures, how far retention came, and the indexes by which it finds what is old."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three tables and the indexes. Forward only: a step back is a restored backup."""
    op.create_table(
        "legal_hold",
        sa.Column("id", Id(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("sealed_by", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_why", sa.LargeBinary(), nullable=False),
        sa.Column("since_at", Moment(), nullable=False),
        sa.Column("until_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_table(
        "erasure",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "retention_mark",
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("done_before", Moment(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("class", name=op.f("pk_retention_mark")),
    )
    op.create_index(op.f("ix_relationship_buyer_id"), "relationship", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_order_buyer_id"), "order", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_order_placed_at"), "order", ["placed_at"], unique=False)
    op.create_index(op.f("ix_house_mail_received_at"), "house_mail", ["received_at"], unique=False)
    op.create_index(op.f("ix_message_author_id"), "message", ["author_id"], unique=False)
    op.create_index(op.f("ix_message_received_at"), "message", ["received_at"], unique=False)
    op.create_index(op.f("ix_journal_happened_at_id"), "journal", ["happened_at", "id"], unique=False)
    op.create_index(op.f("ix_journal_relationship_id"), "journal", ["relationship_id"], unique=False)
    op.create_index(
        op.f("ix_document_blob"),
        "document",
        ["blob"],
        unique=False,
        sqlite_where=sa.text("blob IS NOT NULL"),
        postgresql_where=sa.text("blob IS NOT NULL"),
    )
