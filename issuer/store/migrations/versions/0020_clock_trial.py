"""Since when a clock that was far off goes on as a clock does, and whether it was seen to leap."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clock_seen", sa.Column("off_since", sa.BigInteger))
    op.add_column("clock_seen", sa.Column("off_at", sa.BigInteger))
    op.add_column(
        "clock_seen",
        sa.Column("leapt", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    for name in ("leapt", "off_at", "off_since"):
        op.drop_column("clock_seen", name)
