"""One transaction over several steps of the store: all of them are kept, or none.

Rules: a step that runs inside ``together`` joins its transaction, on the same thread and database
alone; a database that cannot be read or written is told in words. What is *not* here: the steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from healthpassport.errors import ServiceError

_open: Final[ContextVar[tuple[sa.Engine, sa.Connection] | None]] = ContextVar("open", default=None)


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
        with engine.begin() as connection:
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
