"""Bitstring lists and their entries: for each purpose lists of their own, places at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select, update

from .drawing import FULL_AT, take_free
from .locking import add_new
from .tables import bitstring_entries, bitstring_lists


@dataclass(frozen=True, slots=True)
class BitstringState:
    """How a list stands: ``version`` grows with every change of an entry."""

    number: int
    purpose: str
    size: int
    allocated: int
    version: int


def allocate(
    connection: Connection,
    *,
    issuance: str,
    purpose: str,
    copies: int,
    list_size: int,
    now: int,
    random: Callable[[int], bytes],
) -> tuple[tuple[int, int], ...]:
    """``copies`` new entries for ``issuance`` as (list number, index), in random places.

    To be called in the transaction that keeps the issuance: both are there, or neither is.
    """
    current = _open_list(connection, purpose, copies=copies, list_size=list_size, now=now)
    number = current.number
    chosen = take_free(
        connection,
        bitstring_entries,
        values={"issuance": issuance, "marked": False},
        number=number,
        size=current.size,
        count=copies,
        random=random,
    )
    connection.execute(
        update(bitstring_lists)
        .where(bitstring_lists.c.number == number)
        .values(allocated=bitstring_lists.c.allocated + copies)
    )
    return tuple((number, index) for index in chosen)


def mark(connection: Connection, *, issuance: str, purpose: str, marked: bool) -> None:
    """Set or clear every entry of ``issuance`` for ``purpose``; only changed lists grow older."""
    numbers = select(bitstring_lists.c.number).where(bitstring_lists.c.purpose == purpose)
    mine = (
        (bitstring_entries.c.issuance == issuance)
        & (bitstring_entries.c.marked != marked)
        & bitstring_entries.c.list.in_(numbers)
    )
    changed = select(bitstring_entries.c.list).where(mine).distinct()
    touched = tuple(connection.execute(changed).scalars())
    connection.execute(update(bitstring_entries).where(mine).values(marked=marked))
    connection.execute(
        update(bitstring_lists)
        .where(bitstring_lists.c.number.in_(touched))
        .values(version=bitstring_lists.c.version + 1)
    )


def issuance_at(connection: Connection, number: int, index: int, *, purpose: str) -> str | None:
    """The issuance whose copy has entry ``index`` of list ``number``, if it serves ``purpose``."""
    state = find(connection, number)
    if state is None or state.purpose != purpose:
        return None
    here = (bitstring_entries.c.list == number) & (bitstring_entries.c.idx == index)
    return connection.execute(select(bitstring_entries.c.issuance).where(here)).scalar()


def mark_one(connection: Connection, number: int, index: int) -> None:
    """Mark one entry; the list becomes a new version."""
    here = (bitstring_entries.c.list == number) & (bitstring_entries.c.idx == index)
    connection.execute(update(bitstring_entries).where(here).values(marked=True))
    connection.execute(
        update(bitstring_lists)
        .where(bitstring_lists.c.number == number)
        .values(version=bitstring_lists.c.version + 1)
    )


def lists(connection: Connection) -> tuple[BitstringState, ...]:
    """Every list, oldest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(bitstring_lists.c.number))
    return tuple(BitstringState(*row) for row in rows)


def find(connection: Connection, number: int) -> BitstringState | None:
    """The list ``number``."""
    row = connection.execute(select(*_COLUMNS).where(bitstring_lists.c.number == number)).first()
    return None if row is None else BitstringState(*row)


def marked(connection: Connection, number: int) -> tuple[int, ...]:
    """The index of every marked entry of list ``number``."""
    query = select(bitstring_entries.c.idx).where(
        bitstring_entries.c.list == number, bitstring_entries.c.marked.is_(True)
    )
    return tuple(connection.execute(query).scalars())


def ensure_first(
    connection: Connection, *, purposes: Sequence[str], list_size: int, now: int
) -> None:
    """Open the first list of each purpose, so that its address answers before anything else."""
    for purpose in purposes:
        _open_list(connection, purpose, copies=1, list_size=list_size, now=now)


_COLUMNS: Final = (
    bitstring_lists.c.number,
    bitstring_lists.c.purpose,
    bitstring_lists.c.size,
    bitstring_lists.c.allocated,
    bitstring_lists.c.version,
)


def _open_list(
    connection: Connection, purpose: str, *, copies: int, list_size: int, now: int
) -> BitstringState:
    """The newest list for ``purpose``, or a new one when that is nearly full."""
    query = (
        select(*_COLUMNS)
        .where(bitstring_lists.c.purpose == purpose)
        .order_by(bitstring_lists.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is not None:
        newest = BitstringState(*row)
        if newest.allocated + copies <= newest.size * FULL_AT:
            return newest
    last = connection.execute(select(func.max(bitstring_lists.c.number))).scalar() or 0
    made = BitstringState(last + 1, purpose, list_size, 0, 0)
    fresh = {
        "number": made.number,
        "purpose": purpose,
        "size": list_size,
        "allocated": 0,
        "version": 0,
        "created_at": now,
    }
    if not add_new(connection, bitstring_lists, [fresh]):
        # Another process took the number at this moment, perhaps for the other purpose.
        return _open_list(connection, purpose, copies=copies, list_size=list_size, now=now)
    return made
