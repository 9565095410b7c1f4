"""The tables of the console: who is signed in, what is prepared, and what was handed over.

What is *not* here: the other tables (``tables``, which has the rules for all).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table

from .tables import metadata

staff_sessions: Final = Table(
    "staff_sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("name", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("way", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)
Index("staff_sessions_end", staff_sessions.c.ends_at)

staff_sign_ins: Final = Table(
    "staff_sign_ins",
    metadata,
    Column("state", String, primary_key=True),
    Column("browser", String, nullable=False),
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("issuer", String, nullable=False),
    Column("next", String, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)
Index("staff_sign_ins_end", staff_sign_ins.c.ends_at)

# What the console handed to patients: no name and no number of a patient, only a keyed digest.
handed: Final = Table(
    "handed",
    metadata,
    Column("offer", String, ForeignKey("offers.id"), primary_key=True),
    Column("person", String),
    Column("vouched_by", String),
    Column("prepared_by", String, nullable=False),
    Column("signed_by", String, nullable=False),
    Column("link_by", String, nullable=False),
    Column("pin_by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("handed_person", handed.c.person)
Index("handed_at", handed.c.at)

# What staff have in hand for minutes or hours; ``sealed`` and ``notes`` under a key in a file.
console_kept: Final = Table(
    "console_kept",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("notes", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("claim", String),
    Column("claimed_until", BigInteger),
)
Index("console_kept_end", console_kept.c.ends_at)
