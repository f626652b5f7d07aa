"""The response clock, and where each thread stands for its seller; both made of the messages that are there."""

import sqlalchemy as sa
from alembic import op

from postern.storage.columns import Id, Moment

revision = "0010"
down_revision = "0012"
branch_labels = None
depends_on = None

_SENT, _UNSENT = (sa.text(f"author = 'seller' AND state {has} ('queued', 'delivered')") for has in ("IN", "NOT IN"))


def upgrade() -> None:
    """Add two tables and the indices of what was sent, and fill them. Forward only: a step back is a restored backup."""
    _add_tables()
    by_time = ["seller_id", "received_at", "id"]
    op.create_index("ix_message_sent", "message", by_time, sqlite_where=_SENT, postgresql_where=_SENT)
    op.create_index("ix_message_not_delivered", "message", by_time, sqlite_where=_UNSENT, postgresql_where=_UNSENT)
    op.create_index(op.f("ix_report_seller_id_side_made_at"), "report", ["seller_id", "side", "made_at"])
    op.execute(_RESPONSES)
    op.execute(_STANDINGS)


def _add_tables() -> None:
    op.create_table(
        "thread_standing",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("thread_id", Id(), nullable=False),
        sa.Column("last_id", Id(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        *(sa.Column(name, Moment(), nullable=True) for name in ("heard_at", "spoke_at", "open_since", "waiting_since")),
        sa.PrimaryKeyConstraint("seller_id", "thread_id", name=op.f("pk_thread_standing")),
    )
    for name in ("last_at", "open_since", "waiting_since"):
        op.create_index(
            op.f(f"ix_thread_standing_seller_id_{name}_thread_id"), "thread_standing", ["seller_id", name, "thread_id"]
        )
    op.create_table(
        "response",
        sa.Column("seller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", Id(), nullable=False),
        sa.Column("thread_id", Id(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        *(sa.Column(name, Moment(), nullable=True) for name in ("answered_at", "exempted_at", "reported_at")),
        sa.PrimaryKeyConstraint("seller_id", "message_id", name=op.f("pk_response")),
    )
    op.create_index(op.f("ix_response_seller_id_thread_id_started_at"), "response", ["seller_id", "thread_id", "started_at"])
    op.create_index(op.f("ix_response_seller_id_started_at"), "response", ["seller_id", "started_at"])


_RESPONSES = """
INSERT INTO response (seller_id, message_id, thread_id, started_at, answered_at, exempted_at, reported_at)
SELECT m.seller_id, m.id, m.thread_id, COALESCE(m.released_at, m.received_at),
  (SELECT MIN(a.received_at) FROM message a
   WHERE a.seller_id = m.seller_id AND a.thread_id = m.thread_id AND a.author = 'seller' AND a.automatic IS NULL
     AND a.state IN ('queued', 'delivered', 'failed', 'bounced', 'dropped')
     AND a.received_at > COALESCE(m.released_at, m.received_at)),
  (SELECT e.made_at FROM exemption e WHERE e.seller_id = m.seller_id AND e.message_id = m.id AND e.side = 'seller'),
  (SELECT r.made_at FROM report r WHERE r.seller_id = m.seller_id AND r.message_id = m.id AND r.side = 'seller')
FROM message m
WHERE m.author = 'buyer' AND m.automatic IS NULL AND m.state IN ('queued', 'delivered', 'failed', 'bounced', 'dropped')
"""
_STANDINGS = """
INSERT INTO thread_standing (seller_id, thread_id, last_id, last_at, heard_at, spoke_at, open_since, waiting_since)
SELECT seller_id, thread_id, id, seen_at, heard_at, spoke_at,
  (SELECT MIN(r.started_at) FROM response r WHERE r.seller_id = newest.seller_id AND r.thread_id = newest.thread_id
     AND r.answered_at IS NULL AND r.exempted_at IS NULL AND r.reported_at IS NULL),
  CASE WHEN heard_at IS NULL OR spoke_at > heard_at THEN spoke_at END
FROM (
  SELECT seller_id, thread_id, id, seen_at,
    ROW_NUMBER() OVER (PARTITION BY seller_id, thread_id ORDER BY seen_at DESC, id DESC) AS place,
    MAX(CASE WHEN author = 'buyer' AND counts = 1 THEN seen_at END) OVER (PARTITION BY seller_id, thread_id) AS heard_at,
    MAX(CASE WHEN author = 'seller' AND counts = 1 THEN seen_at END) OVER (PARTITION BY seller_id, thread_id) AS spoke_at
  FROM (
    SELECT m.seller_id, m.thread_id, m.id, m.author,
      CASE WHEN m.author = 'buyer' THEN COALESCE(m.released_at, m.received_at) ELSE m.received_at END AS seen_at,
      CASE WHEN m.automatic IS NULL AND m.state IN ('queued', 'delivered', 'failed', 'bounced', 'dropped')
        THEN 1 ELSE 0 END AS counts
    FROM message m
    WHERE m.author = 'seller' OR m.state IN ('queued', 'delivered', 'failed', 'bounced', 'dropped', 'absorbed', 'erased')
  ) AS visible
) AS newest
WHERE place = 1
"""
