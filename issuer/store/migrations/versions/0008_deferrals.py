"""Records that are given later, and records that are given again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deferrals",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("transaction_hash", sa.String, nullable=False, unique=True),
        sa.Column("offer", sa.String, sa.ForeignKey("offers.id"), nullable=False),
        sa.Column("root", sa.String),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("configuration", sa.String, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("request_hash", sa.String, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("issuance", sa.String),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index(
        "deferrals_asked", "deferrals", ["offer", "configuration", "turn"], unique=True
    )
    op.add_column(
        "issuances", sa.Column("turn", sa.Integer, nullable=False, server_default="0")
    )
    op.drop_index("issuances_offer", "issuances")
    op.create_index("issuances_offer", "issuances", ["offer", "record_type", "turn"], unique=True)


def downgrade() -> None:
    op.drop_index("issuances_offer", "issuances")
    op.create_index("issuances_offer", "issuances", ["offer", "record_type"], unique=True)
    op.drop_column("issuances", "turn")
    op.drop_table("deferrals")
