"""The audit trail: its entries, the heads over them, and what waits to be bound into it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_trails",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("trail", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    entries = op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_person", "audit", ["person", "seq"])
    # The digest of what an entry is about, at its one place in the canonical JSON.
    op.create_index("audit_about", "audit", [sa.func.substr(entries.c.entry, 11, 43)])
    op.create_table(
        "audit_heads",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("base", sa.Boolean, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_waiting",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("happened", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for name in ("audit_waiting", "audit_heads", "audit", "audit_trails"):
        op.drop_table(name)
