"""All rows of one person: what belongs to some offers, found and deleted.

Whoever collected an offer has a line of grants, and what was issued to that line is theirs too. No
row names them: the offers are found by the audit trail. Rules: a mark in a status list outlives its
entry; doing it twice is doing it once, since a database that was restored from a backup does it
again from its journal. What is *not* here: withdrawing first (``issuer.service.forgetting``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update

from .api_tables import webhook_events
from .job_tables import bulk_lines
from .keeping import drop_grants, drop_issuances, drop_offers
from .staff_tables import console_kept
from .tables import grants, issuances, offers, reports


@dataclass(frozen=True, slots=True)
class Held:
    """The ids of everything that belongs to one person; ``roots`` are of lines of grants."""

    offers: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    issuances: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()


def held(connection: Connection, wanted: Collection[str]) -> Held:
    """What belongs to the offers ``wanted``, with all that was collected by the same wallets."""
    first = select(offers.c.grant).where(offers.c.id.in_(wanted), offers.c.grant.is_not(None))
    roots = select(grants.c.root).where(grants.c.id.in_(first)).distinct()
    known = tuple(connection.execute(roots).scalars())
    line = tuple(connection.execute(select(grants.c.id).where(grants.c.root.in_(known))).scalars())
    mine = select(offers.c.id).where(or_(offers.c.id.in_(wanted), offers.c.grant.in_(line)))
    every = tuple(connection.execute(mine).scalars())
    issued = select(issuances.c.id).where(issuances.c.offer.in_(every))
    said = select(reports.c.id).where(reports.c.root.in_(known))
    return Held(
        offers=every,
        grants=line,
        roots=known,
        issuances=tuple(connection.execute(issued).scalars()),
        reports=tuple(connection.execute(said).scalars()),
    )


def offers_of(connection: Connection, issued: Collection[str]) -> tuple[str, ...]:
    """The offers that these issuances are of."""
    query = select(issuances.c.offer).where(issuances.c.id.in_(issued))
    return tuple(connection.execute(query).scalars())


def drop(connection: Connection, mine: Held) -> None:
    """Delete everything of ``mine``; what its entries said stays as marks."""
    drop_issuances(connection, mine.issuances)
    connection.execute(delete(reports).where(reports.c.id.in_(mine.reports)))
    told = (*mine.offers, *mine.issuances, *mine.reports)
    connection.execute(delete(webhook_events).where(webhook_events.c.subject.in_(told)))
    lines = update(bulk_lines).where(bulk_lines.c.offer.in_(mine.offers))
    connection.execute(lines.values(offer=None, result=None))
    # What staff have in hand: link and PIN under the name of their offer, a card under its own.
    in_hand = (*mine.offers, *mine.issuances)
    connection.execute(delete(console_kept).where(console_kept.c.name.in_(in_hand)))
    drop_offers(connection, mine.offers)
    drop_grants(connection, mine.grants)
