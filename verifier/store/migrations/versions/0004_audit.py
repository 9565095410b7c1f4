"""The audit trail: its entries, the last one of each trail, and the signed heads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_trails",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("trail", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("entry", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("audit_by_time", "audit", ["tenant", "at"])
    op.create_table(
        "audit_heads",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("base", sa.Boolean, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("token", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Take the tables away."""
    op.drop_table("audit_heads")
    op.drop_index("audit_by_time", "audit")
    op.drop_table("audit")
    op.drop_table("audit_trails")
