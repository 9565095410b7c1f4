"""The audit trail's rows: what waits, the entries one after the other, the signed heads.

Rules: what happened waits in the transaction of the step that it tells of; whoever binds it into
the chain holds the row of the trail, so that no two can follow the same entry. What is *not* here:
what an entry says, how it is hashed, and whether the chain holds (``healthpassport.audit``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from healthpassport.audit import KeptHead, Place, Sealed

from .audit_tables import (
    ABOUT_AT,
    ABOUT_LENGTH,
    MAIN,
    audit,
    audit_heads,
    audit_trails,
    audit_waiting,
)
from .prepared import Prepared

PAGE: Final = 1000  # entries read at once
_WAIT: Final = Prepared(insert(audit_waiting), columns=["happened"])
_OWN: Final = audit_trails.c.name == MAIN


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for; what is empty is not asked. ``about`` is a digest."""

    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    person: str = ""
    about: str = ""
    before: int = 0


def wait(connection: Connection, happened: str) -> None:
    """Let ``happened`` wait to be bound into the chain; one row, and no other is touched."""
    _WAIT.run(connection, {"happened": happened})


def waiting(connection: Connection, limit: int) -> tuple[tuple[int, str], ...]:
    """What waits, with its row's number, the first first."""
    query = select(audit_waiting.c.id, audit_waiting.c.happened).order_by(audit_waiting.c.id)
    return tuple((row.id, row.happened) for row in connection.execute(query.limit(limit)))


def begin(connection: Connection, trail: str, first: str) -> bool:
    """Make the trail where there is none; ``first`` is what its first entry follows."""
    if last(connection) is not None:
        return False
    row = insert(audit_trails).values(name=MAIN, trail=trail, seq=0, hash=first)
    try:
        with connection.begin_nested():
            connection.execute(row)
    except IntegrityError:
        return False  # another process was first
    return True


def hold(connection: Connection) -> Place | None:
    """As ``last``, and nobody else binds an entry until this transaction ends."""
    row = update(audit_trails).where(_OWN).values(seq=audit_trails.c.seq)
    connection.execute(row)
    return last(connection)


def last(connection: Connection) -> Place | None:
    """The trail, and number and hash of its last entry; None where it was never begun."""
    columns = (audit_trails.c.trail, audit_trails.c.seq, audit_trails.c.hash)
    found = connection.execute(select(*columns).where(_OWN)).one_or_none()
    return None if found is None else Place(*found)


def bind(connection: Connection, sealed: Sequence[Sealed], waited: Sequence[int]) -> None:
    """Keep the entries ``sealed``, in order, in place of the rows that waited."""
    connection.execute(insert(audit), [_row(one) for one in sealed])
    connection.execute(delete(audit_waiting).where(audit_waiting.c.id.in_(waited)))
    end = sealed[-1]
    connection.execute(update(audit_trails).where(_OWN).values(seq=end.seq, hash=end.hash))


def page(connection: Connection, after: int, *, limit: int = PAGE) -> tuple[Sealed, ...]:
    """The next entries behind number ``after``."""
    query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    return tuple(_all(connection, query))


def find(connection: Connection, wanted: Wanted, limit: int) -> tuple[Sealed, ...]:
    """The latest entries of those wanted, the newest first."""
    query = select(audit)
    if wanted.since is not None:
        query = query.where(audit.c.at >= _seconds(wanted.since))
    if wanted.until is not None:
        query = query.where(audit.c.at < _seconds(wanted.until))
    if wanted.event:
        query = query.where(audit.c.event == wanted.event)
    if wanted.person:
        query = query.where(audit.c.person == wanted.person)
    if wanted.about:
        told = func.substr(audit.c.entry, ABOUT_AT, ABOUT_LENGTH)
        query = query.where(told == wanted.about)
    if wanted.before:
        query = query.where(audit.c.seq < wanted.before)
    return tuple(_all(connection, query.order_by(audit.c.seq.desc()).limit(limit)))


def keep_head(connection: Connection, head: KeptHead) -> None:
    """Keep a signed head in place of an earlier one over the same entries."""
    same = (audit_heads.c.seq == head.seq) & (audit_heads.c.base == head.base)
    connection.execute(delete(audit_heads).where(same))
    values = {"seq": head.seq, "base": head.base, "at": _seconds(head.at), "token": head.token}
    connection.execute(insert(audit_heads).values(values))


def heads(connection: Connection) -> tuple[KeptHead, ...]:
    """Every head that is kept, by number."""
    query = select(audit_heads).order_by(audit_heads.c.seq, audit_heads.c.base)
    return tuple(
        KeptHead(row.seq, _moment(row.at), row.token, bool(row.base))
        for row in connection.execute(query)
    )


def newest_head(connection: Connection) -> KeptHead | None:
    """The head over the most entries."""
    query = select(audit_heads).order_by(audit_heads.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else KeptHead(row.seq, _moment(row.at), row.token, bool(row.base))


def last_before(connection: Connection, moment: datetime) -> Sealed | None:
    """The entry behind which the first one of ``moment`` or later stands."""
    later = select(func.min(audit.c.seq)).where(audit.c.at >= _seconds(moment))
    first = connection.execute(later).scalar_one()
    if first is None:
        return None
    query = select(audit).where(audit.c.seq == first - 1)
    return next(_all(connection, query), None)


def cut(connection: Connection, base: KeptHead) -> int:
    """Let go of all entries up to ``base``, which stays in their place; how many they were."""
    hold(connection)
    connection.execute(delete(audit_heads).where(audit_heads.c.seq <= base.seq))
    keep_head(connection, base)
    return connection.execute(delete(audit).where(audit.c.seq <= base.seq)).rowcount


def _all(connection: Connection, query: Select[Any]) -> Iterator[Sealed]:
    return (_sealed(row) for row in connection.execute(query))


def _row(sealed: Sealed) -> dict[str, object]:
    return {
        "seq": sealed.seq,
        "at": _seconds(sealed.at),
        "event": sealed.event,
        "person": sealed.person,
        "entry": sealed.entry,
        "hash": sealed.hash,
    }


def _sealed(row: Row[Any]) -> Sealed:
    return Sealed(
        seq=row.seq,
        at=_moment(row.at),
        event=row.event,
        person=row.person,
        entry=row.entry,
        hash=row.hash,
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
