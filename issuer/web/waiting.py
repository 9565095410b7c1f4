"""Records that wait until a clinician has looked: the list, a look at the notes, release or deny.

Rules: an NHS number goes in a body, never in an address; a record is released only by whoever says
that they looked. What is *not* here: whose record it is (``service.console.releasing``).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import PassportError, ServiceError
from healthpassport.languages import Words, msg
from healthpassport.record_words import record_label
from healthpassport.summary import definition
from issuer.service.console import Console, releasing
from issuer.service.console.cautions import cautions
from issuer.service.console.identity import CHECKS
from issuer.service.console.problem_words import problem_words
from issuer.service.console.releasing import Seen, Waits
from issuer.service.context import utc
from issuer.service.preview import preview
from issuer.service.reading import rules_of
from issuer.service.sign_off import Decision

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import banner, moment

SEE_OTHER: Final = 303
NOT_KNOWN: Final = msg("Not recorded here")
MAX_NUMBER: Final = 40  # characters
# Refusals that are told on the page itself, where the record still waits.
ON_PAGE: Final = frozenset({"console.number", "console.not_theirs", "console.look_first"})

router = APIRouter(prefix="/waiting")


@router.get("", response_class=HTMLResponse)
def listed(request: Request, console: Service, who: Member) -> str:
    """What waits, oldest first."""
    say = words_of(request)
    rows = [_row(one, say) for one in releasing.waiting(console, who)]
    return page(request, "waiting/list.html", rows=rows)


@router.get("/{record}", response_class=HTMLResponse)
def one(request: Request, console: Service, who: Member, record: str) -> str:
    """One of them, before a look."""
    return _page(request, console, releasing.one(console, who, record))


@router.post("/{record}/look")
def look(
    request: Request,
    console: Service,
    who: Member,
    record: str,
    nhs_number: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
) -> HTMLResponse:
    """The notes of the patient, as they stand now."""
    waits = releasing.one(console, who, record)
    try:
        seen = releasing.look(console, who, record, nhs_number=nhs_number)
    except PassportError as error:
        if error.code not in ON_PAGE and not error.code.startswith(("source.", "offer.", "fhir.")):
            raise
        html = _page(request, console, waits, error=error, typed=nhs_number)
        return HTMLResponse(html, status_code=max(error.status, 400))
    return HTMLResponse(_page(request, console, waits, seen=seen))


@router.post("/{record}")
def decide(
    *,
    request: Request,
    console: Service,
    who: Member,
    record: str,
    answer: Annotated[str, Form(max_length=16)] = "",
    looked: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Release it, or deny it."""
    if answer not in set(Decision):
        raise ServiceError("http.invalid", "neither released nor denied")
    try:
        releasing.decide(console, who, record, decision=Decision(answer), looked=looked == "yes")
    except ServiceError as error:
        if error.code not in ON_PAGE:
            raise
        html = _page(request, console, releasing.one(console, who, record), error=error)
        return HTMLResponse(html, status_code=error.status)
    return RedirectResponse("/waiting", status_code=SEE_OTHER)


def _page(
    request: Request,
    console: Console,
    waits: Waits,
    *,
    seen: Seen | None = None,
    error: PassportError | None = None,
    typed: str = "",
) -> str:
    say = words_of(request)
    problem = problem_words(error.code, say) if error else None
    shown = _shown(console, waits, seen, say) if seen else {}
    return page(
        request, "waiting/one.html", row=_row(waits, say), problem=problem, typed=typed, **shown
    )


def _shown(console: Console, waits: Waits, seen: Seen, say: Words) -> dict[str, Any]:
    """The record that waits, as it would be made of the notes now."""
    rules, now = rules_of(console.issuer.settings), console.issuer.clock()
    found = preview(seen.reading, rules=rules, now=now, say=say)["records"]
    records = found if isinstance(found, list) else []
    name = _type_of(waits)
    mine = [one for one in records if isinstance(one, dict) and one.get("type") == name]
    return {
        "banner": banner(seen.person, say),
        "looked": True,
        "record": mine[0] if mine else None,
        "cautions": cautions(seen.reading, say),
    }


def _row(waits: Waits, say: Words) -> dict[str, str]:
    record = waits.record
    return {
        "id": record.id,
        "record": record_label(definition(_type_of(waits)), say.language),
        "asked": moment(utc(record.asked_at), say),
        "until": moment(utc(record.expires_at), say),
        "check": say(CHECKS[waits.checked][0] if waits.checked else NOT_KNOWN),
    }


def _type_of(waits: Waits) -> str:
    """The record type, whatever its format."""
    return waits.record.configuration.partition(".")[0]
