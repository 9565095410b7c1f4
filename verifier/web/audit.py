"""The auditor's pages: the audit trail by day, event and person, and all of it as a file.

Rules: reading the trail is written into it; nothing clinical is here, because nothing clinical
stands there. What is *not* here: who may (``access``), and the words of a line (``audit_words``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from healthpassport.uk_time import uk_midnight
from verifier.service.audit_events import EVENTS
from verifier.service.audit_export import exported
from verifier.service.card_readings import PAGE
from verifier.store import Wanted

from .access import Service
from .audit_words import EVENT_WORDS, audit_line
from .languages import words_of
from .rendering import page

LINES: Final = 100  # of a page
MAX_TYPED: Final = 200
JSON_LINES: Final = "application/jsonl"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are asked for; ``wrong`` where the day is none."""

    day: str
    wanted: Wanted
    wrong: bool


def asked(
    day: Annotated[str, Query(max_length=MAX_TYPED)] = "",
    event: Annotated[str, Query(max_length=MAX_TYPED)] = "",
    person: Annotated[str, Query(max_length=MAX_TYPED)] = "",
    before: Annotated[int, Query(ge=0)] = 0,
) -> Asked:
    """What the form asks for; an event that is none asks for every event."""
    since, wrong = _day(day.strip())
    wanted = Wanted(
        since=since,
        until=since + timedelta(days=1) if since else None,
        event=event if event in EVENTS else "",
        person=person.strip(),
        before=before,
    )
    return Asked(day, wanted, wrong)


router = APIRouter(prefix="/audit")


@router.get("")
def look(request: Request, desk: Service, form: Annotated[Asked, Depends(asked)]) -> HTMLResponse:
    """The latest lines of those asked for; older ones behind a link."""
    wanted = form.wanted
    found = () if form.wrong else desk.audit.find(wanted, limit=LINES)
    desk.audit.write("trail.read", who=desk.at(PAGE))
    say = words_of(request)
    html = page(
        request,
        "audit.html",
        lines=[audit_line(sealed, say) for sealed in found],
        events=[(name, say(words)) for name, words in EVENT_WORDS.items()],
        chosen={"day": form.day, "event": wanted.event, "person": wanted.person},
        wrong=form.wrong,
        older=found[-1].seq if len(found) == LINES else 0,
    )
    return HTMLResponse(html, status_code=400 if form.wrong else 200)


@router.post("/export")
def export(desk: Service) -> StreamingResponse:
    """The whole trail, signed at the end; that it was exported is its last entry."""
    lines = exported(desk.audit, who=desk.at(PAGE))
    headers = {"content-disposition": 'attachment; filename="audit-trail.jsonl"'}
    return StreamingResponse(lines, media_type=JSON_LINES, headers=headers)


def _day(typed: str) -> tuple[datetime | None, bool]:
    """The beginning of a day as it was typed; and whether it is none."""
    if not typed:
        return None, False
    try:
        return uk_midnight(date.fromisoformat(typed)), False
    except ValueError:
        return None, True
