"""Any refusal as a page: what, whose side, the next step; for programs as a problem object.

Rules: a browser says that it reads HTML and gets a page, also where a guard in front of the routes
refused it. What is *not* here: the words (``service.console.problem_words``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from healthpassport.asgi import Application, Scope
from healthpassport.errors import PassportError, ServiceError
from healthpassport.refused import say_refused
from issuer.service.console.problem_words import problem_words

from .languages import words_of
from .rendering import page

SEE_OTHER: Final = 303
SIGNED_OUT: Final = "staff.signed_out"
_CODES: Final = {404: "not_found", 405: "http.method"}


def add_problem_pages(app: FastAPI) -> None:
    """Every error that a route of ``app`` raises becomes a page."""
    for kind in (PassportError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)


def problem_page(request: Request, problem: PassportError) -> HTMLResponse:
    """The page of ``problem`` in the language of ``request``."""
    say_refused(problem.code)
    told = problem_words(problem.code, words_of(request))
    html = page(request, "problem.html", problem=told)
    return HTMLResponse(html, status_code=max(problem.status, 400))


def refusal_page(pages: FastAPI) -> Callable[[Scope, PassportError], Application | None]:
    """For ``ProblemPages``: the page of what was refused in front of the routes of ``pages``."""

    def page_of(scope: Scope, error: PassportError) -> Application | None:
        request = Request({**scope, "app": pages, "state": {}})
        if "text/html" not in request.headers.get("accept", ""):
            return None
        return problem_page(request, error)

    return page_of


def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, PassportError) and error.code == SIGNED_OUT:
        say_refused(error.code)
        wanted = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?to={quote(wanted)}", status_code=SEE_OTHER)
    if isinstance(error, PassportError):
        return problem_page(request, error)
    if isinstance(error, HTTPException):
        return problem_page(request, ServiceError(_CODES.get(error.status_code, "http.invalid")))
    return problem_page(request, ServiceError("http.invalid"))
