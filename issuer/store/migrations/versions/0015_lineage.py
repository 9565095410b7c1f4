"""Which PostgreSQL the open status lists belong to; moments after January 2038 on PostgreSQL.

Moments were integers of four bytes there, which end on 19 January 2038: sooner for a record that
is valid for ten years. Each table is written once anew; SQLite has integers of any length.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENTS = r"""
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type = 'integer'
    AND (column_name LIKE '%\_at' OR column_name LIKE '%\_until' OR column_name IN ('at', 'since'))
    ORDER BY table_name, column_name
"""


def upgrade() -> None:
    op.create_table(
        "status_lineage",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    found: dict[str, list[str]] = {}
    for table, column in connection.exec_driver_sql(MOMENTS.replace("%", "%%")):
        found.setdefault(table, []).append(f'ALTER "{column}" TYPE bigint')
    for table, changes in found.items():
        op.execute(sa.text(f'ALTER TABLE "{table}" {", ".join(changes)}'))


def downgrade() -> None:
    op.drop_table("status_lineage")
