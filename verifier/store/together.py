"""One transaction over several steps of the store: all of them are kept, or none.

Rules: a step that runs inside ``together`` joins its transaction, on the same thread and database
alone; a database that cannot be read or written is told in words. SQLite has one writer at a time
and lets the others poll, so that one of many may wait past its time: the threads of a process queue
here instead, before they take any lock of their own. What is *not* here: the steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from healthpassport.errors import ServiceError

TURN_SECONDS: Final = 10.0  # that a thread waits for the others to write
_open: Final[ContextVar[tuple[sa.Engine, sa.Connection] | None]] = ContextVar("open", default=None)
_turns: Final[WeakKeyDictionary[sa.Engine, Lock]] = WeakKeyDictionary()
_turns_made: Final = Lock()


@contextmanager
def _turn(engine: sa.Engine) -> Iterator[None]:
    """The turn of one thread to write to ``engine``; PostgreSQL needs none."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with _turns_made:
        turn = _turns.setdefault(engine, Lock())
    if not turn.acquire(timeout=TURN_SECONDS):
        raise ServiceError("verifier.database", "too many wait for it")
    try:
        yield
    finally:
        turn.release()


@contextmanager
def together(engine: sa.Engine) -> Iterator[sa.Connection]:
    """The transaction that is open here, or one that ends with this block.

    Raises:
        ServiceError: ``verifier.database`` where the outermost block cannot be kept.
    """
    joined = _open.get()
    if joined is not None and joined[0] is engine:
        yield joined[1]
        return
    try:
        with _turn(engine), engine.begin() as connection:
            token = _open.set((engine, connection))
            try:
                yield connection
            finally:
                _open.reset(token)
    except SQLAlchemyError as error:
        raise ServiceError("verifier.database") from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """The transaction that is open here, or none: one statement sees one moment by itself.

    Without BEGIN and COMMIT around it PostgreSQL is asked once in place of three times.

    Raises:
        ServiceError: ``verifier.database``.
    """
    joined = _open.get()
    if (joined is not None and joined[0] is engine) or engine.dialect.name == "sqlite":
        with together(engine) as connection:
            yield connection
        return
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    except SQLAlchemyError as error:
        raise ServiceError("verifier.database") from error
