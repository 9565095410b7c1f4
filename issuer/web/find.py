"""Finding a patient, and bringing a file instead.

Rules: names and numbers of patients go in bodies, never in addresses. What is *not* here: the
preparation that follows (``prepare``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from healthpassport.errors import PassportError
from issuer.service.console.finding import look_for, open_file, open_found
from issuer.service.console.preparing import Search
from issuer.service.console.problem_words import ProblemWords, problem_words

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import day_of_text, full_name, nhs_number
from .upload import PATH, Brought, brought
from .whom import TOO_LITTLE, Typed, typed

SEE_OTHER: Final = 303
# Refusals that staff can put right on the form itself, where what they typed still stands.
ON_FORM: Final = frozenset(
    {"console.not_named", "console.file", "console.other_patient", "source.too_many"}
)

router = APIRouter()


@router.get("/find", response_class=HTMLResponse)
def ask(request: Request, console: Service) -> str:
    """Whom do you look for?"""
    return _form(request, console.issuer.sources)


@router.post("/find")
def look(
    request: Request, console: Service, who: Member, whom: Annotated[Typed, Depends(typed)]
) -> Response:
    """Everybody who fits."""
    sources, say = console.issuer.sources, words_of(request)
    if whom.errors or not whom.enough:
        missing = "" if whom.errors else TOO_LITTLE
        return HTMLResponse(_form(request, sources, whom, missing=missing), status_code=400)
    try:
        search = look_for(console, who, whom.person)
    except PassportError as error:
        if error.code not in ON_FORM:
            raise
        told = problem_words(error.code, say)
        return HTMLResponse(_form(request, sources, whom, problem=told), status_code=error.status)
    only = console.issuer.settings.verified_numbers_only
    rows = _rows(request, search)
    return HTMLResponse(
        page(request, "found.html", search=search.id, rows=rows, verified_only=only)
    )


@router.post("/find/open")
def choose(
    console: Service,
    who: Member,
    search: Annotated[str, Form(max_length=64)] = "",
    place: Annotated[int, Form(ge=0, le=1_000)] = 0,
) -> Response:
    """Read the record of one of them."""
    made = open_found(console, who, search, place)
    return RedirectResponse(f"/prepared/{made.id}", status_code=SEE_OTHER)


@router.post(PATH)
async def bring(
    request: Request,
    console: Service,
    who: Member,
    form: Annotated[Brought, Depends(brought)],
) -> Response:
    """Read a file that somebody brought."""
    whom, sources = form.whom, console.issuer.sources
    if whom.errors:
        return HTMLResponse(_form(request, sources, file=whom), status_code=400)
    try:
        made = await run_in_threadpool(
            open_file,
            console,
            who,
            form.data,
            nhs_number=whom.nhs_number,
            birth_date=whom.birth_date,
        )
    except PassportError as error:
        told = problem_words(error.code, words_of(request))
        html = _form(request, sources, file=whom, file_problem=told)
        return HTMLResponse(html, status_code=max(error.status, 400))
    return RedirectResponse(f"/prepared/{made.id}", status_code=SEE_OTHER)


def _form(
    request: Request,
    sources: object,
    whom: Typed | None = None,
    *,
    missing: str = "",
    problem: ProblemWords | None = None,
    file: Typed | None = None,
    file_problem: ProblemWords | None = None,
) -> str:
    return page(
        request,
        "find.html",
        can_find=bool(sources),
        whom=whom or Typed(),
        missing=missing,
        problem=problem,
        file=file or Typed(),
        file_problem=file_problem,
    )


def _rows(request: Request, search: Search) -> list[dict[str, object]]:
    say = words_of(request)
    return [
        {
            "place": place,
            "name": full_name(one.family_name, one.given_names),
            "born": day_of_text(one.birth_date, say),
            "nhs_number": nhs_number(one.nhs_number),
            "checked": one.number_checked,
            "gone": one.gone,
            "restricted": one.restricted,
        }
        for place, one in enumerate(search.found)
    ]
