"""Offers made by the hundred."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("source", sa.String),
        sa.Column("wanted", sa.String, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.Integer),
    )
    op.create_table(
        "bulk_lines",
        sa.Column("bulk", sa.String, sa.ForeignKey("bulks.id"), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("problem", sa.String),
        sa.Column("offer", sa.String),
        sa.Column("result", sa.String),
    )
    op.create_index("bulk_lines_state", "bulk_lines", ["bulk", "state"])


def downgrade() -> None:
    op.drop_table("bulk_lines")
    op.drop_table("bulks")
