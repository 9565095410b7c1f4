"""The table of transactions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "transactions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("handle", sa.String, nullable=False, unique=True),
        sa.Column("desk", sa.String, nullable=False),
        sa.Column("short_code", sa.String, nullable=False, unique=True),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("nonce", sa.String, nullable=False, unique=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("progress", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("fetched_at", sa.Integer),
        sa.Column("closed_at", sa.Integer),
        sa.Column("code", sa.String),
    )
    op.create_index("transactions_by_desk", "transactions", ["desk", "created_at"])


def downgrade() -> None:
    """Take the table away."""
    op.drop_index("transactions_by_desk", "transactions")
    op.drop_table("transactions")
