"""Rows whose time is over, deleted a few at a time (docs/keeping.md).

Rules: what refers to a row goes first, so that nothing refers to what is gone; a mark in a status
list outlives its entry, since no list takes a withdrawal back; of a line of grants, and of an offer
with what was issued for it, all goes or nothing. Each call is part of one short transaction, and
rows that another one holds are left for the next. What is *not* here: when a time is over
(``issuer.service.keeping``), jobs, reports and values used once, which their own modules forget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, or_, select, tuple_

from .deferral_tables import deferrals
from .deferrals import OPEN
from .grants import GrantState
from .job_tables import bulk_lines, bulks, jobs, reminders
from .jobs import JobState
from .locking import add_new, locked
from .offers import OfferState
from .sign_in_tables import attested_grants, identity_checks
from .staff_tables import handed, staff_sessions, staff_sign_ins
from .status_tables import status_marks
from .tables import (
    answers,
    bitstring_entries,
    grants,
    issuances,
    offer_records,
    offers,
    status_entries,
)

_DAY: Final = 86_400  # seconds
_ENDED: Final = (OfferState.DONE, OfferState.BURNED, OfferState.EXPIRED, OfferState.CANCELLED)


def forget_issuances(connection: Connection, *, before: int, limit: int) -> int:
    """Forget at most ``limit`` issuances that expired before ``before``; how many."""
    old = select(issuances.c.id).where(issuances.c.expires_at < before)
    query = locked(connection, old.order_by(issuances.c.expires_at).limit(limit), others_pass=True)
    found = tuple(connection.execute(query).scalars())
    drop_issuances(connection, found)
    return len(found)


def drop_issuances(connection: Connection, ids: Sequence[str]) -> None:
    """Delete these issuances; what their entries said stays as marks."""
    if not ids:
        return
    for kind, entries, status in _ENTRIES:
        mine = delete(entries).where(entries.c.issuance.in_(ids))
        gone = connection.execute(mine.returning(entries.c.list, entries.c.idx, status))
        marks = [
            {"kind": kind, "list": number, "idx": index, "status": int(said)}
            for number, index, said in gone
            if said
        ]
        if marks:
            add_new(connection, status_marks, marks)
    connection.execute(delete(answers).where(answers.c.issuance.in_(ids)))
    connection.execute(delete(issuances).where(issuances.c.id.in_(ids)))


def ended_offers(
    connection: Connection, *, before: int, after: tuple[int, str] | None, limit: int
) -> tuple[tuple[int, str], ...]:
    """At most ``limit`` offers that nobody needs, as (end, id), behind ``after`` in this order."""
    query = select(offers.c.expires_at, offers.c.id).where(_over(before))
    if after is not None:
        query = query.where(tuple_(offers.c.expires_at, offers.c.id) > after)
    query = query.order_by(offers.c.expires_at, offers.c.id).limit(limit)
    return tuple((row.expires_at, row.id) for row in connection.execute(query))


def forget_offers(connection: Connection, ids: Sequence[str], *, before: int) -> int:
    """Forget those of these offers that nobody needs; how many."""
    query = select(offers.c.id).where(offers.c.id.in_(ids), _over(before))
    found = tuple(connection.execute(locked(connection, query, others_pass=True)).scalars())
    drop_offers(connection, found)
    return len(found)


def drop_offers(connection: Connection, ids: Sequence[str]) -> None:
    """Delete these offers with everything that refers to them but issuances."""
    if not ids:
        return
    for table in (offer_records, identity_checks, handed, deferrals):
        connection.execute(delete(table).where(table.c.offer.in_(ids)))
    connection.execute(delete(offers).where(offers.c.id.in_(ids)))


def forget_grants(connection: Connection, *, before: int, limit: int) -> int:
    """Forget at most ``limit`` grants of lines that ended and of which nothing is left."""
    over = _grant_over(grants, before)
    line = grants.alias()
    going_on = exists().where(line.c.root == grants.c.root, ~_grant_over(line, before))
    collected = exists().where(offers.c.grant == line.c.id, line.c.root == grants.c.root)
    query = select(grants.c.id).where(over, ~going_on, ~collected).limit(limit)
    found = tuple(connection.execute(locked(connection, query, others_pass=True)).scalars())
    drop_grants(connection, found)
    return len(found)


def drop_grants(connection: Connection, ids: Sequence[str]) -> None:
    """Delete these grants, and what was noted of their lines once nothing is left of them."""
    if not ids:
        return
    roots = select(grants.c.root).where(grants.c.id.in_(ids)).distinct()
    known = tuple(connection.execute(roots).scalars())
    connection.execute(delete(reminders).where(reminders.c.grant.in_(ids)))
    connection.execute(delete(grants).where(grants.c.id.in_(ids)))
    left = exists().where(grants.c.root == attested_grants.c.root)
    gone = attested_grants.c.root.in_(known) & ~left
    connection.execute(delete(attested_grants).where(gone))


def forget_bulks(connection: Connection, *, before: int, limit: int) -> int:
    """Forget lines of runs whose offers are over, and runs without a line; how many rows."""
    over = bulks.c.ended_at + bulks.c.days * _DAY < before
    some = (
        select(bulk_lines.c.bulk, bulk_lines.c.line)
        .join(bulks, bulks.c.id == bulk_lines.c.bulk)
        .where(over)
        .limit(limit)
    )
    found = connection.execute(some).all()
    for row in found:
        this = (bulk_lines.c.bulk == row.bulk) & (bulk_lines.c.line == row.line)
        connection.execute(delete(bulk_lines).where(this))
    if found:
        return len(found)
    lines = exists().where(bulk_lines.c.bulk == bulks.c.id)
    return connection.execute(delete(bulks).where(over, ~lines)).rowcount


def forget_small(connection: Connection, *, now: int, before: int) -> None:
    """Forget jobs that failed for good before ``before``, and sign-ins of staff that ended."""
    dead = (jobs.c.state == JobState.DEAD.value) & (jobs.c.ended_at < before)
    connection.execute(delete(jobs).where(dead))
    connection.execute(delete(staff_sessions).where(staff_sessions.c.ends_at <= now))
    connection.execute(delete(staff_sign_ins).where(staff_sign_ins.c.ends_at <= now))


def oldest_expiry(connection: Connection) -> int | None:
    """When the first of all issuances that are kept expires or expired."""
    query = select(issuances.c.expires_at).order_by(issuances.c.expires_at).limit(1)
    return connection.execute(query).scalar()


_ENTRIES: Final[tuple[tuple[str, Table, ColumnElement[Any]], ...]] = (
    ("token", status_entries, status_entries.c.status),
    ("bitstring", bitstring_entries, bitstring_entries.c.marked),
)


def _grant_over(table: Any, before: int) -> ColumnElement[bool]:  # noqa: ANN401 - a table or alias
    return and_(table.c.state != GrantState.ACTIVE.value, table.c.expires_at < before)


def _over(before: int) -> ColumnElement[bool]:
    """Which offers ended before ``before`` and are needed for nothing else.

    The offer that a line of grants began with is what the practice knows the line by.
    """
    issued = exists().where(issuances.c.offer == offers.c.id)
    waiting = exists().where(deferrals.c.offer == offers.c.id, deferrals.c.state.in_(OPEN))
    mine, line = grants.alias(), grants.alias()
    going_on = exists().where(
        mine.c.id == offers.c.grant, line.c.root == mine.c.root, ~_grant_over(line, before)
    )
    later = offers.c.expires_at == offers.c.created_at  # a later collection was never offered
    return and_(
        offers.c.state.in_([state.value for state in _ENDED]),
        offers.c.expires_at < before,
        ~issued,
        ~waiting,
        or_(offers.c.grant.is_(None), later, ~going_on),
    )
