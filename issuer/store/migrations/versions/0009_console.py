"""The console's staff, and what they handed to patients."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.String, primary_key=True),
        *map(_text, ("subject", "name", "roles", "way")),
        *map(_time, ("created_at", "seen_at", "ends_at")),
    )
    op.create_index("staff_sessions_end", "staff_sessions", ["ends_at"])
    op.create_table(
        "staff_sign_ins",
        sa.Column("state", sa.String, primary_key=True),
        *map(_text, ("browser", "nonce", "verifier", "issuer", "next")),
        _time("ends_at"),
    )
    op.create_index("staff_sign_ins_end", "staff_sign_ins", ["ends_at"])
    op.create_table(
        "handed",
        sa.Column("offer", sa.String, sa.ForeignKey("offers.id"), primary_key=True),
        sa.Column("person", sa.String),
        *map(_text, ("prepared_by", "signed_by", "link_by", "pin_by")),
        sa.Column("vouched_by", sa.String),
        _time("at"),
    )
    op.create_index("handed_person", "handed", ["person"])
    op.create_index("handed_at", "handed", ["at"])


def downgrade() -> None:
    op.drop_table("handed")
    op.drop_table("staff_sign_ins")
    op.drop_table("staff_sessions")
