"""The database file: opened safely, migrated, and wiped of what was deleted.

SQLite in WAL mode with ``synchronous=FULL``: what was acknowledged survives a power cut.
``secure_delete`` overwrites deleted content, and ``wipe`` empties the write-ahead log of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, OperationalError

from healthpassport.errors import ServiceError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS: Final = 10_000  # milliseconds that a writer waits for another
POOL_SIZE: Final = 8  # connections; SQLite has one writer at a time anyway
MIGRATIONS: Final = Path(__file__).with_name("migrations")
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


@dataclass(frozen=True, slots=True)
class Store:
    """The issuer's database."""

    engine: Engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes; it alone does until it ends."""
        with _told_in_words(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that reads and holds nobody up."""
        with _told_in_words(), self.engine.connect() as raw:
            connection = raw.execution_options(reads_only=True)
            with connection.begin():
                yield connection

    def wipe(self) -> None:
        """Bring deletions into the file and empty the write-ahead log.

        While somebody reads, this does nothing: the next call will, and nobody waits for it.
        """
        with self.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            if isinstance(raw, sqlite3.Connection):
                raw.execute("PRAGMA busy_timeout=0").fetchall()
                try:
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                except sqlite3.OperationalError as error:
                    raise ServiceError("issuer.unavailable") from error
                finally:
                    raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}").fetchall()

    def sound(self) -> bool:
        """Whether SQLite finds its file in order."""
        with self.reading() as connection:
            return connection.execute(text("PRAGMA quick_check")).scalar() == "ok"

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


@contextmanager
def _told_in_words() -> Iterator[None]:
    """A full disk or a lock that is never let go is the issuer's trouble, told as such."""
    try:
        yield
    except OperationalError as error:
        raise ServiceError("issuer.unavailable") from error


def open_store(path: Path) -> Store:
    """The database at ``path``, made or migrated to the present schema.

    Raises:
        ServiceError: ``issuer.database`` when the file cannot be used.
    """
    engine = create_engine(
        f"sqlite:///{path}", pool_size=POOL_SIZE, max_overflow=0, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        _migrate(engine)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        engine.dispose()
        raise ServiceError("issuer.database") from error
    return Store(engine)


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Take transactions out of the driver's hands: it would begin them too late."""
    if not isinstance(connection, sqlite3.Connection):
        raise ServiceError("issuer.database", "only SQLite is built in")
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()


def _begin(connection: Connection) -> None:
    """IMMEDIATE, so that two writers queue up instead of failing half way."""
    reads = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    """Bring the schema up to date; a file that is so already is only read.

    A process that starts beside busy writers would otherwise have to win their queue first.
    """
    from alembic import command  # noqa: PLC0415 - half a second that only opening needs
    from alembic.config import Config  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect().execution_options(reads_only=True) as connection, connection.begin():
        found = MigrationContext.configure(connection).get_current_heads()
    if found and set(found) == set(ScriptDirectory.from_config(config).get_heads()):
        return
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
