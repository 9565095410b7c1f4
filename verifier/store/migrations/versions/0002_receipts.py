"""The table of receipts that were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "receipts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("receipt", sa.String, nullable=False),
    )
    op.create_index("receipts_by_time", "receipts", ["created_at"])


def downgrade() -> None:
    """Take the table away."""
    op.drop_index("receipts_by_time", "receipts")
    op.drop_table("receipts")
