"""Token status lists and their entries: each place is given once and never again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)

from healthpassport.status.entries import WITHDRAWN

from . import journal
from .places import TOKEN
from .prepared import Prepared
from .replaying import grow
from .status_tables import status_marks
from .tables import status_entries, status_lists


@dataclass(frozen=True, slots=True)
class ListState:
    """How a list stands: ``version`` grows with every change of an entry.

    ``allocated`` places are leased; from ``closed_at`` on no more are; ``retired_at`` ends it.
    """

    number: int
    size: int
    allocated: int
    version: int
    closed_at: int | None = None
    retired_at: int | None = None


def give(connection: Connection, *, issuance: str, places: Sequence[tuple[int, int]]) -> None:
    """Enter ``places``, each (list, index), for the copies of ``issuance``.

    To be called in the transaction that keeps the issuance: both are there, or neither is.
    """
    rows = [{"list": n, "idx": i, "issuance": issuance, "status": 0} for n, i in places]
    _GIVE.run_each(connection, rows)


def change(connection: Connection, *, issuance: str, status: int) -> None:
    """Give every copy of ``issuance`` the ``status``; the lists become a new version.

    A copy that was withdrawn on its own stays withdrawn.
    """
    found = _CHANGE.all(connection, {"this": issuance, "new_status": status})
    _changed(connection, found, status)


def issuance_at(connection: Connection, number: int, index: int) -> str | None:
    """The issuance whose copy has entry ``index`` of list ``number``."""
    found = select(status_entries.c.issuance).where(_place(number, index))
    return connection.execute(found).scalar()


def withdraw_one(connection: Connection, number: int, index: int) -> None:
    """Withdraw one copy for good; the list becomes a new version."""
    rows = update(status_entries).where(_place(number, index)).values(status=WITHDRAWN)
    found = connection.execute(rows.returning(status_entries.c.list, status_entries.c.idx))
    _changed(connection, found.all(), WITHDRAWN)


def lists(connection: Connection) -> tuple[ListState, ...]:
    """Every list that is published, oldest first."""
    rows = select(*_COLUMNS).where(status_lists.c.retired_at.is_(None))
    found = connection.execute(rows.order_by(status_lists.c.number))
    return tuple(ListState(*row) for row in found)


def find(connection: Connection, number: int) -> ListState | None:
    """The list ``number``, retired or not."""
    row = connection.execute(select(*_COLUMNS).where(status_lists.c.number == number)).first()
    return None if row is None else ListState(*row)


def entry(connection: Connection, number: int, index: int) -> tuple[str, int] | None:
    """The issuance and the status at ``index`` of list ``number``, or None where none was given."""
    query = select(status_entries.c.issuance, status_entries.c.status).where(_place(number, index))
    row = connection.execute(query).first()
    return None if row is None else (row.issuance, row.status)


def marked(connection: Connection, number: int) -> tuple[tuple[int, int], ...]:
    """Every entry of list ``number`` whose status is not VALID, as (index, status)."""
    with_entry = select(status_entries.c.idx, status_entries.c.status).where(
        status_entries.c.list == number, status_entries.c.status != _NOTHING
    )
    without = select(status_marks.c.idx, status_marks.c.status).where(
        status_marks.c.kind == TOKEN.name,
        status_marks.c.list == number,
        status_marks.c.status != 0,
    )
    found = (*connection.execute(with_entry), *connection.execute(without))
    return tuple((row.idx, row.status) for row in found)


# As it stands in the index: a planner that sees a parameter would look at every entry.
_NOTHING: Final[ColumnElement[int]] = literal_column("0")
_GIVE: Final = Prepared(insert(status_entries), columns=status_entries.c.keys())
_CHANGE: Final = Prepared(
    update(status_entries)
    .where(
        status_entries.c.issuance == bindparam("this", type_=status_entries.c.issuance.type),
        status_entries.c.status != WITHDRAWN,
    )
    .values(status=bindparam("new_status", type_=status_entries.c.status.type))
    .returning(status_entries.c.list, status_entries.c.idx)
)
_COLUMNS: Final = (
    status_lists.c.number,
    status_lists.c.size,
    status_lists.c.allocated,
    status_lists.c.version,
    status_lists.c.closed_at,
    status_lists.c.retired_at,
)


def _place(number: int, index: int) -> ColumnElement[bool]:
    return (status_entries.c.list == number) & (status_entries.c.idx == index)


def _changed(connection: Connection, rows: Iterable[Sequence[int]], status: int) -> None:
    touched = [(number, index) for number, index in rows]
    for number in sorted({number for number, _ in touched}):
        grow(connection, TOKEN, number)
    journal.note_marks(connection, TOKEN.name, touched, status=status)
