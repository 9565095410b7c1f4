"""The first page: one big way to answer a hospital, and the records held, each person's apart.

What is *not* here: a record's own page.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from .page import Seen

router = APIRouter()


@router.get("/")
def home(page: Seen) -> Response:
    """Scan a code, or look at a record."""
    wallet = page.wallet
    records, found = wallet.records(), wallet.updates
    groups = [(one, [r for r in records if r.person == one.id]) for one in wallet.people.list()]
    groups = [(one, own) for one, own in groups if own]
    return page.show(
        "home/home.html",
        records=records,
        groups=groups,
        named=len(groups) > 1 or any(not one.mine for one, _ in groups),
        due=len(found.due()),
        backup=wallet.backups.due(),
        waiting=len(wallet.waiting.list()),
        unread=len(found.changes(unread=True)),
    )
