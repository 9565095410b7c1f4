"""Everything from SQLite to an empty PostgreSQL: all of it, compared row by row, or nothing.

Nobody writes to the source meanwhile, and the target is one transaction, so that a copy that breaks
off leaves nothing and is begun anew. What is *not* here: stopping the issuer, which its operator
does first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Table, func, select, text

from healthpassport.errors import ServiceError

from .engine import Store
from .locking import Turn, take_turn

CHUNK: Final = 5_000  # rows in memory at once
_VERSION: Final = "alembic_version"


@dataclass(frozen=True, slots=True)
class Copied:
    """One table: how many rows, and the sum of the digests of all of them."""

    table: str
    rows: int
    digest: str


def copy_all(
    source: Store, target: Store, *, told: Callable[[Copied], None] = lambda _: None
) -> tuple[Copied, ...]:
    """Copy every table of ``source`` to ``target``; ``told`` hears of each.

    Raises:
        ServiceError: ``issuer.copy`` where the target is no empty PostgreSQL, or a table differs
            after it was copied; ``issuer.unavailable``.
    """
    if source.is_shared or not target.is_shared:
        raise ServiceError("issuer.copy", "it goes from SQLite to PostgreSQL")
    done = []
    with source.writing() as here, target.writing() as there:
        take_turn(there, Turn.MIGRATING, wait=True)
        for table in _tables(there):
            copied = _copy(here, there, table)
            done.append(copied)
            told(copied)
    return tuple(done)


def _tables(there: Connection) -> tuple[Table, ...]:
    known = MetaData()
    known.reflect(there)
    tables = tuple(table for table in known.sorted_tables if table.name != _VERSION)
    for table in tables:
        if there.execute(select(table).limit(1)).first() is not None:
            raise ServiceError("issuer.copy", f"the target holds {table.name} already")
    return tables


def _copy(here: Connection, there: Connection, table: Table) -> Copied:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    raw: Any = there.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as out:
        for row in _rows(here, table):
            out.write_row(row)
    _set_counters(there, table)
    wanted, found = (_summed(table, _rows(side, table)) for side in (here, there))
    if wanted != found:
        raise ServiceError("issuer.copy", f"{table.name} differs after it was copied")
    return found


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    streamed = select(*table.columns).execution_options(yield_per=CHUNK)
    with connection.execute(streamed) as result:
        for row in result:
            yield tuple(row)


def _summed(table: Table, rows: Iterator[tuple[Any, ...]]) -> Copied:
    """The same for the same rows in any order: databases sort text in different ways."""
    total = number = 0
    for row in rows:
        plain = tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)
        total += int.from_bytes(hashlib.sha256(repr(plain).encode()).digest(), "big")
        number += 1
    return Copied(table.name, number, f"{total % 2**256:064x}")


def _set_counters(there: Connection, table: Table) -> None:
    """Let numbers that PostgreSQL counts go on behind the copied ones."""
    for column in table.primary_key.columns:
        query = text("SELECT pg_get_serial_sequence(:table, :column)")
        named = {"table": f'"{table.name}"', "column": column.name}
        counter = there.execute(query, named).scalar()
        last = there.execute(select(func.max(column))).scalar() if counter else None
        if last is not None:
            there.execute(select(func.setval(counter, last)))
