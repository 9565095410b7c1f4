"""What can be done with a transaction, each in one statement.

Rules: a ``Store`` is bound to one organisation, and every statement names it; ``tenant_of``,
``tenant_of_code`` and ``sweep`` alone look across. What is *not* here: who an organisation is
(``service``).
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate

from healthpassport.errors import ServiceError
from verifier.settings import MAIN

from .audit import AuditEntries
from .changes import POSTGRESQL, Changes
from .held import HeldRows
from .key_uses import KeyUses
from .receipts import ReceiptNotes
from .staff import StaffRows
from .tables import TRANSACTIONS
from .together import reading, together
from .webhooks import Outbox

KEEP: Final = timedelta(days=1)  # "today's list"; nothing of a transaction is kept longer

_T = TRANSACTIONS.c
# The statements of every presentation, made once: making one anew costs more than running it.
_OWN: Final = _T.tenant == sa.bindparam("own")
_BY_HANDLE: Final = sa.select(TRANSACTIONS).where(_OWN, _T.handle == sa.bindparam("name"))
_OF_DESK: Final = sa.select(TRANSACTIONS).where(
    _OWN, _T.id == sa.bindparam("name"), _T.desk == sa.bindparam("caller")
)
_STALE: Final = sa.delete(TRANSACTIONS).where(_OWN, _T.created_at < sa.bindparam("before"))
_ADD: Final = sa.insert(TRANSACTIONS)
_FETCHED: Final = (
    sa.update(TRANSACTIONS)
    .where(_OWN, _T.handle == sa.bindparam("name"), _T.progress == "waiting")
    .values(progress="fetched", fetched_at=sa.bindparam("moment"))
    .returning(_T.id)
)
_SETTLED: Final = (
    sa.update(TRANSACTIONS)
    .where(
        _OWN,
        _T.handle == sa.bindparam("name"),
        _T.progress.in_(("waiting", "fetched")),
        _T.expires_at > sa.bindparam("moment"),
    )
    .values(
        progress=sa.bindparam("ended"),
        code=sa.bindparam("why"),
        closed_at=sa.bindparam("moment"),
    )
    .returning(_T.id)
)
_FINISHED: Final = (
    sa.update(TRANSACTIONS)
    .where(_OWN, _T.id == sa.bindparam("name"))
    .values(progress=sa.bindparam("ended"), code=sa.bindparam("why"))
    .returning(_T.id)
)


@dataclass(frozen=True, slots=True)
class Row:
    """One transaction. ``id`` is the desk's secret, ``handle`` stands in what wallets see."""

    id: str
    handle: str
    desk: str
    short_code: str
    template: str
    nonce: str
    state: str
    progress: str
    created_at: datetime
    expires_at: datetime
    code: str | None = None


