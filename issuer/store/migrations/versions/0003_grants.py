"""Grants that outlast their offer, and what patients report as wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("root", sa.String, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("lasting_hash", sa.String, nullable=False, unique=True),
        sa.Column("current_hash", sa.String, nullable=False),
        sa.Column("previous_hash", sa.String),
        sa.Column("previous_until", sa.Integer, nullable=False),
        sa.Column("attempt_hash", sa.String),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("key_thumbprint", sa.String, nullable=False),
        sa.Column("client_id", sa.String),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("moved_to", sa.String),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("used_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("grants_root", "grants", ["root"])
    op.add_column("offers", sa.Column("grant", sa.String))
    op.add_column("offers", sa.Column("sealed_source", sa.LargeBinary))
    op.create_index("offers_grant", "offers", ["grant"])
    op.create_table(
        "reports",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("root", sa.String, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("record_type", sa.String, nullable=False),
        sa.Column("issuance", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("made_at", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Integer, nullable=False),
        sa.Column("answered_at", sa.Integer),
        sa.Column("sealed", sa.String),
        sa.Column("reply_key", sa.String),
        sa.Column("answer", sa.String),
    )
    op.create_index("reports_root", "reports", ["root"])


def downgrade() -> None:
    op.drop_table("reports")
    op.drop_index("offers_grant", "offers")
    op.drop_column("offers", "sealed_source")
    op.drop_column("offers", "grant")
    op.drop_table("grants")
