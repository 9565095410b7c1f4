"""Patients sign in: authorizations under way, and how it was made sure who somebody is."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authorizations",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("request_hash", sa.String, unique=True),
        sa.Column("browser_hash", sa.String, unique=True),
        sa.Column("upstream_hash", sa.String, unique=True),
        sa.Column("code_hash", sa.String, unique=True),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("offer", sa.String),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("authorizations_expiry", "authorizations", ["expires_at"])
    op.create_table(
        "identity_checks",
        sa.Column("offer", sa.String, sa.ForeignKey("offers.id"), primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
    )
    op.create_table(
        "attested_grants",
        sa.Column("root", sa.String, primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("attested_grants")
    op.drop_table("identity_checks")
    op.drop_index("authorizations_expiry", "authorizations")
    op.drop_table("authorizations")
