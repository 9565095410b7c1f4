"""The newest moment that a process of this issuer has seen: one row, by which a leap is noticed.

What is *not* here: what counts as a leap, and what is left undone then
(``issuer.service.clock_watch``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, insert, select, update

from .tables import metadata

clock_seen: Final = Table(
    "clock_seen",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seen_at", BigInteger, nullable=False),
)
_ROW: Final = 1  # the only one of its table


def seen(connection: Connection) -> int | None:
    """Seconds since 1970, None where nobody has looked yet."""
    return connection.execute(select(clock_seen.c.seen_at)).scalar()


def note(connection: Connection, now: int) -> None:
    """From now on ``now`` is what was seen."""
    changed = connection.execute(update(clock_seen).values(seen_at=now))
    if changed.rowcount == 0:
        connection.execute(insert(clock_seen).values(id=_ROW, seen_at=now))
