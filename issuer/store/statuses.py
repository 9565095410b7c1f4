"""Token status lists and their entries: each index is given once, at random, and never again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, select, update

from healthpassport.status.entries import WITHDRAWN

from .drawing import FULL_AT, take_free
from .locking import add_new
from .tables import status_entries, status_lists


@dataclass(frozen=True, slots=True)
class ListState:
    """How a list stands: ``version`` grows with every change of an entry."""

    number: int
    size: int
    allocated: int
    version: int


def allocate(
    connection: Connection,
    *,
    issuance: str,
    copies: int,
    list_size: int,
    now: int,
    random: Callable[[int], bytes],
) -> tuple[tuple[int, int], ...]:
    """``copies`` new entries for ``issuance`` as (list number, index), in random places.

    To be called in the transaction that keeps the issuance: both are there, or neither is.
    """
    current = _open_list(connection, copies=copies, list_size=list_size, now=now)
    chosen = take_free(
        connection,
        status_entries,
        values={"issuance": issuance, "status": 0},
        number=current.number,
        size=current.size,
        count=copies,
        random=random,
    )
    connection.execute(
        update(status_lists)
        .where(status_lists.c.number == current.number)
        .values(allocated=status_lists.c.allocated + copies)
    )
    return tuple((current.number, index) for index in chosen)


def change(connection: Connection, *, issuance: str, status: int) -> None:
    """Give every copy of ``issuance`` the ``status``; the lists become a new version.

    A copy that was withdrawn on its own stays withdrawn.
    """
    mine = (status_entries.c.issuance == issuance) & (status_entries.c.status != WITHDRAWN)
    numbers = tuple(
        connection.execute(select(status_entries.c.list).where(mine).distinct()).scalars()
    )
    connection.execute(update(status_entries).where(mine).values(status=status))
    connection.execute(
        update(status_lists)
        .where(status_lists.c.number.in_(numbers))
        .values(version=status_lists.c.version + 1)
    )


def issuance_at(connection: Connection, number: int, index: int) -> str | None:
    """The issuance whose copy has entry ``index`` of list ``number``."""
    found = select(status_entries.c.issuance).where(_place(number, index))
    return connection.execute(found).scalar()


def withdraw_one(connection: Connection, number: int, index: int) -> None:
    """Withdraw one copy for good; the list becomes a new version."""
    here = _place(number, index)
    connection.execute(update(status_entries).where(here).values(status=WITHDRAWN))
    connection.execute(
        update(status_lists)
        .where(status_lists.c.number == number)
        .values(version=status_lists.c.version + 1)
    )


def lists(connection: Connection) -> tuple[ListState, ...]:
    """Every list, oldest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(status_lists.c.number))
    return tuple(ListState(*row) for row in rows)


def find(connection: Connection, number: int) -> ListState | None:
    """The list ``number``."""
    row = connection.execute(select(*_COLUMNS).where(status_lists.c.number == number)).first()
    return None if row is None else ListState(*row)


def entry(connection: Connection, number: int, index: int) -> tuple[str, int] | None:
    """The issuance and the status at ``index`` of list ``number``, or None where none was given."""
    query = select(status_entries.c.issuance, status_entries.c.status).where(
        status_entries.c.list == number, status_entries.c.idx == index
    )
    row = connection.execute(query).first()
    return None if row is None else (row.issuance, row.status)


def marked(connection: Connection, number: int) -> tuple[tuple[int, int], ...]:
    """Every entry of list ``number`` whose status is not VALID, as (index, status)."""
    query = select(status_entries.c.idx, status_entries.c.status).where(
        status_entries.c.list == number, status_entries.c.status != 0
    )
    return tuple((row.idx, row.status) for row in connection.execute(query))


def ensure_first(connection: Connection, *, list_size: int, now: int) -> None:
    """Open the first list, so that its address answers before anything was issued."""
    _open_list(connection, copies=1, list_size=list_size, now=now)


_COLUMNS: Final = (
    status_lists.c.number,
    status_lists.c.size,
    status_lists.c.allocated,
    status_lists.c.version,
)


def _place(number: int, index: int) -> ColumnElement[bool]:
    return (status_entries.c.list == number) & (status_entries.c.idx == index)


def _open_list(connection: Connection, *, copies: int, list_size: int, now: int) -> ListState:
    """The newest list, or a new one when that is nearly full."""
    query = select(*_COLUMNS).order_by(status_lists.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    if row is not None:
        newest = ListState(*row)
        if newest.allocated + copies <= newest.size * FULL_AT:
            return newest
    number = 1 if row is None else row.number + 1
    made = {"number": number, "size": list_size, "allocated": 0, "version": 0, "created_at": now}
    add_new(connection, status_lists, [made])  # another process may open it at this moment
    return find(connection, number) or ListState(number, list_size, 0, 0)
