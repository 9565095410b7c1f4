"""Bitstring lists and their entries: for each purpose lists of their own, places at random."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from . import journal
from .places import bitstring_kind
from .prepared import Prepared
from .replaying import grow
from .status_tables import status_marks
from .tables import bitstring_entries, bitstring_lists

_KIND: Final = bitstring_kind("revocation")  # of tables alone: they serve every purpose


@dataclass(frozen=True, slots=True)
class BitstringState:
    """How a list stands: ``version`` grows with every change of an entry.

    ``allocated`` places are leased; from ``closed_at`` on no more are; ``retired_at`` ends it.
    """

    number: int
    purpose: str
    size: int
    allocated: int
    version: int
    closed_at: int | None = None
    retired_at: int | None = None


def give(connection: Connection, *, issuance: str, places: Sequence[tuple[int, int]]) -> None:
    """Enter ``places``, each (list, index), for the copies of ``issuance``.

    To be called in the transaction that keeps the issuance: both are there, or neither is.
    """
    rows = [{"list": n, "idx": i, "issuance": issuance, "marked": False} for n, i in places]
    connection.execute(insert(bitstring_entries), rows)


def mark(connection: Connection, *, issuance: str, purpose: str, marked: bool) -> None:
    """Set or clear every entry of ``issuance`` for ``purpose``; only changed lists grow older."""
    told = {"this": issuance, "new_purpose": purpose, "before": not marked, "after": marked}
    _changed(connection, _MARK.all(connection, told), marked=marked)


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
    rows = update(bitstring_entries).where(here).values(marked=True)
    _changed(connection, connection.execute(rows.returning(*_PLACE)).all(), marked=True)


def lists(connection: Connection) -> tuple[BitstringState, ...]:
    """Every list that is published, oldest first."""
    rows = select(*_COLUMNS).where(bitstring_lists.c.retired_at.is_(None))
    found = connection.execute(rows.order_by(bitstring_lists.c.number))
    return tuple(BitstringState(*row) for row in found)


def find(connection: Connection, number: int) -> BitstringState | None:
    """The list ``number``, retired or not."""
    row = connection.execute(select(*_COLUMNS).where(bitstring_lists.c.number == number)).first()
    return None if row is None else BitstringState(*row)


def marked(connection: Connection, number: int) -> tuple[int, ...]:
    """The index of every marked entry of list ``number``."""
    with_entry = select(bitstring_entries.c.idx).where(
        bitstring_entries.c.list == number, bitstring_entries.c.marked.is_(True)
    )
    without = select(status_marks.c.idx).where(
        status_marks.c.kind == _KIND.name,
        status_marks.c.list == number,
        status_marks.c.status != 0,
    )
    found = (*connection.execute(with_entry), *connection.execute(without))
    return tuple(row.idx for row in found)


_PLACE: Final = (bitstring_entries.c.list, bitstring_entries.c.idx)
_BOOL: Final = bitstring_entries.c.marked.type
_MARK: Final = Prepared(
    update(bitstring_entries)
    .where(
        bitstring_entries.c.issuance == bindparam("this", type_=bitstring_entries.c.issuance.type),
        bitstring_entries.c.marked == bindparam("before", type_=_BOOL),
        bitstring_entries.c.list.in_(
            select(bitstring_lists.c.number).where(
                bitstring_lists.c.purpose
                == bindparam("new_purpose", type_=bitstring_lists.c.purpose.type)
            )
        ),
    )
    .values(marked=bindparam("after", type_=_BOOL))
    .returning(*_PLACE)
)
_COLUMNS: Final = (
    bitstring_lists.c.number,
    bitstring_lists.c.purpose,
    bitstring_lists.c.size,
    bitstring_lists.c.allocated,
    bitstring_lists.c.version,
    bitstring_lists.c.closed_at,
    bitstring_lists.c.retired_at,
)


def _changed(connection: Connection, rows: Iterable[Sequence[int]], *, marked: bool) -> None:
    touched = [(number, index) for number, index in rows]
    for number in sorted({number for number, _ in touched}):
        grow(connection, _KIND, number)
    journal.note_marks(connection, _KIND.name, touched, status=int(marked))
