"""The table of records that are given later. What is *not* here: its rows (``deferrals``)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from .tables import metadata

deferrals: Final = Table(
    "deferrals",
    metadata,
    Column("id", String, primary_key=True),
    Column("transaction_hash", String, nullable=False, unique=True),
    Column("offer", String, ForeignKey("offers.id"), nullable=False),
    Column("root", String),
    Column("client", String, nullable=False),
    Column("configuration", String, nullable=False),
    Column("turn", Integer, nullable=False, default=0),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("request_hash", String, nullable=False),
    Column("answer", LargeBinary),
    Column("sealed", LargeBinary),
    Column("issuance", String),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("deferrals_asked", *(deferrals.c[n] for n in ("offer", "configuration", "turn")), unique=True)
