"""The tables of messages to other systems, and of which transactions they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhook_watches",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("desk", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("told", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="webhook_watches_key"),
    )
    op.create_table(
        "webhooks",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("desk", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Integer, nullable=False),
        sa.Column("claimed_until", sa.Integer),
        sa.Column("problem", sa.String),
        sa.PrimaryKeyConstraint("tenant", "id", name="webhooks_key"),
    )
    op.create_index("webhooks_due", "webhooks", ["tenant", "state", "due_at"])


def downgrade() -> None:
    """Take the tables away."""
    op.drop_index("webhooks_due", "webhooks")
    op.drop_table("webhooks")
    op.drop_table("webhook_watches")
