"""The auditor's page: the audit trail by day, event, person and subject, and all of it as a file.

Rules: reading the trail is written into it; nothing clinical is here, because nothing clinical
stands there; what is looked for is typed into a form that posts, so that an NHS number stands in no
address. What is *not* here: who may (``access``), and the words of a line (``audit_words``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from healthpassport.audit import Sealed
from healthpassport.uk_time import uk_midnight
from issuer.service import audit_keeping
from issuer.service.audit_events import EVENTS
from issuer.service.console import Console
from issuer.service.console.staff import Action, StaffMember, require
from issuer.service.console.trail import actor
from issuer.store import Wanted

from .access import Member, Service
from .audit_words import EVENT_WORDS, audit_line
from .languages import words_of
from .rendering import page

LINES: Final = 100  # of a page
MAX_TYPED: Final = 200
JSON_LINES: Final = "application/jsonl"
Text = Annotated[str, Form(max_length=MAX_TYPED)]

router = APIRouter(prefix="/audit")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for, as it was typed; what is empty is not asked."""

    day: str = ""
    event: str = ""
    person: str = ""
    about: str = ""
    before: int = 0

    def wanted(self, console: Console) -> Wanted | None:
        """Which entries; None where the day is none. An event that is none asks for every one."""
        since = _day(self.day.strip())
        if since is None and self.day.strip():
            return None
        about = self.about.strip()
        return Wanted(
            since=since,
            until=None if since is None else since + timedelta(days=1),
            event=self.event if self.event in EVENTS else "",
            person=self.person.strip(),
            about=console.issuer.audit.about(about) if about else "",
            before=self.before,
        )


@router.get("")
def look(request: Request, console: Service, who: Member) -> HTMLResponse:
    """The latest lines."""
    return _page(request, console, who, Asked())


@router.post("")
def search(
    request: Request,
    console: Service,
    who: Member,
    *,
    day: Text = "",
    event: Text = "",
    person: Text = "",
    about: Text = "",
    before: Annotated[int, Form(ge=0)] = 0,
) -> HTMLResponse:
    """The latest lines of those asked for; older ones behind a button."""
    return _page(request, console, who, Asked(day, event, person, about, before))


@router.post("/export")
def export(console: Service, who: Member) -> StreamingResponse:
    """The whole trail, signed at the end; that it was exported is its last entry."""
    require(who, Action.AUDIT)
    lines = audit_keeping.exported(console.issuer, who=actor(console.issuer, who))
    headers = {"content-disposition": 'attachment; filename="audit-trail.jsonl"'}
    return StreamingResponse(lines, media_type=JSON_LINES, headers=headers)


def _page(request: Request, console: Console, who: StaffMember, asked: Asked) -> HTMLResponse:
    require(who, Action.AUDIT)
    issuer, say, wanted = console.issuer, words_of(request), asked.wanted(console)
    found: tuple[Sealed, ...] = ()
    if wanted is not None:
        by = actor(issuer, who)
        found = audit_keeping.found(issuer, wanted, who=by, limit=LINES)
    html = page(
        request,
        "keeping/audit.html",
        lines=[audit_line(sealed, say) for sealed in found],
        events=[(name, say(words)) for name, words in EVENT_WORDS.items()],
        asked=asked,
        wrong=wanted is None,
        older=found[-1].seq if len(found) == LINES else 0,
    )
    return HTMLResponse(html, status_code=400 if wanted is None else 200)


def _day(typed: str) -> datetime | None:
    """The beginning of a day as it was typed; None where it is none."""
    try:
        return uk_midnight(date.fromisoformat(typed))
    except ValueError:
        return None
