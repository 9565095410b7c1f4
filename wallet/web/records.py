"""One record: what it says in plain words first, then from whom, as of when, and how checked.

What is *not* here: the list of records (``home``).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from healthpassport.summary import definition
from wallet.service import RecordDetail

from .page import Page, Seen

STATED: Final = "PatientStated"  # nobody checks what a person says themselves

router = APIRouter(prefix="/records")


@router.get("/{record_id}")
def record(page: Seen, record_id: str) -> Response:
    """The record in full."""
    return _show(page, "records/record.html", page.wallet.show(record_id))


@router.get("/{record_id}/remove")
def ask(page: Seen, record_id: str) -> Response:
    """Ask once more."""
    return _show(page, "records/remove.html", page.wallet.show(record_id))


@router.post("/{record_id}/remove")
def remove(page: Seen, record_id: str) -> Response:
    """Take the record out of the wallet, with its copies and keys."""
    page.wallet.remove(record_id)
    return page.go("/")


def _show(page: Page, template: str, detail: RecordDetail) -> Response:
    known = definition(detail.view.type)
    # The person's own details come first in a record; on its page, what it is about does.
    about = sum(name in detail.payload for name in known.subject_fields) if known.has_items else 0
    lines = detail.lines
    if detail.view.disputed and not lines[0].label:  # the page says it in its own words
        lines = lines[1:]
    return page.show(
        template,
        record=detail.view,
        lines=lines[about:],
        person=lines[:about],
        stated=detail.view.type == STATED,
        added=detail.view.added_at.date(),
        until=detail.view.expires_at.date(),
    )
