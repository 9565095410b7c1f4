"""Opening the database, brought to the newest shape by Alembic.

SQLite in WAL mode is the default; PostgreSQL is for several processes. What is *not* here: what is
done with it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from healthpassport.errors import ServiceError, SettingsError

from .changes import Changes
from .transactions import Store

MIGRATIONS: Final = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS: Final = 5000  # how long a writer waits for another
POOL_SIZE: Final = 10  # connections of one process to PostgreSQL, beside the one that listens
POOL_SECONDS: Final = 10  # how long a thread waits for one of them
LOCK: Final = 0x6865616C7468  # of PostgreSQL's advisory locks the one that migrating takes


def open_store(path: Path, *, url: str = "") -> Store:
    """The store at the database ``url``, else in the file ``path``, made or brought up to date.

    Raises:
        SettingsError: ``verifier.setup`` where there is no driver for ``url``.
        ServiceError: ``verifier.database`` where it cannot be used.
    """
    if url:
        return _open_postgresql(url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = sa.create_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", _configure)
    try:
        _migrate_file(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ServiceError("verifier.database") from error
    path.chmod(0o600)
    return Store(engine)


def describe(path: Path, *, url: str = "") -> str:
    """What the database is and how it stands, without changing it.

    Raises:
        SettingsError, ServiceError: as ``open_store``.
    """
    if not url:
        return f"SQLite in {path.name}" if path.exists() else "SQLite, made when it is first used"
    engine = _postgresql(url)
    try:
        with engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            is_new = _is_current(connection)
    except SQLAlchemyError as error:
        raise ServiceError("verifier.database") from error
    finally:
        engine.dispose()
    more = "" if is_new else "; it is brought up to date at the next start"
    return f"PostgreSQL {version} at {engine.url.host or 'its socket'}{more}"


def _open_postgresql(url: str) -> Store:
    from .listening import Ear  # noqa: PLC0415 - the driver is there for those who use it

    engine = _postgresql(url)
    try:
        with engine.begin() as connection:
            # Of processes that start together one migrates, and the others find it done.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            if not _is_current(connection):
                _migrate(connection)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ServiceError("verifier.database") from error
    ear = Ear(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    return Store(engine, changes=Changes(engine, listen=ear.listen, stop=ear.stop))


def _postgresql(url: str) -> sa.Engine:
    try:
        return sa.create_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            hide_parameters=True,
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        words = "install the extra postgresql, and check PASSPORT_VERIFIER_DATABASE_URL"
        raise SettingsError("verifier.setup", words) from error


def _configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")  # first: the next may have to wait
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _is_current(connection: sa.Connection) -> bool:
    found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == _newest()


@cache
def _newest() -> frozenset[str]:
    """The newest schema of this release: it does not change while a process runs."""
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _migrate_file(engine: sa.Engine) -> None:
    """Bring SQLite up to date; of processes that start together one does, and the others wait."""
    with engine.connect() as connection:
        if _is_current(connection):
            return
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would begin too late
        _migrate(connection)


def _migrate(connection: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
