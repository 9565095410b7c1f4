"""What the console holds for a while, sealed, so that several processes serve it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "console_kept",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("notes", sa.LargeBinary),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("claim", sa.String),
        sa.Column("claimed_until", sa.BigInteger),
    )
    op.create_index("console_kept_end", "console_kept", ["ends_at"])


def downgrade() -> None:
    op.drop_table("console_kept")
