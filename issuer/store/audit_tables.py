"""The tables of the audit trail: entries in their chain, the heads over them, and what waits.

What happened waits beside the step that it tells of, and is bound into the chain soon after: so no
two steps wait for each other at the end of one chain. Times are whole seconds since 1970.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, func

from .tables import metadata

MAIN: Final = "main"  # the one trail of an issuer
# An entry's canonical JSON begins with {"about":"...": the digest stands at one place.
ABOUT_AT: Final = len('{"about":"') + 1
ABOUT_LENGTH: Final = 43
_BIG: Final = BigInteger().with_variant(Integer, "sqlite")  # which alone numbers rows there

audit_trails: Final = Table(
    "audit_trails",
    metadata,
    Column("name", String, primary_key=True),
    Column("trail", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("event", String, nullable=False),
    Column("person", String, nullable=False),
    Column("entry", Text, nullable=False),
    Column("hash", String, nullable=False),
)
Index("audit_at", audit.c.at)
Index("audit_person", audit.c.person, audit.c.seq)
Index("audit_about", func.substr(audit.c.entry, ABOUT_AT, ABOUT_LENGTH))

audit_heads: Final = Table(
    "audit_heads",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("base", Boolean, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("token", Text, nullable=False),
)

audit_waiting: Final = Table(
    "audit_waiting",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=True),
    Column("happened", Text, nullable=False),
)
