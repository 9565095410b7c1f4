"""Clients of the API for record systems, answers kept for a day, messages to their systems."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("offers_client", "offers", ["client", "created_at"])
    op.create_index("issuances_client", "issuances", ["client", "issued_at"])
    op.create_table(
        "api_clients",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("dpop", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.Integer),
    )
    op.create_table(
        "api_credentials",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("client", sa.String, sa.ForeignKey("api_clients.name"), nullable=False),
        sa.Column("secret_hash", sa.String, unique=True),
        sa.Column("jwk", sa.Text),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.Integer),
    )
    op.create_index("api_credentials_client", "api_credentials", ["client"])
    op.create_table(
        "api_tokens",
        sa.Column("token_hash", sa.String, primary_key=True),
        sa.Column("client", sa.String, sa.ForeignKey("api_clients.name"), nullable=False),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("key_thumbprint", sa.String),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("api_tokens_expiry", "api_tokens", ["expires_at"])
    op.create_table(
        "api_answers",
        sa.Column("client", sa.String, primary_key=True),
        sa.Column("key_hash", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("claim", sa.String, nullable=False),
        sa.Column("claimed_until", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("api_answers_expiry", "api_answers", ["expires_at"])
    op.create_table(
        "webhook_receivers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("events", sa.String, nullable=False),
        sa.Column("secrets", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
    )
    op.create_index("webhook_receivers_client", "webhook_receivers", ["client"])
    op.create_table(
        "webhook_events",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
        ),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("receiver", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Integer, nullable=False),
        sa.Column("claimed_until", sa.Integer),
        sa.Column("problem", sa.String),
    )
    op.create_index("webhook_messages_due", "webhook_messages", ["state", "due_at"])


def downgrade() -> None:
    for name in (
        "webhook_messages",
        "webhook_events",
        "webhook_receivers",
        "api_answers",
        "api_tokens",
        "api_credentials",
        "api_clients",
    ):
        op.drop_table(name)
    op.drop_index("issuances_client", "issuances")
    op.drop_index("offers_client", "offers")
