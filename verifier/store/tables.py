"""The tables, as SQLAlchemy Core sees it; the migrations make them.

Rules: every table has a column ``tenant``, the organisation whose row it is, and every key and
unique constraint begins with it: what is unique is so within one organisation alone.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()

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

HELD: Final = sa.Table(
    "held",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("forget_at", sa.BigInteger, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "id", name="held_key"),
    sa.Index("held_by_time", "tenant", "forget_at"),
)

KEY_USES: Final = sa.Table(
    "key_uses",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("day", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "name", name="key_uses_key"),
)

WATCHES: Final = sa.Table(
    "webhook_watches",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("desk", sa.String, nullable=False),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("told", sa.String, nullable=False),
    sa.Column("created_at", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("tenant", "id", name="webhook_watches_key"),
)

WEBHOOKS: Final = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("desk", sa.String, nullable=False),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("since", sa.Integer, nullable=False),
    sa.Column("due_at", sa.Integer, nullable=False),
    sa.Column("claimed_until", sa.Integer),
    sa.Column("problem", sa.String),
    sa.PrimaryKeyConstraint("tenant", "id", name="webhooks_key"),
    sa.Index("webhooks_due", "tenant", "state", "due_at"),
)

AUDIT_TRAILS: Final = sa.Table(
    "audit_trails",
    METADATA,
    sa.Column("tenant", sa.String, primary_key=True),
    sa.Column("trail", sa.String, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
)

AUDIT: Final = sa.Table(
    "audit",
    METADATA,
    sa.Column("tenant", sa.String, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("entry", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
    sa.Index("audit_by_time", "tenant", "at"),
)

AUDIT_HEADS: Final = sa.Table(
    "audit_heads",
    METADATA,
    sa.Column("tenant", sa.String, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("base", sa.Boolean, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("token", sa.String, nullable=False),
)
