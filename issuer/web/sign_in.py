"""The pages around signing in: the way to the provider and back, and signing out.

Rules: leaving for the provider is a plain link, since a form may not lead to another site
(``form-action``). What is *not* here: the checks (``service.console.sign_in``), and who may open
what (``access``).
"""

from __future__ import annotations

import logging
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import PassportError
from healthpassport.sign_in import (
    CALLBACK_PATH,
    SIGN_IN_LIFETIME,
    SIGNED_OUT_PATH,
    own_page,
)
from issuer.service.console.problem_words import problem_words
from issuer.service.console.sign_in import Entered

from .access import Cookies, serving, session_of
from .languages import words_of
from .rendering import page

SEE_OTHER: Final = 303
MAX_NEXT: Final = 512
_LOG: Final = logging.getLogger(__name__)

router = APIRouter()


@router.get("/sign-in")
def ask(request: Request, to: Annotated[str, Query(max_length=MAX_NEXT)] = "/") -> Response:
    """Say that one has to sign in, and how."""
    if not serving(request).sign_in.required:
        return RedirectResponse("/", status_code=SEE_OTHER)
    return _asking(request, to=own_page(to))


@router.get("/sign-in/go")
def leave(request: Request, to: Annotated[str, Query(max_length=MAX_NEXT)] = "/") -> Response:
    """Go to the provider."""
    console = serving(request)
    try:
        leaving = console.sign_in.begin(to, language=words_of(request).language)
    except PassportError as error:
        return _refused(request, error)
    response = RedirectResponse(leaving.url, status_code=SEE_OTHER)
    cookies = Cookies.of(console.issuer.settings)
    seconds = int(SIGN_IN_LIFETIME.total_seconds())
    cookies.give(response, cookies.signing_in, leaving.browser, seconds=seconds)
    return response


@router.get(CALLBACK_PATH)
def come_back(request: Request) -> Response:
    """Come back from the provider."""
    console = serving(request)
    cookies = Cookies.of(console.issuer.settings)
    browser = request.cookies.get(cookies.signing_in, "")
    try:
        entered = console.sign_in.finish(request.query_params.multi_items(), browser=browser)
    except PassportError as error:
        response = _refused(request, error)
    else:
        response = _entered(request, entered)
    cookies.take(response, cookies.signing_in)
    return response


@router.post("/sign-out")
def leave_console(request: Request) -> Response:
    """End the session here."""
    console = serving(request)
    console.sign_in.sign_out(session_of(request))
    cookies = Cookies.of(console.issuer.settings)
    response = RedirectResponse(SIGNED_OUT_PATH, status_code=SEE_OTHER)
    cookies.take(response, cookies.session)
    return response


@router.get(SIGNED_OUT_PATH, response_class=HTMLResponse)
def gone(request: Request) -> str:
    """Say that the session is over, and where else one may sign out."""
    return page(request, "signed_out.html", elsewhere=serving(request).sign_in.provider_sign_out())


def _entered(request: Request, entered: Entered) -> Response:
    """On with the page that was asked for, under a session that is new."""
    console = serving(request)
    console.sign_in.sign_out(session_of(request))  # no session outlives another sign-in
    cookies = Cookies.of(console.issuer.settings)
    response = RedirectResponse(entered.next, status_code=SEE_OTHER)
    cookies.give(response, cookies.session, entered.session, seconds=None)
    return response


def _refused(request: Request, error: PassportError) -> Response:
    _LOG.info("A sign-in was refused: %s", error.code)
    return _asking(request, to="/", error=error)


def _asking(request: Request, *, to: str, error: PassportError | None = None) -> HTMLResponse:
    problem = problem_words(error.code, words_of(request)) if error else None
    html = page(request, "sign_in.html", to=to, error=problem)
    return HTMLResponse(html, status_code=max(error.status, 400) if error else 200)
