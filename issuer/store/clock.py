"""The newest moment that a process of this issuer has seen: one row, by which a leap is noticed.

What is *not* here: what counts as a leap, what is left undone then, and when the clock is believed
again (``issuer.service.clock_watch``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    false,
    insert,
    select,
)
from sqlalchemy import update as changed

from .locking import locked
from .tables import metadata

clock_seen: Final = Table(
    "clock_seen",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("off_since", BigInteger),
    Column("off_at", BigInteger),
    Column("leapt", Boolean, nullable=False, server_default=false()),
)
_ROW: Final = 1  # the only one of its table


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of the clock, in seconds since 1970.

    ``seen_at`` is the newest moment that was believed. While the clock is far from it, it goes on
    from ``off_since`` without a leap, and ``off_at`` is the last look; ``leapt`` is whether
    a living process saw it leap.
    """

    seen_at: int
    off_since: int | None = None
    off_at: int | None = None
    leapt: bool = False


def sighting(connection: Connection) -> Sighting | None:
    """What was seen last, None where nobody has looked yet."""
    query = locked(connection, select(clock_seen).where(clock_seen.c.id == _ROW))
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return Sighting(row["seen_at"], row["off_since"], row["off_at"], row["leapt"])


def seen(connection: Connection) -> int | None:
    """The newest moment that was believed, None where nobody has looked yet."""
    return connection.execute(select(clock_seen.c.seen_at)).scalar()


def note(connection: Connection, now: int) -> None:
    """From now on ``now`` is what was seen, and the clock is right."""
    keep(connection, Sighting(now))


def keep(connection: Connection, found: Sighting) -> None:
    """Keep ``found`` in the place of what stood there."""
    values = asdict(found)
    if connection.execute(changed(clock_seen).values(values)).rowcount == 0:
        connection.execute(insert(clock_seen).values(id=_ROW, **values))
