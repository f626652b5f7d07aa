"""The first schema: people, aliases, orders, threads, messages, the queue and the journal."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment, Serial

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table. Forward only: a step back is a restored backup."""
    op.create_table(
        "alias",
        sa.Column("local_part", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("relationship_id", Id(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("local_part", name=op.f("pk_alias")),
    )
    op.create_index(
        op.f("ix_alias_seller_id_relationship_id_side"), "alias", ["seller_id", "relationship_id", "side"], unique=True
    )
    op.create_table(
        "attempt",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("message_id", Id(), nullable=False),
        sa.Column("delivery_id", Id(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("enhanced", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_seller_id_message_id"), "attempt", ["seller_id", "message_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", Id(), nullable=False),
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("sender_domain", sa.Text(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("lease", Id(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_due_at"), "delivery", ["due_at"], unique=False)
    op.create_table(
        "document",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_id", Id(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_document")),
    )
    op.create_table(
        "exemption",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", Id(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "message_id", "side", name=op.f("pk_exemption")),
    )
    op.create_table(
        "house_mail",
        sa.Column("id", Id(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("about_id", Id(), nullable=True),
        sa.Column("seen_mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_mail")),
        sa.UniqueConstraint("seen_mark", name=op.f("uq_house_mail_seen_mark")),
    )
    op.create_index(op.f("ix_house_mail_about_id"), "house_mail", ["about_id"], unique=False)
    op.create_table(
        "journal",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("relationship_id", Id(), nullable=True),
        sa.Column("message_id", Id(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_at", Moment(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_message_id"), "journal", ["message_id"], unique=False)
    op.create_table(
        "marketplace",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mail_domain", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("cancel_order_url", sa.Text(), nullable=False),
        sa.Column("report_infringement_url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace")),
        sa.UniqueConstraint("mail_domain", name=op.f("uq_marketplace_mail_domain")),
    )
    op.create_table(
        "message",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("relationship_id", Id(), nullable=False),
        sa.Column("thread_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_id", Id(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seen_mark", sa.LargeBinary(), nullable=False),
        sa.Column("their_id_mark", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_their_id", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_subject", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("original_id", Id(), nullable=True),
        sa.Column("relayed_id", Id(), nullable=True),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_id"), "message", ["id"], unique=False)
    op.create_index(op.f("ix_message_seen_mark_seller_id"), "message", ["seen_mark", "seller_id"], unique=True)
    op.create_index(op.f("ix_message_seller_id_thread_id"), "message", ["seller_id", "thread_id"], unique=False)
    op.create_index(op.f("ix_message_their_id_mark"), "message", ["their_id_mark"], unique=False)
    op.create_table(
        "order",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("buyer_id", Id(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("fulfilment", sa.Text(), nullable=False),
        sa.Column("placed_at", Moment(), nullable=False),
        sa.Column("shipped_at", Moment(), nullable=True),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.Column("cancelled_at", Moment(), nullable=True),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("shipments", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_order")),
    )
    op.create_index(op.f("ix_order_marketplace_id_name"), "order", ["marketplace_id", "name"], unique=True)
    op.create_index(op.f("ix_order_seller_id_buyer_id_placed_at"), "order", ["seller_id", "buyer_id", "placed_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_external_id", sa.LargeBinary(), nullable=True),
        sa.Column("address_mark", sa.LargeBinary(), nullable=True),
        sa.Column("external_mark", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("external_mark", name=op.f("uq_person_external_mark")),
    )
    op.create_index(op.f("ix_person_address_mark"), "person", ["address_mark"], unique=False)
    op.create_table(
        "report",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", Id(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "message_id", "side", name=op.f("pk_report")),
    )
    op.create_table(
        "seller",
        sa.Column("id", Serial, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("business_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("average_daily_orders", sa.Text(), nullable=True),
        sa.Column("bounce_on_opt_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller")),
        sa.UniqueConstraint("name", name=op.f("uq_seller_name")),
    )
    op.create_table(
        "thread",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("relationship_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_thread")),
    )
    op.create_index(op.f("ix_thread_seller_id_relationship_id"), "thread", ["seller_id", "relationship_id"], unique=False)
    op.create_table(
        "buyer",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("opt_out_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["marketplace_id"], ["marketplace.id"], name=op.f("fk_buyer_marketplace_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_buyer_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_buyer")),
    )
    op.create_table(
        "relationship",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("buyer_id", Id(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["buyer_id"], ["person.id"], name=op.f("fk_relationship_buyer_id")),
        sa.ForeignKeyConstraint(["marketplace_id"], ["marketplace.id"], name=op.f("fk_relationship_marketplace_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_relationship_seller_id")),
        sa.PrimaryKeyConstraint("seller_id", "id", name=op.f("pk_relationship")),
    )
    op.create_index(op.f("ix_relationship_seller_id_buyer_id"), "relationship", ["seller_id", "buyer_id"], unique=True)
    op.create_table(
        "seller_address",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_seller_address_person_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_seller_address_seller_id")),
        sa.PrimaryKeyConstraint("seller_id", "person_id", "role", name=op.f("pk_seller_address")),
    )
    op.create_index(op.f("ix_seller_address_person_id"), "seller_address", ["person_id"], unique=False)
