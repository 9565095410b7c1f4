"""The tables of staff: sessions, sign-ins under way, emergency codes, and who opened what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "staff_sessions",
        *map(_text, ("tenant", "id", "subject", "name", "roles", "way")),
        *map(_time, ("created_at", "seen_at", "ends_at")),
        sa.PrimaryKeyConstraint("tenant", "id", name="staff_sessions_key"),
    )
    op.create_table(
        "staff_sign_ins",
        *map(_text, ("tenant", "state", "browser", "nonce", "verifier", "issuer", "next")),
        _time("ends_at"),
        sa.PrimaryKeyConstraint("tenant", "state", name="staff_sign_ins_key"),
    )
    op.create_table(
        "staff_codes",
        *map(_text, ("tenant", "digest")),
        _time("made_at"),
        sa.PrimaryKeyConstraint("tenant", "digest", name="staff_codes_key"),
    )
    op.create_table(
        "staff_openings",
        *map(_text, ("tenant", "transaction", "reader", "relationship")),
        _time("at"),
        sa.PrimaryKeyConstraint("tenant", "transaction", "reader", name="staff_openings_key"),
    )


def downgrade() -> None:
    """Take the tables away."""
    for name in ("staff_openings", "staff_codes", "staff_sign_ins", "staff_sessions"):
        op.drop_table(name)
