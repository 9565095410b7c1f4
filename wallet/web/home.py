"""The first page: one big way to answer a hospital, and the records that are held.

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
    found = page.wallet.updates
    return page.show(
        "home/home.html",
        records=page.wallet.records(),
        due=len(found.due()),
        unread=len(found.changes(unread=True)),
    )
