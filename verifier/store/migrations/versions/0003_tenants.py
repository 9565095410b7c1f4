"""The column ``tenant`` in every table, and the days on which API keys were last used.

What stood there belongs to the one organisation that was served.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRANSACTIONS = (
    "id, handle, desk, short_code, template, nonce, state, progress,"
    " created_at, expires_at, fetched_at, closed_at, code"
)
RECEIPTS = "id, kind, organisation, created_at, subject, receipt"


def upgrade() -> None:
    """Make the tables anew and move the rows: SQLite changes no key of a table that stands."""
    op.drop_index("transactions_by_desk", "transactions")
    op.drop_index("receipts_by_time", "receipts")
    _transactions("tenant_transactions")
    _receipts("tenant_receipts")
    for table, columns in (("transactions", TRANSACTIONS), ("receipts", RECEIPTS)):
        op.execute(
            f"INSERT INTO tenant_{table} (tenant, {columns})"  # noqa: S608 - names from above
            f" SELECT 'main', {columns} FROM {table}"
        )
        op.drop_table(table)
        op.rename_table(f"tenant_{table}", table)
    op.create_index("transactions_of_desk", "transactions", ["tenant", "desk", "created_at"])
    op.create_index("receipts_of_tenant", "receipts", ["tenant", "created_at"])
    op.create_table(
        "key_uses",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("day", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name="key_uses_key"),
    )


def _transactions(name: str) -> None:
    op.create_table(
        name,
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("handle", sa.String, nullable=False),
        sa.Column("desk", sa.String, nullable=False),
        sa.Column("short_code", sa.String, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("nonce", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("progress", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("fetched_at", sa.Integer),
        sa.Column("closed_at", sa.Integer),
        sa.Column("code", sa.String),
        sa.PrimaryKeyConstraint("tenant", "id", name="transactions_key"),
        sa.UniqueConstraint("tenant", "handle", name="transactions_handle"),
        sa.UniqueConstraint("tenant", "short_code", name="transactions_short_code"),
        sa.UniqueConstraint("tenant", "nonce", name="transactions_nonce"),
    )


def _receipts(name: str) -> None:
    op.create_table(
        name,
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("receipt", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="receipts_key"),
    )


def downgrade() -> None:
    """Nothing leads back: the rows of several organisations have no place in one."""
    raise NotImplementedError
