"""The pages around signing in: the way to the provider and back, emergency codes, signing out.

Rules: leaving for the provider is a plain link, since a form may not lead to another site
(``form-action``); where it cannot be reached the page says what to do instead, and that care never
waits. What is *not* here: the checks (``service.sign_in``), and who may open what (``access``).
"""

from __future__ import annotations

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import PassportError, ServiceError
from verifier.service.card_words import USUAL_SOURCES
from verifier.service.problem_words import problem_words
from verifier.service.sign_in import (
    CALLBACK_PATH,
    MAX_NAME,
    SIGN_IN_LIFETIME,
    SIGNED_OUT_PATH,
    Entered,
    own_page,
)

from .access import Cookies, serving, session_of
from .languages import words_of
from .rendering import page

SEE_OTHER: Final = 303
MAX_CODE: Final = 64  # characters of an emergency code, however it is spaced
MAX_NEXT: Final = 512

router = APIRouter()
_log = structlog.get_logger("verifier")


@router.get("/sign-in")
def ask(request: Request, to: Annotated[str, Query(max_length=MAX_NEXT)] = "/") -> Response:
    """Say that one has to sign in, and how."""
    if not serving(request).sign_in.required:
        return RedirectResponse("/", status_code=SEE_OTHER)
    return _asking(request, to=own_page(to))


@router.get("/sign-in/go")
def leave(request: Request, to: Annotated[str, Query(max_length=MAX_NEXT)] = "/") -> Response:
    """Go to the provider."""
    desk = serving(request)
    try:
        leaving = desk.sign_in.begin(to, language=words_of(request).language)
    except PassportError as error:
        return _refused(request, error)
    response = RedirectResponse(leaving.url, status_code=SEE_OTHER)
    cookies = Cookies.of(desk.settings)
    seconds = int(SIGN_IN_LIFETIME.total_seconds())
    cookies.give(response, cookies.signing_in, leaving.browser, seconds=seconds)
    return response


@router.get(CALLBACK_PATH)
def come_back(request: Request) -> Response:
    """Come back from the provider."""
    desk = serving(request)
    cookies = Cookies.of(desk.settings)
    browser = request.cookies.get(cookies.signing_in, "")
    try:
        entered = desk.sign_in.finish(request.query_params.multi_items(), browser=browser)
    except PassportError as error:
        response = _refused(request, error)
    else:
        response = _entered(request, entered)
    cookies.take(response, cookies.signing_in)
    return response


@router.post("/sign-in/code")
def by_code(
    request: Request,
    code: Annotated[str, Form(max_length=MAX_CODE)] = "",
    who: Annotated[str, Form(max_length=MAX_NAME)] = "",
) -> Response:
    """Sign in with an emergency code, while the provider cannot be reached."""
    try:
        entered = serving(request).sign_in.with_code(code, who)
    except ServiceError as error:
        return _refused(request, error, who=who)
    return _entered(request, entered)


@router.post("/sign-out")
def leave_desk(request: Request) -> Response:
    """End the session here."""
    desk = serving(request)
    desk.sign_in.sign_out(session_of(request))
    cookies = Cookies.of(desk.settings)
    response = RedirectResponse(SIGNED_OUT_PATH, status_code=SEE_OTHER)
    cookies.take(response, cookies.session)
    return response


@router.get(SIGNED_OUT_PATH, response_class=HTMLResponse)
def gone(request: Request) -> str:
    """Say that the session is over, and where else one may sign out."""
    return page(request, "signed_out.html", elsewhere=serving(request).sign_in.provider_sign_out())


def _entered(request: Request, entered: Entered) -> Response:
    """On with the page that was asked for, under a session that is new."""
    desk = serving(request)
    desk.sign_in.sign_out(session_of(request))  # no session outlives another sign-in
    cookies = Cookies.of(desk.settings)
    response = RedirectResponse(entered.next, status_code=SEE_OTHER)
    cookies.give(response, cookies.session, entered.session, seconds=None)
    return response


def _refused(request: Request, error: PassportError, *, who: str = "") -> Response:
    _log.info("sign_in.refused", code=error.code)
    return _asking(request, to="/", error=error, who=who)


def _asking(
    request: Request, *, to: str, error: PassportError | None = None, who: str = ""
) -> HTMLResponse:
    sign_in = serving(request).sign_in
    say = words_of(request)
    html = page(
        request,
        "sign_in.html",
        to=to,
        error=problem_words(error.code, say) if error else None,
        who=who,
        codes=sign_in.codes_left() if sign_in.required else 0,
        usual=say(USUAL_SOURCES),
    )
    return HTMLResponse(html, status_code=max(error.status, 400) if error else 200)
