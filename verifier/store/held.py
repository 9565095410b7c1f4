"""What several processes hold of open transactions: sealed bytes, and when they are forgotten.

Rules: nothing here can be read without the key, which no database has; a row leaves with its
transaction's end; every call joins the transaction that is open around it. What is *not* here: what
the bytes mean and how they are sealed (``service``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from .tables import HELD
from .together import reading, together

_H = HELD.c
_MEMBERS: Final = ("sealed", "forget_at", "tries_left", "answered")
# Made once, as those of ``transactions``.
_OWN: Final = _H.tenant == sa.bindparam("own")
_NAMED: Final = _H.id == sa.bindparam("name")
_ADD: Final = sa.insert(HELD)
_REPLACE: Final = (
    sa.update(HELD)
    .where(_OWN, _NAMED)
    .values({name: sa.bindparam(f"new_{name}") for name in _MEMBERS})
)
_GET: Final = sa.select(HELD).where(_OWN, _NAMED, _H.forget_at > sa.bindparam("moment"))
_DROP: Final = sa.delete(HELD).where(_OWN, _NAMED)
_DUE: Final = (
    sa.delete(HELD)
    .where(_OWN, _H.forget_at <= sa.bindparam("moment"))
    .returning(_H.id, _H.answered)
)
_COUNT: Final = sa.select(sa.func.count()).select_from(HELD).where(_OWN)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """What is held of one transaction; ``tries_left`` counts the confirm code's."""

    sealed: bytes
    forget_at: datetime
    tries_left: int
    answered: bool = False


class HeldRows:
    """The rows of one organisation; every call may fail as ``ServiceError``."""

    def __init__(self, engine: sa.Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant
        self._mine = _H.tenant == tenant

    def add(self, transaction_id: str, row: SealedRow) -> None:
        """Hold something new."""
        values = {"tenant": self._tenant, "id": transaction_id, **_values(row)}
        with together(self._engine) as connection:
            connection.execute(_ADD, values)

    def replace(self, transaction_id: str, row: SealedRow) -> None:
        """Hold something else in its place."""
        values = {f"new_{name}": value for name, value in _values(row).items()}
        with together(self._engine) as connection:
            connection.execute(_REPLACE, {**self._named(transaction_id), **values})

    def get(self, transaction_id: str, *, now: datetime) -> SealedRow | None:
        """What is held, and not yet to be forgotten at ``now``; None for nothing."""
        wanted = {**self._named(transaction_id), "moment": _micros(now)}
        with reading(self._engine) as connection:
            found = connection.execute(_GET, wanted).one_or_none()
        return None if found is None else _row(found)

    def spend_try(self, transaction_id: str) -> int | None:
        """Count one try down, and how many are left; None where none was. Others wait their turn.

        The row stays locked until the transaction around it ends, so that of several processes one
        counts at a time.
        """
        change = (
            sa.update(HELD)
            .where(self._mine, _H.id == transaction_id, _H.answered, _H.tries_left > 0)
            .values(tries_left=_H.tries_left - 1)
            .returning(_H.tries_left)
        )
        with together(self._engine) as connection:
            return connection.execute(change).scalar_one_or_none()

    def drop(self, transaction_id: str) -> None:
        """Hold nothing of it any more."""
        with together(self._engine) as connection:
            connection.execute(_DROP, self._named(transaction_id))

    def drop_due(self, now: datetime) -> tuple[tuple[str, bool], ...]:
        """Drop what is to be forgotten: each transaction, and whether it was answered."""
        due = {"own": self._tenant, "moment": _micros(now)}
        with together(self._engine) as connection:
            rows = connection.execute(_DUE, due).all()
        return tuple((row.id, row.answered) for row in rows)

    def count(self) -> int:
        """How many transactions are held."""
        with reading(self._engine) as connection:
            return connection.execute(_COUNT, {"own": self._tenant}).scalar_one()

    def newest(self) -> bytes | None:
        """The sealed bytes of the row that is forgotten last."""
        query = sa.select(_H.sealed).where(self._mine).order_by(_H.forget_at.desc()).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def _named(self, transaction_id: str) -> dict[str, object]:
        return {"own": self._tenant, "name": transaction_id}


def _values(row: SealedRow) -> dict[str, object]:
    return {
        "sealed": row.sealed,
        "forget_at": _micros(row.forget_at),
        "tries_left": row.tries_left,
        "answered": row.answered,
    }


def _row(found: sa.Row[tuple[object, ...]]) -> SealedRow:
    held = found._mapping  # noqa: SLF001 - SQLAlchemy's documented name
    return SealedRow(
        sealed=bytes(held["sealed"]),
        forget_at=_EPOCH + held["forget_at"] * _MICROSECOND,
        tries_left=held["tries_left"],
        answered=held["answered"],
    )


def _micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND
