"""Secrets of webhooks stand sealed, each with the time when it signs no more.

The key is in a file, so the first process of this release seals what stands in clear
(``issuer.service.webhook_secrets``); the old column stays, empty, for processes of the release
before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("receiver", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
    )
    op.create_index("webhook_secrets_receiver", "webhook_secrets", ["receiver"])


def downgrade() -> None:
    op.drop_table("webhook_secrets")
