"""Grants whose newest records run out soon, each noted once for each time that it happens."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, func, insert, literal, select

from . import outbox
from .grants import GrantState
from .job_tables import reminders
from .pages import Place
from .tables import grants, issuances, offers


@dataclass(frozen=True, slots=True)
class Reminder:
    """A grant, whose API client made it, and when the newest of its records runs out.

    ``offer`` is the one that the client made, by which it knows whose they are; None for none.
    """

    grant: str
    client: str
    offer: str | None
    expires_at: int
    noted_at: int


def note(connection: Connection, *, now: int, until: int) -> int:
    """Note active grants whose newest record ends after ``now`` and by ``until``; how many new."""
    newest = func.max(issuances.c.expires_at)
    known = select(literal(1)).where(reminders.c.grant == grants.c.id)
    found = (
        select(grants.c.id, grants.c.client, newest, literal(now))
        .join(offers, offers.c.grant == grants.c.id)
        .join(issuances, issuances.c.offer == offers.c.id)
        .where(grants.c.state == GrantState.ACTIVE.value, ~known.exists())
        .group_by(grants.c.id, grants.c.client)
        .having(and_(newest > now, newest <= until))
    )
    columns = ["grant", "client", "expires_at", "noted_at"]
    noted = insert(reminders).from_select(columns, found).returning(reminders.c.grant)
    found_now = tuple(connection.execute(noted).scalars())
    outbox.note_due(connection, found_now)
    return len(found_now)


def due(
    connection: Connection,
    *,
    client: str | None,
    now: int,
    after: Place | None = None,
    limit: int | None = None,
) -> tuple[Reminder, ...]:
    """Reminders that still hold, the soonest first; those behind ``after`` alone."""
    made = (
        select(func.min(offers.c.id))
        .where(offers.c.grant == grants.c.root, offers.c.pin_mac != "")
        .correlate(grants)
        .scalar_subquery()
    )
    query = (
        select(reminders, made.label("offer"))
        .join(grants, grants.c.id == reminders.c.grant)
        .where(reminders.c.expires_at > now)
        .order_by(reminders.c.expires_at, reminders.c.grant)
    )
    if client is not None:
        query = query.where(reminders.c.client == client)
    if after is not None:
        later = reminders.c.expires_at > after.moment
        same = (reminders.c.expires_at == after.moment) & (reminders.c.grant > after.id)
        query = query.where(later | same)
    query = query.limit(limit)
    return tuple(Reminder(**row._mapping) for row in connection.execute(query))  # noqa: SLF001


def forget(connection: Connection, now: int) -> None:
    """Forget what ran out, and what was fetched anew meanwhile."""
    later = (
        select(literal(1))
        .select_from(offers.join(issuances, issuances.c.offer == offers.c.id))
        .where(
            offers.c.grant == reminders.c.grant,
            issuances.c.expires_at > reminders.c.expires_at,
        )
    )
    over = reminders.c.expires_at <= now
    connection.execute(delete(reminders).where(over | later.exists()))
