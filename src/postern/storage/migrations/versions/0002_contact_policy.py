"""What a marketplace does with contact details that people type."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every marketplace keeps the usual policy until its feed says otherwise."""
    op.add_column("marketplace", sa.Column("contact_policy", sa.Text(), nullable=True))
