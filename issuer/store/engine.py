"""The database: transactions on it, and what its failures are called.

A transaction that writes is alone on SQLite; on PostgreSQL it is alone with the rows that it reads
(``locking``). A deadlock or a race that PostgreSQL ended is told as ``ContentionError``, for
``again`` to try once more; everything else that fails is the issuer's trouble, told as such. What
is *not* here: how each database is opened (``sqlite``, ``postgresql``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from healthpassport.errors import ServiceError

from . import lineage, postgresql, sqlite
from .again import ContentionError
from .locking import READS_ONLY

# Class 40, transaction rollback, and a unique value that another process wrote at the same moment.
CONTENDED: Final = frozenset({"40001", "40P01", "23505"})
# A text that PostgreSQL cannot hold; its driver (None) refuses a zero byte itself. Nobody but a
# client makes one, and SQLite finds nothing under it.
UNSTORABLE: Final = frozenset({None, "22021", "22P05"})


@dataclass(frozen=True, slots=True)
class Store:
    """The issuer's database."""

    engine: Engine
    wiping: sqlite.Wiping = field(default_factory=sqlite.Wiping, compare=False, repr=False)

    @property
    def is_shared(self) -> bool:
        """Whether processes of several machines may work on it: PostgreSQL."""
        return self.engine.dialect.name == postgresql.NAME

    @property
    def generation(self) -> int:
        """How often all status lists were begun anew, as far as this process has seen."""
        watch = lineage.of(self.engine)
        return 0 if watch is None else watch.generation

    @property
    def set_back(self) -> lineage.SetBack:
        """How often the database went back, as far as this process has seen, and when last."""
        watch = lineage.of(self.engine)
        return lineage.NEVER if watch is None else watch.set_back()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes; what was acknowledged after it is never lost.

        Raises:
            ContentionError: nothing was written, and trying again may do.
            ServiceError: ``issuer.unavailable``.
        """
        with _told_in_words(), self.engine.connect() as connection, connection.begin():
            yield connection

    def apart(self) -> Store:
        """The same database, for what stays written whatever becomes of the work around it."""
        return self

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that reads, sees one moment, and holds nobody up.

        Raises:
            ServiceError: ``issuer.unavailable``.
        """
        with _told_in_words(), self.engine.connect() as raw:
            options = postgresql.READING if self.is_shared else {}
            connection = raw.execution_options(**{READS_ONLY: True}, **options)
            with connection.begin():
                yield connection

    def wipe(self) -> None:
        """Bring deletions into the file and empty the write-ahead log, where there are such.

        While others of this process are at work, it does so once a second; while somebody reads,
        not at all. The next call will, the sweep's at the latest, and nobody waits for it. What
        PostgreSQL keeps of what was deleted, and how long, says docs/database.md.
        """
        if not self.is_shared and self.wiping.is_due(self.engine):
            sqlite.wipe(self.engine)

    def vacuum(self) -> None:
        """Give the space of deleted secrets back, for PostgreSQL to write over.

        Raises:
            ServiceError: ``issuer.unavailable``.
        """
        if self.is_shared:
            with _told_in_words():
                postgresql.vacuum(self.engine)

    def sound(self) -> bool:
        """Whether the database answers, and SQLite finds its file in order."""
        with self.reading() as connection:
            if self.is_shared:
                return connection.execute(text("SELECT 1")).scalar() == 1
            return connection.execute(text("PRAGMA quick_check")).scalar() == "ok"

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def open_store(path: Path | None, *, url: str = "") -> Store:
    """The database at ``url``, else the file at ``path``, made or migrated to the present schema.

    Raises:
        ServiceError: ``issuer.database`` when it cannot be used.
        SettingsError: ``issuer.settings`` without a driver for ``url``, or without both.
    """
    return Store(postgresql.opened(url) if url else sqlite.opened(path))


@contextmanager
def _told_in_words() -> Iterator[None]:
    """A full disk, a lock that is never let go, a database that is away."""
    try:
        yield
    except PoolTimeoutError as error:
        raise ServiceError("issuer.unavailable", "too many wait for it") from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in CONTENDED:
            raise ContentionError("issuer.unavailable") from error
        if isinstance(error, DataError) and state in UNSTORABLE:
            raise ServiceError("http.invalid", "it holds a zero byte") from error
        if isinstance(error.orig, sqlite3.IntegrityError):
            raise  # SQLite's writers are alone: no race makes one
        raise ServiceError("issuer.unavailable") from error
