"""Tables of work that waits, and of offers made by the hundred.

``payload`` names rows by their ids and holds no secret and nothing of a person. Times are whole
seconds since 1970.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from .tables import metadata

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("payload", String, nullable=False),
    # One job of a key is kept, whatever its state: who enqueues it again does nothing.
    Column("key", String, unique=True),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("run_at", BigInteger, nullable=False),
    # Whose it is while it runs, and until when; then somebody else may take it.
    Column("claim", String),
    Column("claimed_until", BigInteger),
    Column("problem", String),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)
Index("jobs_due", jobs.c.state, jobs.c.run_at)

bulks: Final = Table(
    "bulks",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, nullable=False),
    Column("state", String, nullable=False),
    Column("source", String),
    Column("wanted", String, nullable=False),
    Column("days", Integer, nullable=False),
    # Public JWK that each link and PIN is sealed for; the private half is in the operator's file.
    Column("recipient", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)

# Who a line is about is sealed under a key that no database holds.
bulk_lines: Final = Table(
    "bulk_lines",
    metadata,
    Column("bulk", String, ForeignKey("bulks.id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("sealed", LargeBinary),
    Column("problem", String),
    Column("offer", String),
    Column("result", String),
)
Index("bulk_lines_state", bulk_lines.c.bulk, bulk_lines.c.state)

# Of whose records the practice should be reminded; no column tells whose they are.
reminders: Final = Table(
    "reminders",
    metadata,
    Column("grant", String, ForeignKey("grants.id"), primary_key=True),
    Column("client", String, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("noted_at", BigInteger, nullable=False),
)
