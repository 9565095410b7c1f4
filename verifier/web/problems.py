"""Any refusal as a page: what, whose side, the next step; for programs as a problem object.

Rules: a browser says that it reads HTML and gets a page, also where a guard in front of the routes
refused it; an error after the response has begun cannot be told any more. What is *not* here: the
words (``service.problem_words``).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from healthpassport.asgi import Application, Message, Receive, Scope, Send, send_problem
from healthpassport.errors import PassportError, ServiceError
from verifier.service.problem_words import problem_words

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
    told = problem_words(problem.code, words_of(request))
    html = page(request, "problem.html", problem=told)
    return HTMLResponse(html, status_code=max(problem.status, 400))


def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, PassportError) and error.code == SIGNED_OUT:
        wanted = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?to={quote(wanted)}", status_code=SEE_OTHER)
    if isinstance(error, PassportError):
        return problem_page(request, error)
    if isinstance(error, HTTPException):
        return problem_page(request, ServiceError(_CODES.get(error.status_code, "http.invalid")))
    return problem_page(request, ServiceError("http.invalid"))


class ProblemPages:
    """The same for what is refused before any route: guards and limits.

    Args:
        app: the application behind.
        pages: whose settings and templates the page has.
    """

    def __init__(self, app: Application, *, pages: FastAPI) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except PassportError as error:
            if begun or scope["type"] != "http":
                raise
            request = Request({**scope, "app": self._pages, "state": {}})
            if "text/html" not in request.headers.get("accept", ""):
                await send_problem(error, send)
                return
            await problem_page(request, error)(scope, receive, send)
