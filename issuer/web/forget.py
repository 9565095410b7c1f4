"""Forgetting a patient: whose number, what would go and its effect in words, the number once more.

Rules: no number stands in an address or in a page that was answered; staff type it twice, which is
the second look. What is *not* here: what goes (``service.console.forgetting``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import ServiceError
from issuer.service.console.forgetting import EFFECTS, REASONS, Looked, forget, look
from issuer.service.console.problem_words import problem_words

from .access import Member, Service
from .languages import words_of
from .rendering import page

SEE_OTHER: Final = 303
MAX_NUMBER: Final = 40  # characters, spaces and all
MAX_SEEN: Final = 200
LOOK_AGAIN: Final = frozenset({"console.reason", "console.forget_told", "console.forget_changed"})
BEGIN_AGAIN: Final = frozenset({"console.number", "console.forget_other"})

router = APIRouter(prefix="/forget")


@router.get("", response_class=HTMLResponse)
def ask(request: Request) -> str:
    """Whom?"""
    return page(request, "forget/ask.html", problem=None)


@router.post("")
def show(
    request: Request,
    console: Service,
    who: Member,
    nhs_number: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
) -> Response:
    """What is held about them, and what forgetting does."""
    try:
        looked = look(console, who, nhs_number)
    except ServiceError as error:
        return _begin(request, error)
    return HTMLResponse(_look(request, looked))


@router.post("/now")
def do(
    *,
    request: Request,
    console: Service,
    who: Member,
    nhs_number: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    seen: Annotated[str, Form(max_length=MAX_SEEN)] = "",
    reason: Annotated[str, Form(max_length=32)] = "",
    told: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Forget them."""
    try:
        forget(console, who, nhs_number, seen=seen, reason=reason, told=bool(told))
    except ServiceError as error:
        if error.code not in LOOK_AGAIN:
            return _begin(request, error)
        looked = look(console, who, nhs_number)
        html = _look(request, looked, error=error, reason=reason, told=bool(told))
        return HTMLResponse(html, status_code=error.status)
    return RedirectResponse("/forget/done", status_code=SEE_OTHER)


@router.get("/done", response_class=HTMLResponse)
def done(request: Request) -> str:
    """It is done."""
    return page(request, "forget/done.html")


def _begin(request: Request, error: ServiceError) -> HTMLResponse:
    """The first page again, with what was wrong."""
    if error.code not in BEGIN_AGAIN:
        raise error
    problem = problem_words(error.code, words_of(request))
    return HTMLResponse(page(request, "forget/ask.html", problem=problem), status_code=error.status)


def _look(
    request: Request,
    looked: Looked,
    *,
    error: ServiceError | None = None,
    reason: str = "",
    told: bool = False,
) -> str:
    say = words_of(request)
    return page(
        request,
        "forget/look.html",
        looked=looked,
        effects=[say(words) for words in EFFECTS],
        reasons=[(one.value, say(words)) for one, words in REASONS.items()],
        reason=reason,
        told=told,
        problem=problem_words(error.code, say) if error else None,
    )
