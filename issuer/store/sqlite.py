"""SQLite, the default: one file, opened safely, and wiped of what was deleted.

WAL mode with ``synchronous=FULL``: what was acknowledged survives a power cut. ``secure_delete``
overwrites deleted content, and ``wipe`` empties the write-ahead log of it.
"""

from __future__ import annotations

import math
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from healthpassport.errors import ServiceError, SettingsError

from .locking import READS_ONLY
from .migrating import migrate
from .prepared import run_text

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS: Final = 10_000  # milliseconds that a writer waits for another
WIPE_SECONDS: Final = 1.0  # between two times that the log is emptied, while others are at work
POOL_SIZE: Final = 8  # connections; SQLite has one writer at a time anyway
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


@dataclass(slots=True)
class Wiping:
    """When the log is emptied: at once, or every ``WIPE_SECONDS`` while others are at work.

    For it takes as long as issuing a record does.
    """

    last: float = -math.inf

    def is_due(self, engine: Engine) -> bool:
        """Whether it is to be done now; that it was is noted."""
        now, pool = time.monotonic(), engine.pool
        others = isinstance(pool, QueuePool) and pool.checkedout() > 0
        if others and now - self.last < WIPE_SECONDS:
            return False
        self.last = now
        return True


def opened(path: Path | None) -> Engine:
    """The engine of the file at ``path``, made or migrated.

    Raises:
        ServiceError: ``issuer.database``. SettingsError: ``issuer.settings`` without a path.
    """
    if path is None:
        raise SettingsError("issuer.settings", "set database, a file, or database_url")
    engine = connected(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        migrate(engine)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        engine.dispose()
        raise ServiceError("issuer.database") from error
    except ServiceError:
        engine.dispose()
        raise
    return engine


def connected(path: Path) -> Engine:
    """The engine of the file at ``path``, as it is."""
    engine = create_engine(
        f"sqlite:///{path}", pool_size=POOL_SIZE, max_overflow=0, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def wipe(engine: Engine) -> None:
    """Bring deletions into the file and empty the write-ahead log, unless somebody reads.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection):
            raw.execute("PRAGMA busy_timeout=0").fetchall()
            try:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError as error:
                raise ServiceError("issuer.unavailable") from error
            finally:
                raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}").fetchall()


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Take transactions out of the driver's hands: it would begin them too late."""
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma).fetchall()


def _begin(connection: Connection) -> None:
    """IMMEDIATE, so that two writers queue up instead of failing half way."""
    reads = connection.get_execution_options().get(READS_ONLY, False)
    run_text(connection, "BEGIN" if reads else "BEGIN IMMEDIATE")
