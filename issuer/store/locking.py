"""What keeps two transactions apart that would each be right alone.

SQLite lets one writer in at a time. On PostgreSQL a row that is read in a transaction that writes
is locked until it ends, so that what was judged is still so when it is changed. Rows are locked in
one order, the sign-in, the grant, the offer, the issuance, the status list, so that nobody waits in
a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from .prepared import Prepared

READS_ONLY: Final = "reads_only"  # the execution option of a transaction that reads
_POSTGRESQL: Final = "postgresql"

T = TypeVar("T", bound=Select[Any])


class Turn(IntEnum):
    """Advisory locks of PostgreSQL, one for each thing that one process does at a time."""

    MIGRATING = 0x70_61_73_73_01
    SWEEPING = 0x70_61_73_73_02
    OPENING_LISTS = 0x70_61_73_73_03


def locked(connection: Connection, query: T, *, others_pass: bool = False) -> T:
    """``query``, whose rows nobody else changes until this transaction ends, if it is to write.

    Rows that refer to them may be added meanwhile. With ``others_pass`` rows that another
    transaction holds are left out.
    """
    if connection.get_execution_options().get(READS_ONLY, False):
        return query
    return query.with_for_update(key_share=True, skip_locked=others_pass)


def held(connection: Connection, query: T) -> T:
    """As ``locked``, for a query that is a constant of its module."""
    if connection.get_execution_options().get(READS_ONLY, False):
        return query
    return cast("T", _held(query))


def holding(query: Select[Any]) -> Prepared:
    """``query``, which finds a row by ``this``, for ``hold_row``."""
    return Prepared(_held(query))


def hold_row(connection: Connection, query: Prepared, this: str) -> None:
    """Hold what ``query`` finds by ``this``; a writer of SQLite is alone anyway."""
    if connection.dialect.name == _POSTGRESQL:
        query.run(connection, {"this": this})


@cache
def _held(query: Select[Any]) -> Select[Any]:
    return query.with_for_update(key_share=True)


def add_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]
) -> Sequence[Any]:
    """Add those ``rows`` that break no unique key; their primary keys, as rows of the library.

    Where another transaction adds the same at this moment, its end is waited for.
    """
    statement = _adding(table, connection.dialect.name)
    return connection.execute(statement, rows[0] if len(rows) == 1 else list(rows)).all()


def is_new(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """As ``add_new`` for one row with every column of ``table``: whether it was added."""
    return bool(_adding_one(table, connection.dialect.name).all(connection, row))


@cache
def _adding(table: Table, dialect: str) -> Any:  # noqa: ANN401 - a statement of either dialect
    """Made once for each table: making it anew costs more than running it."""
    made: Any = postgresql.insert if dialect == _POSTGRESQL else sqlite.insert
    return made(table).on_conflict_do_nothing().returning(*table.primary_key.columns)


@cache
def _adding_one(table: Table, dialect: str) -> Prepared:
    return Prepared(_adding(table, dialect), columns=table.c.keys())


def take_turn(connection: Connection, turn: Turn, *, wait: bool) -> bool:
    """Whether this transaction is the only one that does this until it ends, on all machines."""
    if connection.dialect.name != _POSTGRESQL:
        return True  # it is the only one that writes at all
    if wait:
        connection.execute(select(func.pg_advisory_xact_lock(int(turn))))
        return True
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(int(turn)))).scalar())
