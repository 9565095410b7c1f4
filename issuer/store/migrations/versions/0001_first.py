"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("address_hash", sa.String, nullable=False, unique=True),
        sa.Column("code_hash", sa.String, nullable=False, unique=True),
        sa.Column("pin_mac", sa.String, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String, unique=True),
        sa.Column("token_expires_at", sa.Integer),
        sa.Column("key_thumbprint", sa.String),
        sa.Column("client_id", sa.String),
        sa.Column("by_identifier", sa.Boolean, nullable=False),
    )
    op.create_table(
        "offer_records",
        sa.Column("offer", sa.String, sa.ForeignKey("offers.id"), primary_key=True),
        sa.Column("record_type", sa.String, primary_key=True),
        sa.Column("sealed", sa.LargeBinary),
    )
    op.create_table(
        "issuances",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("offer", sa.String, sa.ForeignKey("offers.id"), nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("record_type", sa.String, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("issued_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("notification_hash", sa.String, nullable=False, unique=True),
        sa.Column("event", sa.String),
    )
    op.create_index("issuances_offer", "issuances", ["offer", "record_type"], unique=True)
    op.create_table(
        "answers",
        sa.Column("issuance", sa.String, sa.ForeignKey("issuances.id"), primary_key=True),
        sa.Column("request_hash", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "status_lists",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("allocated", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
    )
    op.create_table(
        "status_entries",
        sa.Column("list", sa.Integer, sa.ForeignKey("status_lists.number"), primary_key=True),
        sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("issuance", sa.String, sa.ForeignKey("issuances.id"), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
    )
    op.create_index("status_entries_issuance", "status_entries", ["issuance"])
    op.create_table(
        "spent",
        sa.Column("value_hash", sa.String, primary_key=True),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("spent_expiry", "spent", ["expires_at"])


def downgrade() -> None:
    for name in (
        "spent",
        "status_entries",
        "status_lists",
        "answers",
        "issuances",
        "offer_records",
        "offers",
        "secrets",
    ):
        op.drop_table(name)
