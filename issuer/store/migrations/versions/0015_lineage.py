"""Which PostgreSQL the open status lists belong to: after a failover they are begun anew."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "status_lineage",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("status_lineage")
