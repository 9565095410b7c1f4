"""PostgreSQL, for an issuer of several processes or machines.

Rules: a commit is durable before it is acknowledged, whatever the server's default; nobody waits
for a lock, or holds one idle, without end; a connection that broke is replaced without a restart.
What is *not* here: roles and backups, which are its operator's (docs/database.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from healthpassport.errors import ServiceError, SettingsError

from .migrating import migrate

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

NAME: Final = "postgresql"
DRIVER: Final = "postgresql+psycopg"
MIN_VERSION: Final = (16,)  # the oldest that the tests run on
POOL_SIZE: Final = 10  # connections of one process
POOL_SECONDS: Final = 10  # how long a thread waits for one of them
# libpq: a host that does not answer is given up, and one that vanished is noticed.
_CONNECTING: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "passport-issuer",
}
_SESSION: Final = (
    "SELECT set_config('lock_timeout', '10s', false),"
    " set_config('idle_in_transaction_session_timeout', '60s', false),"
    " CASE WHEN current_setting('synchronous_commit') = 'off'"
    " THEN set_config('synchronous_commit', 'on', false) END"
)
# One snapshot for all statements of a transaction that reads; it never fails for others' sake.
READING: Final[dict[str, Any]] = {
    "isolation_level": "REPEATABLE READ",
    "postgresql_readonly": True,
}
SECRETS: Final = (  # what holds something sealed, or tells whose an offer was
    "offers",
    "offer_records",
    "answers",
    "grants",
    "reports",
    "deferrals",
    "authorizations",
    "api_answers",
    "bulk_lines",
    "handed",
    "issuances",
)


def opened(url: str) -> Engine:
    """The engine of the database at ``url``, with its tables made or migrated.

    Raises:
        SettingsError: ``issuer.settings`` where ``url`` is none, or its driver is not installed.
        ServiceError: ``issuer.database`` where it cannot be used.
    """
    engine = connected(url)
    try:
        migrate(engine)
        require_version(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ServiceError("issuer.database") from error
    except ServiceError:
        engine.dispose()
        raise
    return engine


def vacuum(engine: Engine) -> None:
    """Give the space of what was deleted or sealed anew back to PostgreSQL, table by table."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in SECRETS:
            connection.exec_driver_sql(f"VACUUM (SKIP_LOCKED) {table}")


def connected(url: str) -> Engine:
    """The engine of the database at ``url``, as it is.

    Raises:
        SettingsError: ``issuer.settings``.
    """
    try:
        where = _checked(url)
        made = create_engine(
            where,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={k: v for k, v in _CONNECTING.items() if k not in where.query},
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        words = "database_url: install the extra postgresql, and write postgresql+psycopg://..."
        raise SettingsError("issuer.settings", words) from error
    event.listen(made, "connect", _prepare)
    return made


def _checked(url: str) -> URL:
    made = make_url(url)
    if made.drivername not in {NAME, DRIVER}:
        raise ArgumentError(made.drivername)
    return made.set(drivername=DRIVER)


def require_version(engine: Engine) -> None:
    """Refuse a server that is too old, once somebody has connected.

    Raises:
        ServiceError: ``issuer.database``.
    """
    version = engine.dialect.server_version_info
    if version is None or tuple(version) < MIN_VERSION:
        raise ServiceError("issuer.database", f"PostgreSQL {MIN_VERSION[0]} or later is needed")


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(_SESSION)
    cursor.close()
    connection.commit()
