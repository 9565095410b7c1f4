"""The database as it is found, looked at and not changed: for whoever sets an issuer up.

What is *not* here: opening it for work, which migrates it (``engine``).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from healthpassport.errors import ServiceError, SettingsError

from . import clock as moments
from . import lineage, postgresql, sqlite
from .audit_tables import audit
from .engine import Store
from .migrating import is_current


class Schema(StrEnum):
    """How the tables stand to this release."""

    NONE = "none"  # they are made at the first start
    OLDER = "older"  # they are migrated at the next start
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Condition:
    """A database. ``last`` is the moment of the newest audit entry, ``clock`` the server's own.

    ``seen`` is the newest moment that a process has seen (``clock``). All in seconds since 1970;
    ``tells`` is false of a PostgreSQL that hides whether it was set back.
    """

    schema: Schema
    sound: bool = True
    last: int | None = None
    clock: float | None = None
    tells: bool = True
    seen: int | None = None


def examine(path: Path | None, *, url: str = "") -> Condition:
    """Look at the database at ``url``, else at the file ``path``.

    Raises:
        ServiceError: ``issuer.database`` where it cannot be used, or a newer release made it.
        SettingsError: ``issuer.settings``.
    """
    if url:
        engine = postgresql.connected(url)
    elif path is None:
        raise SettingsError("issuer.settings", "set database, a file, or database_url")
    elif not path.exists():
        return Condition(Schema.NONE)
    else:
        engine = sqlite.connected(path)
    try:
        return _condition(engine)
    except (sqlite3.Error, DatabaseError, SQLAlchemyError) as error:
        raise ServiceError("issuer.database") from error
    finally:
        engine.dispose()


def _condition(engine: Engine) -> Condition:
    store = Store(engine)
    with store.reading() as tx:
        current = is_current(tx)
        empty = not engine.dialect.has_table(tx, "alembic_version")
    clock, tells = None, True
    if store.is_shared:
        postgresql.require_version(engine)
        with store.reading() as tx:
            clock = float(tx.execute(select(func.extract("epoch", func.now()))).scalar_one())
    if not current:
        return Condition(Schema.NONE if empty else Schema.OLDER, clock=clock)
    if store.is_shared:
        tells = lineage.attach(engine)
    with store.reading() as tx:
        last, seen = tx.execute(select(func.max(audit.c.at))).scalar(), moments.seen(tx)
    return Condition(
        Schema.CURRENT, sound=store.sound(), last=last, clock=clock, tells=tells, seen=seen
    )
