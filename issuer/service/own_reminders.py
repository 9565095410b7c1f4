"""Whose records a record system should remind its patients of; nobody is named.

What is *not* here: noting them (``reminders``).
"""

from __future__ import annotations

from issuer.store import reminders as rows
from issuer.store.pages import Place
from issuer.store.reminders import Reminder

from .context import IssuerContext
from .own_offers import Page, next_cursor, place_of


def own_reminders(
    issuer: IssuerContext, *, client: str, cursor: str | None, limit: int
) -> Page[Reminder]:
    """Reminders of offers of ``client``, the soonest first.

    Raises:
        ServiceError: ``api.cursor``.
    """
    after = place_of(cursor)
    with issuer.store.reading() as tx:
        found = rows.due(tx, client=client, now=issuer.now(), after=after, limit=limit + 1)
    places = [Place(one.expires_at, one.grant) for one in found]
    return Page(found[:limit], next_cursor(places, limit))
