"""A card that was just made: what it says, its paper in two sizes, and a sheet to read aloud.

Rules: each look and each print stands in the audit trail first; the card is here for half an hour
and then gone; a list of allergies that a side cannot hold is not begun on it. What is *not* here:
making one (``cards``).
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from healthpassport.card_sheets import front_holds, sheet, spoken, word
from issuer.service.console import Console, carding
from issuer.service.console.staff import StaffMember

from .access import Member, Service
from .languages import words_of
from .rendering import page, svg

SEE_OTHER: Final = 303

router = APIRouter(prefix="/cards/{card}")


@router.get("", response_class=HTMLResponse)
def one(request: Request, card: str, console: Service, who: Member) -> str:
    """What the card says, word for word."""
    return _page(request, console, who, card, form="screen", template="card/one.html")


@router.get("/print", response_class=HTMLResponse)
def paper(request: Request, card: str, console: Service, who: Member) -> str:
    """Two sides of 90 x 55 mm."""
    return _page(request, console, who, card, form="small", template="card/print.html")


@router.get("/large", response_class=HTMLResponse)
def large(request: Request, card: str, console: Service, who: Member) -> str:
    """Everything in large print, on A4."""
    return _page(request, console, who, card, form="large", template="card/large.html")


@router.get("/aloud", response_class=HTMLResponse)
def aloud(request: Request, card: str, console: Service, who: Member) -> str:
    """What staff read aloud to the person, sentence by sentence."""
    found = carding.show(console, who, card, form="aloud")
    language = words_of(request).language
    parts = [
        {
            "title": part.title[language] if part.title else "",
            "sentences": [one[language] for one in part.sentences],
            "entries": [one[language] for one in part.entries],
            "notes": [one[language] for one in part.notes],
        }
        for part in spoken(found.claims)
    ]
    return page(request, "card/aloud.html", card=card, parts=parts)


@router.post("/forget")
def forget(card: str, console: Service, who: Member) -> RedirectResponse:
    """Let go of it here."""
    carding.forget(console, who, card)
    return RedirectResponse("/", status_code=SEE_OTHER)


def _page(
    request: Request, console: Console, who: StaffMember, card: str, *, form: str, template: str
) -> str:
    found = carding.show(console, who, card, form=form)
    code = words_of(request).language
    told = sheet(found.text, found.claims, name=found.issuance)
    values: dict[str, Any] = {
        "card": card,
        "sheet": told,
        "code_image": svg(told.code.svg()),
        "holds": front_holds(told, code),
        "word": word,
    }
    return page(request, template, **values)
