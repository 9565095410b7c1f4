"""Bitstring status lists, beside the token status lists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bitstring_lists",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("allocated", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
    )
    op.create_table(
        "bitstring_entries",
        sa.Column("list", sa.Integer, sa.ForeignKey("bitstring_lists.number"), primary_key=True),
        sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("issuance", sa.String, sa.ForeignKey("issuances.id"), nullable=False),
        sa.Column("marked", sa.Boolean, nullable=False),
    )
    op.create_index("bitstring_entries_issuance", "bitstring_entries", ["issuance"])


def downgrade() -> None:
    op.drop_table("bitstring_entries")
    op.drop_table("bitstring_lists")
