"""The tables of staff, as SQLAlchemy Core sees them: nothing of a patient stands in them.

What is *not* here: the other tables (``tables``, which has the rules for all).
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from .tables import METADATA

STAFF_SESSIONS: Final = sa.Table(
    "staff_sessions",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("roles", sa.String, nullable=False),
    sa.Column("way", sa.String, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "id", name="staff_sessions_key"),
)

STAFF_SIGN_INS: Final = sa.Table(
    "staff_sign_ins",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("browser", sa.String, nullable=False),
    sa.Column("nonce", sa.String, nullable=False),
    sa.Column("verifier", sa.String, nullable=False),
    sa.Column("issuer", sa.String, nullable=False),
    sa.Column("next", sa.String, nullable=False),
    sa.Column("ends_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "state", name="staff_sign_ins_key"),
)

STAFF_CODES: Final = sa.Table(
    "staff_codes",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "digest", name="staff_codes_key"),
)

STAFF_OPENINGS: Final = sa.Table(
    "staff_openings",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("transaction", sa.String, nullable=False),
    sa.Column("reader", sa.String, nullable=False),
    sa.Column("relationship", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "transaction", "reader", name="staff_openings_key"),
)
