"""Places of status lists, leased in blocks: each is given once, whichever process gives it.

A list counts how many of its places are leased, and a seed decides which places these are
(``healthpassport.status.permutation``). A process leases a block in a transaction of its own and
gives its places away without asking again; what it has not given when it ends is given to nobody,
and looks like a record that stands. What is *not* here: entries (``statuses``, ``bitstrings``) and
the pool of a process (``issuer.service.places``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, Table, func, insert, select, true, update

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.status.permutation import SEED_BYTES

from . import journal, lineage
from .locking import Turn, add_new, take_turn
from .tables import bitstring_entries, bitstring_lists, status_entries, status_lists

_TURNS: Final = 8  # processes that open the same list at the same moment; one more turn for each


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of list: its tables, and the purpose that bitstring lists have."""

    name: str
    lists: Table
    entries: Table
    purpose: str | None = None

    @property
    def mine(self) -> ColumnElement[bool]:
        """Which rows of ``lists`` are of this kind."""
        return true() if self.purpose is None else self.lists.c.purpose == self.purpose


TOKEN: Final = Kind("token", status_lists, status_entries)


def bitstring_kind(purpose: str) -> Kind:
    """The bitstring lists that serve ``purpose``."""
    return Kind("bitstring", bitstring_lists, bitstring_entries, purpose)


@dataclass(frozen=True, slots=True)
class Block:
    """The places of list ``number`` from the ``start``-th to before the ``end``-th given."""

    number: int
    size: int
    seed: bytes
    start: int
    end: int


def lease(
    connection: Connection,
    kind: Kind,
    *,
    count: int,
    list_size: int,
    now: int,
    random: Callable[[int], bytes],
) -> Block:
    """At most ``count`` places, at least one, of the newest list; a full one is followed by a new.

    Two processes that lease at once wait for each other for as long as this transaction takes.
    """
    from .replaying import catch_up  # noqa: PLC0415 - it uses what this module knows of lists

    for _ in range(_TURNS):
        # The second look sees what another process opened while the first one waited for it.
        newest = _newest(connection, kind) or _newest(connection, kind)
        # A replica that took over while we run may have lost leases that the journal knows.
        if catch_up(connection):
            continue
        if newest is not None and newest.allocated < newest.size:
            return _leased(connection, kind, newest, count, now=now)
        if newest is not None:
            _close(connection, kind, newest.number, now=now)
        ensure_open(connection, kind, list_size=list_size, now=now, random=random)
    raise ServiceError("issuer.unavailable")


def ensure_open(
    connection: Connection, kind: Kind, *, list_size: int, now: int, random: Callable[[int], bytes]
) -> None:
    """Open a list where none takes records, so that its address answers before they come."""
    if _newest(connection, kind) is not None:
        return
    take_turn(connection, Turn.OPENING_LISTS, wait=True)
    if _newest(connection, kind) is None:  # nor has another process opened one meanwhile
        _open(connection, kind, list_size=list_size, now=now, seed=random(SEED_BYTES))


def close_all(connection: Connection, kind: Kind, *, now: int) -> None:
    """Give no more places of any list that is there; the next lease opens a new one."""
    lists = kind.lists
    rows = update(lists).where(kind.mine, lists.c.closed_at.is_(None))
    closed = rows.values(closed_at=now, seed=None).returning(lists.c.number, lists.c.size)
    for row in connection.execute(closed).all():
        # Nor after one more restore from the same backup: all its places count as given.
        _note(connection, kind, row.number, size=row.size, end=row.size, now=now)


def skip_numbers(connection: Connection, kind: Kind, *, up_to: int, size: int, now: int) -> None:
    """Let the next new list have a number beyond ``up_to``, which is never published."""
    last = connection.execute(select(func.max(kind.lists.c.number))).scalar() or 0
    if last < up_to:
        remember(connection, kind, number=up_to, size=size, now=now)
        passed = update(kind.lists).where(kind.lists.c.number == up_to)
        connection.execute(passed.values(retired_at=now))


def remember(connection: Connection, kind: Kind, *, number: int, size: int, now: int) -> None:
    """Keep list ``number``, closed: it was opened by a database that is no more."""
    row = _row(kind, number, size, now)
    connection.execute(insert(kind.lists).values(**row, closed_at=now))


def raise_lease(connection: Connection, kind: Kind, *, number: int, end: int, now: int) -> None:
    """Never again give a place of list ``number`` before the ``end``-th, leased at ``now``."""
    lists = kind.lists
    rows = update(lists).where(lists.c.number == number, lists.c.allocated < end)
    connection.execute(rows.values(allocated=end))
    # A closed list lives on for as long as a record that was given the last of its places.
    later = update(lists).where(lists.c.number == number, lists.c.closed_at < now)
    connection.execute(later.values(closed_at=now))


def _newest(connection: Connection, kind: Kind) -> Row[int, int, int, bytes] | None:
    """The newest list that takes records, held until this transaction ends (PostgreSQL)."""
    columns = (kind.lists.c.number, kind.lists.c.size, kind.lists.c.allocated, kind.lists.c.seed)
    query = (
        select(*columns)
        .where(kind.mine, kind.lists.c.closed_at.is_(None))
        .order_by(kind.lists.c.number.desc())
        .limit(1)
        .with_for_update()
    )
    return connection.execute(query).first()


def _leased(
    connection: Connection, kind: Kind, newest: Row[int, int, int, bytes], count: int, *, now: int
) -> Block:
    end = min(newest.allocated + count, newest.size)
    rows = update(kind.lists).where(kind.lists.c.number == newest.number)
    connection.execute(rows.values(allocated=end))
    _note(connection, kind, newest.number, size=newest.size, end=end, now=now)
    return Block(newest.number, newest.size, newest.seed, newest.allocated, end)


def _close(connection: Connection, kind: Kind, number: int, *, now: int) -> None:
    """A full list needs its seed no more."""
    rows = update(kind.lists).where(kind.lists.c.number == number)
    connection.execute(rows.values(closed_at=now, seed=None))


def _open(connection: Connection, kind: Kind, *, list_size: int, now: int, seed: bytes) -> None:
    """One more list, unless another process opens it at this moment."""
    last = connection.execute(select(func.max(kind.lists.c.number))).scalar() or 0
    row = _row(kind, last + 1, list_size, now)
    if not add_new(connection, kind.lists, [{**row, "seed": seed}]):
        return
    _note(connection, kind, last + 1, size=list_size, end=0, now=now)


def _note(
    connection: Connection, kind: Kind, number: int, *, size: int, end: int, now: int
) -> None:
    said: dict[str, Json] = {"lease": kind.name, "list": number, "size": size, "end": end}
    said |= lineage.stamp(connection)
    journal.note(connection, {**said, "for": kind.purpose, "at": now})


def _row(kind: Kind, number: int, size: int, now: int) -> dict[str, int | str]:
    row: dict[str, int | str] = {"number": number, "size": size, "created_at": now}
    row |= {"allocated": 0, "version": 0}
    return row if kind.purpose is None else row | {"purpose": kind.purpose}
