"""Messaging permissions: addresses that wait to be approved or to confirm, and secrets for sending by a mail program."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0008"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three tables. Who was approved before stays approved. Forward only: a step back is a restored backup."""
    op.create_table(
        "sender_permission",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_sender_permission_seller_id_seller")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sender_permission_person_id_person")),
        sa.PrimaryKeyConstraint("seller_id", "person_id", name=op.f("pk_sender_permission")),
        sa.UniqueConstraint("id", name=op.f("uq_sender_permission_id")),
    )
    op.create_index(op.f("ix_sender_permission_person_id"), "sender_permission", ["person_id"])
    op.create_table(
        "confirmation_count",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "person_id", name=op.f("pk_confirmation_count")),
    )
    op.create_index(op.f("ix_confirmation_count_person_id"), "confirmation_count", ["person_id"])
    op.create_table(
        "submission_secret",
        sa.Column("id", Id(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_submission_secret_seller_id_seller")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_submission_secret_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_secret")),
        sa.UniqueConstraint("digest", name=op.f("uq_submission_secret_digest")),
    )
    op.create_index(op.f("ix_submission_secret_seller_id_person_id"), "submission_secret", ["seller_id", "person_id"])
    op.create_index(op.f("ix_submission_secret_person_id"), "submission_secret", ["person_id"])
