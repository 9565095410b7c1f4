"""What the console holds for a while: sealed rows, each with an end.

Rules: what is over is never found, and goes with the next row that is added; a row that is being
worked on belongs to its claim until a time, so that whoever is killed holds it no longer than that.
What is *not* here: sealing (``issuer.service.shelves``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from .locking import locked
from .staff_tables import console_kept

_C = console_kept.c
_WITHOUT_NOTES = (_C.name, _C.sealed, _C.created_at, _C.ends_at)


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One row, without its notes."""

    name: str
    sealed: bytes = field(repr=False)
    created_at: int
    ends_at: int


def add(
    connection: Connection,
    kind: str,
    row: KeptRow,
    *,
    notes: bytes | None,
    now: int,
    limit: int,
    oldest_leaves: bool,
) -> bool:
    """Keep ``row``; False where there are ``limit`` of its kind and the oldest may not leave."""
    drop_ended(connection, now)
    there = select(func.count()).select_from(console_kept).where(_C.kind == kind)
    over = connection.execute(there).scalar_one() - limit + 1
    if over > 0:
        if not oldest_leaves:
            return False
        oldest = select(_C.name).where(_C.kind == kind).order_by(_C.created_at, _C.name)
        names = connection.execute(oldest.limit(over)).scalars().all()
        connection.execute(delete(console_kept).where(_C.kind == kind, _C.name.in_(names)))
    values = {
        "kind": kind,
        "name": row.name,
        "sealed": row.sealed,
        "notes": notes,
        "created_at": row.created_at,
        "ends_at": row.ends_at,
    }
    connection.execute(insert(console_kept).values(values))
    return True


def find(connection: Connection, kind: str, name: str, *, now: int) -> KeptRow | None:
    """The row of that name that is not over."""
    query = select(*_WITHOUT_NOTES).where(_this(kind, name), _C.ends_at > now)
    row = connection.execute(locked(connection, query)).one_or_none()
    return None if row is None else _row(row)


def notes(connection: Connection, kind: str, name: str) -> bytes | None:
    """The notes of a row; None where there are none."""
    query = select(_C.notes).where(_this(kind, name))
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)


def every(connection: Connection, kind: str, *, now: int) -> Sequence[KeptRow]:
    """All rows of a kind that are not over, the oldest first."""
    query = select(*_WITHOUT_NOTES).where(_C.kind == kind, _C.ends_at > now)
    found = connection.execute(query.order_by(_C.created_at, _C.name))
    return [_row(row) for row in found]


def names(connection: Connection) -> Sequence[tuple[str, str]]:
    """Kind and name of all that is there, also of what is over."""
    return [(row.kind, row.name) for row in connection.execute(select(_C.kind, _C.name))]


def sealed(connection: Connection, kind: str, name: str) -> tuple[bytes, bytes | None] | None:
    """What is sealed under that name, also of what is over, and its notes."""
    query = select(_C.sealed, _C.notes).where(_this(kind, name))
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.sealed, row.notes)


def save(connection: Connection, kind: str, name: str, *, sealed: bytes, ends_at: int) -> None:
    """Keep a row in another state, until another time."""
    values = {"sealed": sealed, "ends_at": ends_at}
    connection.execute(update(console_kept).where(_this(kind, name)).values(values))


def claim(
    connection: Connection, kind: str, name: str, *, token: str, now: int, until: int
) -> bool:
    """Whether a row is ``token``'s from now on, until a time."""
    free = or_(_C.claimed_until.is_(None), _C.claimed_until <= now)
    values = {"claim": token, "claimed_until": until}
    statement = update(console_kept).where(_this(kind, name), free).values(values)
    return connection.execute(statement).rowcount == 1


def let_go(connection: Connection, kind: str, name: str, *, token: str) -> None:
    """A row is nobody's again, where it is still ``token``'s."""
    mine = (_C.claim == token) & _this(kind, name)
    values = {"claim": None, "claimed_until": None}
    connection.execute(update(console_kept).where(mine).values(values))


def drop(connection: Connection, kind: str, name: str) -> bool:
    """Forget a row; False where there is none."""
    return connection.execute(delete(console_kept).where(_this(kind, name))).rowcount == 1


def drop_ended(connection: Connection, now: int) -> int:
    """Forget what is over; how many rows."""
    return connection.execute(delete(console_kept).where(_C.ends_at <= now)).rowcount


def _this(kind: str, name: str) -> ColumnElement[bool]:
    return (_C.kind == kind) & (_C.name == name)


def _row(row: Any) -> KeptRow:  # noqa: ANN401 - a row of the library
    return KeptRow(row.name, bytes(row.sealed), row.created_at, row.ends_at)