class Store:
    """The transactions of all desks of one organisation; ``for_tenant`` gives another's."""

    def __init__(
        self, engine: sa.Engine, tenant: str = MAIN, *, changes: Changes | None = None
    ) -> None:
        self._engine = engine
        self._mine = _T.tenant == tenant
        self.tenant = tenant
        self.changes = changes or Changes(engine)
        self.held = HeldRows(engine, tenant)
        self.receipts = ReceiptNotes(engine, tenant)
        self.key_uses = KeyUses(engine, tenant)
        self.staff = StaffRows(engine, tenant)
        self.webhooks = Outbox(engine, tenant)
        self.audit = AuditEntries(engine, tenant)

    def for_tenant(self, tenant: str) -> Store:
        """The same database, seen by that organisation alone."""
        return Store(self._engine, tenant, changes=self.changes)

    @property
    def reaches_others(self) -> bool:
        """Whether it is made for several processes."""
        return self._engine.dialect.name == POSTGRESQL

    def together(self) -> AbstractContextManager[sa.Connection]:
        """One database transaction over the steps within."""
        return together(self._engine)

    def add(self, row: Row) -> None:
        """Keep a new transaction, and let go of those that are older than ``KEEP``."""
        stale = int((row.created_at - KEEP).timestamp())
        with together(self._engine) as connection:
            connection.execute(_STALE, {"own": self.tenant, "before": stale})
            connection.execute(_ADD, _values(row, self.tenant))

    def of_desk(self, transaction_id: str, *, desk: str) -> Row:
        """The transaction of that desk; ``not_found`` for any other, also another desk's."""
        found = self._one(_OF_DESK, name=transaction_id, caller=desk)
        if found is None:
            raise ServiceError("not_found")
        return found

    def by_handle(self, handle: str) -> Row:
        """The transaction that a wallet names; ``transaction.unknown`` if there is none."""
        found = self._one(_BY_HANDLE, name=handle)
        if found is None:
            raise ServiceError("transaction.unknown")
        return found

    def by_short_code(self, short_code: str) -> Row:
        """The transaction with the code on the screen; ``transaction.unknown`` if there is none."""
        query = sa.select(TRANSACTIONS).where(_OWN, _T.short_code == sa.bindparam("name"))
        found = self._one(query, name=short_code)
        if found is None:
            raise ServiceError("transaction.unknown")
        return found

    def mark_fetched(self, handle: str, *, now: datetime) -> None:
        """Note that a wallet has read the request; reading it again changes nothing."""
        self._change(_FETCHED, name=handle, moment=int(now.timestamp()))

    def settle(self, handle: str, *, progress: str, code: str | None, now: datetime) -> bool:
        """End an open transaction with one answer; False when another answer had it already.

        One conditional UPDATE: the database lets one writer of a row through at a time, so exactly
        one wins.
        """
        moment = int(now.timestamp())
        return self._change(_SETTLED, name=handle, ended=progress, why=code, moment=moment) == 1

    def finish(self, transaction_id: str, *, progress: str, code: str | None = None) -> None:
        """Say how a transaction ended; the nonce's work is done."""
        self._change(_FINISHED, name=transaction_id, ended=progress, why=code)

    def lose_open(self) -> int:
        """End what an earlier run left open: its keys were in that run's memory alone."""
        change = sa.update(TRANSACTIONS).where(
            self._mine,
            _T.progress.in_(("waiting", "fetched", "answering", "confirming", "answered")),
        )
        return self._execute(change.values(progress="expired", code="transaction.expired"))

    def recent(self, *, desk: str, limit: int = 50) -> tuple[Row, ...]:
        """The desk's latest transactions, newest first."""
        query = sa.select(TRANSACTIONS).where(self._mine, _T.desk == desk)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_T.created_at.desc()).limit(limit)).all()
        return tuple(_row(row) for row in rows)

    def check(self) -> None:
        """Fail where the database cannot be read."""
        with reading(self._engine) as connection:
            connection.execute(sa.select(_T.id).where(self._mine).limit(1))

    def tenant_of(self, handle: str, *, among: Collection[str]) -> str | None:
        """Which organisation of ``among`` has the transaction that a wallet names; None for none.

        Looks across organisations, since a wallet has a handle and knows no organisation.
        """
        query = sa.select(_T.tenant).where(_T.tenant.in_(sorted(among)), _T.handle == handle)
        with reading(self._engine) as connection:
            return connection.execute(query).scalars().one_or_none()

    def tenant_of_code(self, short_code: str, *, among: Collection[str]) -> str | None:
        """The same for the code on a screen; None also where two have that code by chance."""
        query = sa.select(_T.tenant).where(
            _T.tenant.in_(sorted(among)), _T.short_code == short_code
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).scalars().all()
        return found[0] if len(found) == 1 else None

    def sweep(self, now: datetime) -> int:
        """Let go of what is older than ``KEEP``, also of organisations that are served no more."""
        stale = sa.delete(TRANSACTIONS).where(_T.created_at < int((now - KEEP).timestamp()))
        return self._execute(stale)

    def close(self) -> None:
        """Close every connection."""
        self.changes.close()
        self._engine.dispose()

    def _one(self, query: sa.Select[Any], **names: str) -> Row | None:
        with reading(self._engine) as connection:
            row = connection.execute(query, {"own": self.tenant, **names}).one_or_none()
        return None if row is None else _row(row)

    def _change(self, statement: ReturningUpdate[Any], **values: str | int | None) -> int:
        """Change rows, and wake whoever waits for them."""
        with together(self._engine) as connection:
            found = connection.execute(statement, {"own": self.tenant, **values})
            changed = found.scalars().all()
            for name in changed:
                self.changes.note(connection, self.tenant, name)
        return len(changed)

    def _execute(self, statement: sa.Update | sa.Delete) -> int:
        with together(self._engine) as connection:
            return connection.execute(statement).rowcount


def _values(row: Row, tenant: str) -> dict[str, object]:
    return {
        "tenant": tenant,
        "id": row.id,
        "handle": row.handle,
        "desk": row.desk,
        "short_code": row.short_code,
        "template": row.template,
        "nonce": row.nonce,
        "state": row.state,
        "progress": row.progress,
        "created_at": int(row.created_at.timestamp()),
        "expires_at": int(row.expires_at.timestamp()),
    }


def _row(row: sa.Row[tuple[object, ...]]) -> Row:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name
    return Row(
        id=found["id"],
        handle=found["handle"],
        desk=found["desk"],
        short_code=found["short_code"],
        template=found["template"],
        nonce=found["nonce"],
        state=found["state"],
        progress=found["progress"],
        created_at=datetime.fromtimestamp(found["created_at"], UTC),
        expires_at=datetime.fromtimestamp(found["expires_at"], UTC),
        code=found["code"],
    )
