"""What is over is found by when it ended, and records that say the same are known as such."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer_records", sa.Column("digest", sa.String))
    op.create_index("issuances_expiry", "issuances", ["expires_at"])
    op.create_index("offers_state", "offers", ["state", "expires_at"])


def downgrade() -> None:
    op.drop_index("offers_state", "offers")
    op.drop_index("issuances_expiry", "issuances")
    op.drop_column("offer_records", "digest")
