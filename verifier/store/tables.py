"""The tables, as SQLAlchemy Core sees it; the migrations make them.

Rules: every table has a column ``tenant``, the organisation whose row it is, and every key and
unique constraint begins with it: what is unique is so within one organisation alone.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()
MAIN: Final = "main"  # the organisation of a deployment that serves one

TRANSACTIONS: Final = sa.Table(
    "transactions",
    METADATA,
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
    sa.Index("transactions_of_desk", "tenant", "desk", "created_at"),
)

RECEIPTS: Final = sa.Table(
    "receipts",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("organisation", sa.String, nullable=False),
    sa.Column("created_at", sa.Integer, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("receipt", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "id", name="receipts_key"),
    sa.Index("receipts_of_tenant", "tenant", "created_at"),
)

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
