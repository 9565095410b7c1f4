"""Keeping records up to date, what changed in them, and telling a surgery that something is wrong.

The list of who may ask is fetched here when the person says so, never because somebody asks. What
is *not* here: when a record's turn comes, and how a surgery is reached (``service``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.errors import ServiceError, TrustError
from healthpassport.trust.model import TrustView
from wallet.service.outcomes import Outcome

from .page import Page, Seen
from .words import msg

MAX_WORDS: Final = 4000  # characters; the service says itself what is too long
# What the person can mend, or must know, beside the field.
BESIDE: Final = {
    "report.words": msg("Say in your own words what is wrong, not too long."),
    "report.wrong_record": msg(
        "The surgery did not give you this record. You can change your own words."
    ),
    "wallet.no_way_back": msg("The surgery takes no notes from here. Ring them."),
}

router = APIRouter()


@router.get("/updates")
def updates(page: Seen) -> Response:
    """What is due, and what newer records said otherwise."""
    found = page.wallet.updates
    return page.show(
        "updates/updates.html",
        due=found.due(),
        notes=found.changes(),
        unread=bool(found.changes(unread=True)),
        listed=_listed(page),
        waiting=page.wallet.waiting.list(),
    )


@router.post("/waiting")
def look_again(page: Seen) -> Response:
    """Ask again for what surgeries have not finished."""
    return _done(page, page.wallet.waiting.look())


@router.post("/waiting/{record_id}/forget")
def wait_no_longer(page: Seen, record_id: str) -> Response:
    """Take one off the list."""
    page.wallet.waiting.forget(record_id)
    return page.go("/updates")


@router.post("/updates")
def refresh(page: Seen, do: Annotated[str, Form(max_length=8)] = "") -> Response:
    """Bring all records up to date, or the list of who may ask; or say that the notes are read."""
    if do == "read":
        page.wallet.updates.mark_read()
        return page.go("/updates")
    if do == "list":
        page.wallet.update_trust()
        return page.go("/updates")
    return _done(page, page.wallet.updates.refresh())


@router.get("/updated/{key}")
def updated(page: Seen, key: str) -> Response:
    """How it went, surgery by surgery."""
    found = page.visit.opened(key).value
    if not isinstance(found, tuple) or not all(isinstance(one, Outcome) for one in found):
        raise ServiceError("wallet.page_unknown")
    return page.show("updates/updated.html", outcomes=found)


@router.get("/records/{record_id}/wrong")
def wrong(page: Seen, record_id: str) -> Response:
    """Say what is wrong in a record."""
    kept = page.kept() or {}
    return _wrong(page, record_id, words=(kept.get("words") or ("",))[0])


@router.post("/records/{record_id}/wrong")
def report(
    page: Seen, record_id: str, words: Annotated[str, Form(max_length=MAX_WORDS)] = ""
) -> Response:
    """Tell the surgery."""
    try:
        page.wallet.reports.report(record_id, words)
    except ServiceError as error:
        if error.code not in BESIDE:
            raise
        return _wrong(page, record_id, words=words, told=BESIDE[error.code])
    return page.go("/reports")


@router.get("/reports")
def reports(page: Seen) -> Response:
    """What the owner told surgeries, and what they answered."""
    return page.show("updates/reports.html", reports=page.wallet.reports.list())


@router.post("/reports")
def ask_for_answers(page: Seen) -> Response:
    """Send what waits, and look for answers."""
    return _done(page, page.wallet.reports.update())


@router.post("/reports/{report_id}/forget")
def forget(page: Seen, report_id: str) -> Response:
    """Delete a note that was answered, or that never left."""
    page.wallet.reports.forget(report_id)
    return page.go("/reports")


def _done(page: Page, outcomes: tuple[Outcome, ...]) -> Response:
    return page.go(f"/updated/{page.visit.open(outcomes)}")


def _wrong(page: Page, record_id: str, *, words: str, told: str = "") -> Response:
    return page.show(
        "updates/wrong.html",
        status=400 if told else 200,
        record=page.wallet.show(record_id).view,
        words=words,
        wrong=page.words(told),
    )


def _listed(page: Page) -> TrustView | None:
    """The list of who may ask as it stands here; None where there is none that can be used."""
    try:
        return page.wallet.trust()
    except TrustError:
        return None
