"""Whose records run out soon and have not been fetched anew: for the practice to remind.

A wallet cannot be called; the practice can. Nothing here names a person: a grant's id leads the
practice to whom it made the offer for. What is *not* here: who is told, and how.
"""

from __future__ import annotations

from typing import Final

from issuer.store import reminders as rows
from issuer.store.again import tried_again
from issuer.store.reminders import Reminder

from .context import IssuerContext

AHEAD: Final = 7 * 86_400  # seconds before a record runs out


@tried_again
def note_due(issuer: IssuerContext) -> int:
    """Note each active grant whose newest records run out soon; how many are new."""
    with issuer.store.writing() as tx:
        now = issuer.now()
        rows.forget(tx, now)
        return rows.note(tx, now=now, until=now + AHEAD)


def due(issuer: IssuerContext, *, client: str | None = None) -> tuple[Reminder, ...]:
    """The reminders of one API client or of all, the soonest first."""
    with issuer.store.reading() as tx:
        return rows.due(tx, client=client, now=issuer.now())
