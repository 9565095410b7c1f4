"""What was handed over: today's list, a patient's by their number, and changing what stands.

Rules: lists name nobody and no content; the effect of a change stands in words before it is
confirmed. What is *not* here: the rules (``service.console.standing``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import ServiceError
from healthpassport.status.reference import status_name
from healthpassport.summary import definition
from issuer.service.console import Console
from issuer.service.console.channels import LINK_WORDS, PIN_WORDS, LinkBy, PinBy
from issuer.service.console.identity import CHECKS
from issuer.service.console.problem_words import problem_words
from issuer.service.console.standing import (
    POSSIBLE,
    REASONS,
    change,
    of_patient,
    one,
    standing,
    today,
)
from issuer.service.console.standing_words import (
    CHANGES,
    EFFECTS,
    ISSUED,
    REASON_WORDS,
    STANDINGS,
    TAKE_BACK,
    TAKEN_BACK,
)
from issuer.service.context import utc
from issuer.service.refreshing import type_name
from issuer.service.statuses import Change
from issuer.store.handed import HandedOffer

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import moment

SEE_OTHER: Final = 303

router = APIRouter()


@router.get("/today", response_class=HTMLResponse)
def of_today(request: Request, console: Service, who: Member) -> str:
    """What was handed over in the last day."""
    return page(request, "today.html", lines=_lines(request, console, today(console, who)))


@router.get("/given", response_class=HTMLResponse)
def ask(request: Request) -> str:
    """Whose?"""
    return page(request, "given.html", lines=None, number="", problem=None)


@router.post("/given")
def look(
    request: Request,
    console: Service,
    who: Member,
    nhs_number: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """What was handed to one patient."""
    try:
        found = of_patient(console, who, nhs_number)
    except ServiceError as error:
        if error.code != "console.number":
            raise
        told = problem_words(error.code, words_of(request))
        html = page(request, "given.html", lines=None, number=nhs_number, problem=told)
        return HTMLResponse(html, status_code=400)
    lines = _lines(request, console, found)
    return HTMLResponse(page(request, "given.html", lines=lines, number="", problem=None))


@router.get("/offers/{offer}", response_class=HTMLResponse)
def show(request: Request, offer: str, console: Service, who: Member) -> str:
    """One offer, how it stands, and what can be done to it."""
    return page(request, "offer.html", **_offer(request, console, one(console, who, offer)))


@router.get("/offers/{offer}/change", response_class=HTMLResponse)
def confirm(
    request: Request,
    offer: str,
    console: Service,
    who: Member,
    to: Annotated[str, Query(max_length=16)] = "",
) -> str:
    """What a change would do, in words, and why."""
    found = one(console, who, offer)
    return _confirm(request, console, found, to)


@router.post("/offers/{offer}/change")
def do(
    *,
    request: Request,
    offer: str,
    console: Service,
    who: Member,
    to: Annotated[str, Form(max_length=16)] = "",
    reason: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Change how it stands."""
    try:
        change(console, who, offer, wanted=to, reason=reason)
    except ServiceError as error:
        if error.code != "console.reason":
            raise
        html = _confirm(request, console, one(console, who, offer), to, error=error)
        return HTMLResponse(html, status_code=400)
    return RedirectResponse(f"/offers/{offer}", status_code=SEE_OTHER)


def _confirm(
    request: Request,
    console: Console,
    found: HandedOffer,
    to: str,
    *,
    error: ServiceError | None = None,
) -> str:
    say = words_of(request)
    if to not in set(POSSIBLE.get(standing(console, found), ())):
        raise ServiceError("console.change")
    asked = Change(to)
    return page(
        request,
        "change.html",
        to=to,
        title=say(CHANGES[asked] if found.issued else TAKE_BACK),
        effects=[say(effect) for effect in (EFFECTS[asked] if found.issued else TAKEN_BACK)],
        reasons=[(reason.value, say(REASON_WORDS[reason])) for reason in REASONS[asked]],
        problem=problem_words(error.code, say) if error else None,
        **_offer(request, console, found),
    )


def _lines(
    request: Request, console: Console, found: Iterable[HandedOffer]
) -> list[dict[str, object]]:
    say = words_of(request)
    return [
        {
            "offer": offer.row.offer,
            "time": moment(utc(offer.row.at), say),
            "records": offer.records,
            "state": say(STANDINGS[standing(console, offer)]),
        }
        for offer in found
    ]


def _offer(request: Request, console: Console, found: HandedOffer) -> dict[str, object]:
    say, row, state = words_of(request), found.row, standing(console, found)
    return {
        "offer": row.offer,
        "state": say(STANDINGS[state]),
        "given_at": moment(utc(row.at), say),
        "prepared_by": row.prepared_by,
        "signed_by": row.signed_by,
        "check": say(CHECKS[found.checked][0]),
        "vouched_by": row.vouched_by,
        "link_by": say(LINK_WORDS[LinkBy(row.link_by)][0]),
        "pin_by": say(PIN_WORDS[PinBy(row.pin_by)][0]),
        "issued": [
            {
                "type": say.of(definition(type_name(issued)).labels).clinical,
                "at": moment(utc(issued.issued_at), say),
                "status": say(ISSUED[status_name(issued.status)]),
            }
            for issued in found.issued
        ],
        "changes": [
            (one.value, say(CHANGES[one] if found.issued else TAKE_BACK))
            for one in POSSIBLE.get(state, ())
        ],
    }
