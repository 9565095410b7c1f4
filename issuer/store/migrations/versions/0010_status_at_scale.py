"""Places of status lists are leased in a secret order; marks and journals beside the lists.

A list of before has no seed: it is closed, and the next record opens a new one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTS = ("status_lists", "bitstring_lists")


def upgrade() -> None:
    for name in LISTS:
        op.add_column(name, sa.Column("seed", sa.LargeBinary))
        op.add_column(name, sa.Column("closed_at", sa.Integer))
        op.add_column(name, sa.Column("retired_at", sa.Integer))
        op.execute(sa.text(f"UPDATE {name} SET closed_at = created_at"))  # noqa: S608 - of above
    op.create_index(
        "status_entries_marked",
        "status_entries",
        ["list", "idx"],
        sqlite_where=sa.text("status != 0"),
        postgresql_where=sa.text("status != 0"),
    )
    op.create_index(
        "bitstring_entries_marked",
        "bitstring_entries",
        ["list", "idx"],
        sqlite_where=sa.text("marked IS 1"),
        postgresql_where=sa.text("marked IS true"),
    )
    op.create_table(
        "status_marks",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("list", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("status", sa.Integer, nullable=False),
    )
    op.create_table(
        "status_journals",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("status_journals")
    op.drop_table("status_marks")
    op.drop_index("bitstring_entries_marked", "bitstring_entries")
    op.drop_index("status_entries_marked", "status_entries")
    for name in LISTS:
        for column in ("retired_at", "closed_at", "seed"):
            op.drop_column(name, column)
