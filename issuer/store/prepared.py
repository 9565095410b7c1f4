"""Statements that every request runs: made into text once, and run by the driver itself.

Rules: a statement is written as all others are; what it becomes is its own database's text, so that
there is one source of both. It runs in the transaction of the connection that it is given, and
fails with the library's errors. Only what is run very often is worth it: what a credential request
runs (docs/adr/0076), and marks of status lists.
What is *not* here: transactions (``engine``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, InvalidRequestError

Row: TypeAlias = tuple[Any, ...]
Read: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement in one database's words.

    ``places`` are the names of its parameters in the order of their question marks, None where the
    text has names; ``fixed`` are those that the statement itself holds; ``reads`` make of each
    column what the library would.
    """

    sql: str
    places: tuple[str, ...] | None
    fixed: Mapping[str, object]
    reads: tuple[tuple[int, Read], ...]

    def parameters(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - as the driver wants
        """``values`` as this text takes them."""
        told = {**self.fixed, **values} if self.fixed else values
        return told if self.places is None else [told[name] for name in self.places]

    def rows(self, found: Sequence[Row]) -> Sequence[Row]:
        """What the driver found, with every column as the library reads it."""
        return [self._row(row) for row in found] if self.reads else found

    def _row(self, row: Row) -> Row:
        told = list(row)
        for place, read in self.reads:
            told[place] = read(told[place])
        return tuple(told)


class Prepared:
    """A statement, in the text of each database that it was run on.

    It is refused outside of a transaction: the driver would let it stand at once, where the library
    would have begun one.

    Args:
        statement: with a named parameter for every value that is not always the same.
        columns: which columns an insert of values fills; every row must have them.
    """

    __slots__ = ("_columns", "_statement", "_texts")

    def __init__(
        self, statement: Select[Any] | Insert | Update, *, columns: Iterable[str] = ()
    ) -> None:
        self._statement = statement
        self._columns: Final = tuple(columns)
        self._texts: dict[str, _Text] = {}

    def all(self, connection: Connection, values: Mapping[str, object]) -> Sequence[Row]:
        """Every row that is found, or that the statement returns."""
        text = self._text(connection)
        with _cursor(connection, text.sql) as cursor:
            connection.dialect.do_execute(cursor, text.sql, text.parameters(values))
            return text.rows(cursor.fetchall())

    def first(self, connection: Connection, values: Mapping[str, object]) -> Row | None:
        """The first row, None where there is none."""
        return next(iter(self.all(connection, values)), None)

    def run(self, connection: Connection, values: Mapping[str, object]) -> None:
        """Run a statement that returns nothing."""
        text = self._text(connection)
        with _cursor(connection, text.sql) as cursor:
            connection.dialect.do_execute(cursor, text.sql, text.parameters(values))

    def run_each(self, connection: Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Run a statement that returns nothing with each of ``rows``."""
        text = self._text(connection)
        with _cursor(connection, text.sql) as cursor:
            each = [text.parameters(row) for row in rows]
            connection.dialect.do_executemany(cursor, text.sql, each)

    def _text(self, connection: Connection) -> _Text:
        if not connection.in_transaction():
            raise InvalidRequestError("a prepared statement runs within a transaction")
        found = self._texts.get(connection.dialect.name)
        if found is None:  # two threads may make the same one
            found = self._made(connection.dialect)
            self._texts[connection.dialect.name] = found
        return found

    def _made(self, dialect: Dialect) -> _Text:
        statement = self._statement
        if isinstance(statement, Insert):
            statement = statement.inline()  # else the library asks for keys that nobody reads
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(self._columns) or None)
        order = compiled.positiontup
        binds = compiled.bind_names.items()
        reads = enumerate(_read(column.type, dialect) for column in statement.exported_columns)
        return _Text(
            str(compiled),
            None if order is None else tuple(order),
            {name: bind.effective_value for bind, name in binds if not bind.required},
            tuple((place, read) for place, read in reads if read is not None),
        )


def run_text(connection: Connection, sql: str) -> None:
    """Run ``sql``, which has no values and returns nothing, such as the begin of a transaction."""
    with _cursor(connection, sql) as cursor:
        cursor.execute(sql)


def _read(kind: Any, dialect: Dialect) -> Read | None:  # noqa: ANN401 - a type of the library
    found: Read | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[DBAPICursor]:
    """A cursor of the driver's; what it raises becomes what the library would have raised."""
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            sql,
            None,
            error,
            connection.dialect.loaded_dbapi.Error,
            hide_parameters=True,
            dialect=connection.dialect,
        ) from error
    finally:
        cursor.close()
