"""The audit trail's entries, one after the other, and the signed heads that count them.

Rules: the row of the trail is locked before an entry is numbered, so that no two writers, threads
or processes, can follow the same entry; (tenant, number) is unique besides; an entry joins the
transaction of the step that it tells of. What is *not* here: what an entry says, how it is hashed,
and whether the chain holds (``service.audit``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from healthpassport.audit import KeptHead, Place, Sealed
from healthpassport.errors import ServiceError

from .tables import AUDIT, AUDIT_HEADS, AUDIT_TRAILS
from .together import together

PAGE: Final = 1000  # entries read at once
_A = AUDIT.c
_H = AUDIT_HEADS.c
_T = AUDIT_TRAILS.c
# The three statements of every entry, made once: making them anew costs more than running them.
_OWN: Final = _T.tenant == sa.bindparam("own")
_STEP: Final = (
    sa.update(AUDIT_TRAILS).where(_OWN).values(seq=_T.seq + 1).returning(_T.trail, _T.seq, _T.hash)
)
_ADD: Final = sa.insert(AUDIT)
_LAST: Final = sa.update(AUDIT_TRAILS).where(_OWN).values(hash=sa.bindparam("last"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for; what is empty is not asked."""

    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    person: str = ""
    before: int = 0


class AuditEntries:
    """The trail of one tenant; every call may fail as ``ServiceError`` (``audit.not_written``)."""

    def __init__(self, engine: sa.Engine, tenant: str) -> None:
        self._engine = engine
        self.tenant = tenant

    def together(self) -> AbstractContextManager[sa.Connection]:
        """One transaction for a step and the entry about it."""
        return together(self._engine)

    def begin(self, trail: str, first: str) -> bool:
        """Make the trail where there is none; ``first`` is what its first entry follows."""
        row = sa.insert(AUDIT_TRAILS).values(tenant=self.tenant, trail=trail, seq=0, hash=first)
        try:
            with self._engine.begin() as connection:
                if self._place(connection) is not None:
                    return False
                connection.execute(row)
        except sa.exc.IntegrityError:
            return False  # another process was first
        except SQLAlchemyError as error:
            raise ServiceError("audit.not_written") from error
        return True

    def append(self, seal: Callable[[Place], Sealed]) -> Sealed | None:
        """Keep what ``seal`` makes for the next place; None where the trail was never begun."""
        own = {"own": self.tenant}
        try:
            with self.together() as connection:
                found = connection.execute(_STEP, own).one_or_none()
                if found is None:
                    return None
                sealed = seal(Place(*found))
                connection.execute(_ADD, _row(sealed, self.tenant))
                connection.execute(_LAST, {**own, "last": sealed.hash})
        except SQLAlchemyError as error:
            raise ServiceError("audit.not_written") from error
        return sealed

    def last(self) -> Place | None:
        """The trail, and number and hash of its last entry; None where there is no trail."""
        with together(self._engine) as connection:
            return self._place(connection)

    def all(self) -> Iterator[Sealed]:
        """Every entry by its number, read in parts; what is written meanwhile may be among them."""
        after = -1
        while True:
            query = sa.select(AUDIT).where(_A.tenant == self.tenant, _A.seq > after)
            with together(self._engine) as connection:
                rows = connection.execute(query.order_by(_A.seq).limit(PAGE)).all()
            yield from map(_sealed, rows)
            if len(rows) < PAGE:
                return
            after = rows[-1].seq

    def find(self, wanted: Wanted, *, limit: int = 200) -> tuple[Sealed, ...]:
        """The latest entries of those wanted, the newest first."""
        query = sa.select(AUDIT).where(_A.tenant == self.tenant)
        if wanted.since is not None:
            query = query.where(_A.at >= int(wanted.since.timestamp()))
        if wanted.until is not None:
            query = query.where(_A.at < int(wanted.until.timestamp()))
        if wanted.event:
            query = query.where(_A.event == wanted.event)
        if wanted.person:
            query = query.where(_A.person == wanted.person)
        if wanted.before:
            query = query.where(_A.seq < wanted.before)
        with together(self._engine) as connection:
            rows = connection.execute(query.order_by(_A.seq.desc()).limit(limit)).all()
        return tuple(map(_sealed, rows))

    def keep_head(self, head: KeptHead) -> None:
        """Keep a signed head in place of an earlier one over the same entries."""
        values = {"seq": head.seq, "at": _seconds(head.at), "token": head.token, "base": head.base}
        try:
            with self.together() as connection:
                self._hold(connection)
                gone = sa.delete(AUDIT_HEADS).where(
                    _H.tenant == self.tenant, _H.seq == head.seq, _H.base == head.base
                )
                connection.execute(gone)
                connection.execute(sa.insert(AUDIT_HEADS).values(tenant=self.tenant, **values))
        except SQLAlchemyError as error:
            raise ServiceError("audit.not_written") from error

    def heads(self) -> tuple[KeptHead, ...]:
        """Every head that is kept, by number."""
        query = sa.select(AUDIT_HEADS).where(_H.tenant == self.tenant)
        with together(self._engine) as connection:
            rows = connection.execute(query.order_by(_H.seq, _H.base)).all()
        return tuple(KeptHead(r.seq, _moment(r.at), r.token, bool(r.base)) for r in rows)

    def last_before(self, moment: datetime) -> Sealed | None:
        """The entry behind which the first one of ``moment`` or later stands."""
        at = int(moment.timestamp())
        later = sa.select(sa.func.min(_A.seq)).where(_A.tenant == self.tenant, _A.at >= at)
        with together(self._engine) as connection:
            first = connection.execute(later).scalar_one()
            if first is None:
                return None
            query = sa.select(AUDIT).where(_A.tenant == self.tenant, _A.seq == first - 1)
            row = connection.execute(query).one_or_none()
        return None if row is None else _sealed(row)

    def cut(self, base: KeptHead) -> int:
        """Let go of all entries up to ``base``, which stays in their place; how many they were."""
        old = sa.delete(AUDIT).where(_A.tenant == self.tenant, _A.seq <= base.seq)
        heads = sa.delete(AUDIT_HEADS).where(_H.tenant == self.tenant, _H.seq <= base.seq)
        try:
            with self.together() as connection:
                self._hold(connection)
                connection.execute(heads)
                self.keep_head(base)
                return connection.execute(old).rowcount
        except SQLAlchemyError as error:
            raise ServiceError("audit.not_written") from error

    def _hold(self, connection: sa.Connection) -> None:
        """Let no other writer to this trail until the transaction ends."""
        row = sa.update(AUDIT_TRAILS).where(_T.tenant == self.tenant)
        connection.execute(row.values(seq=_T.seq))

    def _place(self, connection: sa.Connection) -> Place | None:
        query = sa.select(AUDIT_TRAILS).where(_T.tenant == self.tenant)
        found = connection.execute(query).one_or_none()
        return None if found is None else Place(found.trail, found.seq, found.hash)


def _row(sealed: Sealed, tenant: str) -> dict[str, object]:
    return {
        "tenant": tenant,
        "seq": sealed.seq,
        "at": _seconds(sealed.at),
        "event": sealed.event,
        "person": sealed.person,
        "entry": sealed.entry,
        "hash": sealed.hash,
    }


def _sealed(row: sa.Row[tuple[object, ...]]) -> Sealed:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name
    return Sealed(
        seq=found["seq"],
        at=_moment(found["at"]),
        event=found["event"],
        person=found["person"],
        entry=found["entry"],
        hash=found["hash"],
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
