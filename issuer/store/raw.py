"""The database as it lies on disk, or as it can be had: for looking for what should not be there.

SQLite is read as its files, deleted pages and all. Of PostgreSQL every row of every table is read,
and the statements that its sessions show; its files, write-ahead log and backups are its operator's
(docs/sources.md). What is *not* here: what is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import text

from .engine import Store

PIECE: Final = 1_048_576  # bytes that are held at once
BESIDE: Final = ("", "-wal", "-shm", "-journal")  # what SQLite keeps beside a database
_TABLES: Final = (
    "SELECT table_schema, table_name FROM information_schema.tables"
    " WHERE table_type = 'BASE TABLE'"
    " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    " ORDER BY table_schema, table_name"
)
_STATEMENTS: Final = "SELECT query FROM pg_stat_activity WHERE datname = current_database()"


def database_files(path: Path) -> list[Path]:
    """The files of a SQLite database that are there."""
    named = (path.with_name(path.name + end) for end in BESIDE)
    return [one for one in named if one.is_file()]


def file_pieces(path: Path, *, overlap: int) -> Iterator[bytes]:
    """The bytes of a file in pieces, each beginning with the last ``overlap`` of the one before.

    Raises:
        OSError: where it cannot be read.
    """
    before = b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield before + piece
            before = (before + piece)[-overlap:] if overlap else b""


def tables(store: Store) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Every table of a PostgreSQL database by its name, with its rows, and what sessions run.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with store.reading() as tx:
        names = [(str(schema), str(name)) for schema, name in tx.execute(text(_TABLES))]
    for schema, name in names:
        yield f"{schema}.{name}", _rows(store, f'SELECT * FROM "{schema}"."{name}"')  # noqa: S608 - the server's own names
    yield "pg_stat_activity", _rows(store, _STATEMENTS)


def _rows(store: Store, query: str) -> Iterator[bytes]:
    with store.reading() as tx:
        streamed = tx.execution_options(stream_results=True, yield_per=500)
        with closing(streamed.execute(text(query))) as found:
            for row in found:
                yield _bytes(row)


def _bytes(row: Iterable[object]) -> bytes:
    """One row: bytes as they are, everything else as its text, a zero byte between."""
    parts = (
        bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
        for cell in row
        if cell is not None
    )
    return b"\0".join(parts)
