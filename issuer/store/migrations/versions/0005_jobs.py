"""Work that waits, and whom to remind."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("payload", sa.String, nullable=False),
        sa.Column("key", sa.String, unique=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run_at", sa.Integer, nullable=False),
        sa.Column("claim", sa.String),
        sa.Column("claimed_until", sa.Integer),
        sa.Column("problem", sa.String),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.Integer),
    )
    op.create_index("jobs_due", "jobs", ["state", "run_at"])
    op.create_table(
        "reminders",
        sa.Column("grant", sa.String, sa.ForeignKey("grants.id"), primary_key=True),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("noted_at", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("reminders")
    op.drop_table("jobs")
