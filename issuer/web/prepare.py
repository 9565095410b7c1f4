"""One patient's record: who they are, what they and a hospital will see, what they get, sign-off.

Rules: a choice is kept when an error is shown, and an unticked box never comes back ticked. What is
*not* here: what may follow what (``service.console.signing``).
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import PassportError, ServiceError
from healthpassport.languages import Words
from issuer.service.clinical_words import section_words
from issuer.service.console import Console
from issuer.service.console.cautions import cautions
from issuer.service.console.identity import CHECKS, IdentityCheck
from issuer.service.console.preparing import Preparation, Step
from issuer.service.console.problem_words import problem_words
from issuer.service.console.second_look import REASONS, told, unticked
from issuer.service.console.signing import choose, identify, sign_off
from issuer.service.console.staff import Action, StaffMember
from issuer.service.preview import preview
from issuer.service.reading import rules_of

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import banner, moment

SEE_OTHER: Final = 303
MAX_TYPES: Final = 40
MAX_WITHOUT: Final = 200  # characters
Ticked = Annotated[list[str], Form(default_factory=list, max_length=MAX_TYPES)]

router = APIRouter(prefix="/prepared/{name}")


@router.get("", response_class=HTMLResponse)
def look(request: Request, name: str, console: Service, who: Member) -> Response:
    """How far it is: who the patient is, then what they get."""
    offer = console.preparations.offer_of(name)
    if offer:
        return RedirectResponse(f"/handed/{offer}", status_code=SEE_OTHER)
    held = console.preparations.find(name)
    if held.checked is None:
        return HTMLResponse(_identity(request, held))
    if held.step is Step.SIGNED:
        return RedirectResponse(f"/prepared/{name}/hand-over", status_code=SEE_OTHER)
    return HTMLResponse(_preview(request, console, who, held))


@router.get("/identity", response_class=HTMLResponse)
def ask(request: Request, name: str, console: Service) -> str:
    """How was it made sure who they are?"""
    return _identity(request, console.preparations.find(name))


@router.post("/identity")
def say_how(
    *,
    request: Request,
    name: str,
    console: Service,
    who: Member,
    check: Annotated[str, Form(max_length=32)] = "",
    vouched_by: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Record the check."""
    try:
        identify(console, who, name, check=check, vouched_by=vouched_by)
    except ServiceError as error:
        if error.code not in {"console.identity", "console.vouching"}:
            raise
        held = console.preparations.find(name)
        html = _identity(request, held, error, chosen=check, vouched_by=vouched_by)
        return HTMLResponse(html, status_code=400)
    return RedirectResponse(f"/prepared/{name}", status_code=SEE_OTHER)


@router.post("/choose")
def send(request: Request, name: str, console: Service, who: Member, types: Ticked) -> Response:
    """Let it wait for a clinician."""
    try:
        choose(console, who, name, types)
    except ServiceError as error:
        return _again(request, console, who, name, error=error, types=types)
    return RedirectResponse(f"/?sent={quote(name, safe='')}", status_code=SEE_OTHER)


@router.post("/sign-off")
def sign(
    *,
    request: Request,
    name: str,
    console: Service,
    who: Member,
    types: Ticked,
    cautions_read: Annotated[str, Form(max_length=8)] = "",
    without: Annotated[str, Form(max_length=MAX_WITHOUT)] = "",
    reason: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Say that it may go to the patient."""
    read = bool(cautions_read)
    try:
        sign_off(console, who, name, types, cautions_read=read, without=without, reason=reason)
    except ServiceError as error:
        return _again(request, console, who, name, error=error, types=types, read=read)
    return RedirectResponse(f"/prepared/{name}/hand-over", status_code=SEE_OTHER)


@router.post("/drop")
def drop(name: str, console: Service) -> RedirectResponse:
    """Forget it; where it was offered meanwhile, show that instead."""
    offer = console.preparations.drop(name)
    return RedirectResponse(f"/offers/{offer}" if offer else "/", status_code=SEE_OTHER)


def _again(
    request: Request,
    console: Console,
    who: StaffMember,
    name: str,
    *,
    error: PassportError,
    types: list[str],
    read: bool = False,
) -> Response:
    if error.code not in {"console.chosen", "console.cautions", "console.second_look"}:
        raise error
    held = console.preparations.find(name)
    html = _preview(request, console, who, held, error=error, ticked=frozenset(types), read=read)
    return HTMLResponse(html, status_code=error.status)


def _identity(
    request: Request,
    held: Preparation,
    error: PassportError | None = None,
    *,
    chosen: str = "",
    vouched_by: str = "",
) -> str:
    say = words_of(request)
    return page(
        request,
        "identity.html",
        held=held,
        banner=banner(held.who, say),
        checks=[(one.value, say(text), say(hint)) for one, (text, hint) in CHECKS.items()],
        vouched=IdentityCheck.VOUCHED_FOR.value,
        chosen=chosen or (held.checked or ""),
        vouched_by=vouched_by or held.vouched_by,
        problem=problem_words(error.code, say) if error else None,
    )


def _preview(
    request: Request,
    console: Console,
    who: StaffMember,
    held: Preparation,
    *,
    error: PassportError | None = None,
    ticked: frozenset[str] | None = None,
    read: bool = False,
) -> str:
    say, now = words_of(request), console.issuer.clock()
    asks = error is not None and error.code == "console.second_look"
    without = unticked(held.reading, tuple(ticked or ())) if asks else ()
    rules = rules_of(console.issuer.settings)
    shown = preview(held.reading, rules=rules, now=now, say=say)
    every = frozenset(record.type for record in held.reading.summary.records)
    first = frozenset(held.wanted) if held.wanted else every
    check = CHECKS[held.checked][0] if held.checked else ""
    return page(
        request,
        "preview.html",
        held=held,
        banner=banner(held.who, say),
        shown=shown,
        left_out=_left_out(shown, say),
        cautions=cautions(held.reading, say),
        cautions_read=read,
        without=" ".join(without),
        without_told=told(without, say),
        reasons=[(one.value, say(words)) for one, words in REASONS.items()],
        ticked=first if ticked is None else ticked,
        may_sign=who.may(Action.SIGN_OFF),
        waiting=held.step is Step.WAITING,
        check=say(check),
        prepared_by=held.prepared_by,
        opened_at=moment(held.opened_at, say),
        problem=problem_words(error.code, say) if error else None,
    )


def _left_out(shown: dict[str, Any], say: Words) -> list[dict[str, str]]:
    return [
        {"section": section_words(row["section"], say), "text": row["text"], "words": row["words"]}
        for row in shown["leftOut"]
    ]
