"""The routes of a patient's sign-in, from the wallet's link to the way back to the wallet.

Rules: every page is answered with the headers of ``browser``; a refusal is a page in plain words,
with the way back to the wallet where there is one. What is *not* here: any rule of the sign-in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from healthpassport.asgi import client_address
from healthpassport.errors import PassportError
from healthpassport.protocols.oid4vci.forms import form
from healthpassport.rates import RateLimit
from healthpassport.refused import say_refused
from issuer import service
from issuer.service import authorizations, consent, patient_sign_in
from issuer.web.rendering import STATIC

from . import browser
from .collecting import add_collecting
from .pages import Pages

PATH: Final = "/patient"
SEE_OTHER: Final = 303
YES: Final = "yes"
_log = structlog.get_logger("issuer")


def add_pages(app: FastAPI) -> None:
    """The patients' pages of the issuer that ``app`` serves; a sign-in where there is one."""
    issuer: service.IssuerContext = app.state.issuer
    prefix = issuer.settings.path
    app.mount(f"{prefix}{PATH}/static", StaticFiles(directory=STATIC), name="patient-static")
    add_collecting(app, f"{prefix}{PATH}")
    if issuer.patients is None:
        return
    steps = _Steps(issuer)
    router = APIRouter(prefix=prefix, include_in_schema=False)
    router.add_api_route(authorizations.AUTHORIZE_PATH, steps.authorize, methods=["GET"])
    router.add_api_route(f"{PATH}/start", steps.start, methods=["GET"])
    router.add_api_route(f"{PATH}/go", steps.leave, methods=["GET"])
    router.add_api_route(patient_sign_in.CALLBACK_PATH, steps.come_back, methods=["GET"])
    router.add_api_route(f"{PATH}/agree", steps.ask, methods=["GET"])
    router.add_api_route(f"{PATH}/agree", steps.answer, methods=["POST"])
    app.include_router(router)


class _Steps:
    """The routes over one issuer."""

    def __init__(self, issuer: service.IssuerContext) -> None:
        self._issuer = issuer
        self._pages = Pages(issuer.settings)
        settings = issuer.settings
        self._limit = RateLimit(settings.requests_per_second, settings.request_burst)

    async def authorize(self, request: Request) -> Response:
        """Take up the wallet's request (RFC 9126 section 4); then a page with a clean address."""
        told = request.query_params

        def work() -> Response:
            held = authorizations.begin(
                self._issuer,
                client_id=told.get("client_id", ""),
                request_uri=told.get("request_uri", ""),
            )
            response = self._to("start")
            browser.give(response, held)
            return response

        return await self._answered(request, work)

    async def start(self, request: Request) -> Response:
        """Say who asks, and where the patient will sign in."""
        chosen = request.query_params.get("language", "")

        def work() -> Response:
            asked = consent.question(self._issuer, browser.held(request), signed_in=False)
            return self._pages.start(request, asked, language=chosen)

        return await self._answered(request, work)

    async def leave(self, request: Request) -> Response:
        """Go to the service at which patients sign in."""

        def work() -> Response:
            language = browser.words_of(request).language
            url = patient_sign_in.leave(self._issuer, browser.held(request), language=language)
            return RedirectResponse(url, status_code=SEE_OTHER)

        return await self._answered(request, work, again=True)

    async def come_back(self, request: Request) -> Response:
        """Come back from there."""

        def work() -> Response:
            outcome = patient_sign_in.come_back(
                self._issuer, request.query_params.multi_items(), browser=browser.held(request)
            )
            if isinstance(outcome, patient_sign_in.Stopped):
                _log.info("patient.sign_in_stopped", code=outcome.code, reason=outcome.reason)
                response = self._pages.stopped(request, outcome)
                browser.take(response)
                return response
            answer = self._to("agree")
            browser.give(answer, outcome.browser)
            return answer

        return await self._answered(request, work, again=True)

    async def ask(self, request: Request) -> Response:
        """Ask whether the records may go to the wallet."""
        chosen = request.query_params.get("language", "")

        def work() -> Response:
            asked = consent.question(self._issuer, browser.held(request), signed_in=True)
            return self._pages.agree(request, asked, language=chosen)

        return await self._answered(request, work)

    async def answer(self, request: Request) -> Response:
        """Yes or no, also to signing in at all; both lead back to the wallet."""
        body = await request.body()

        def work() -> Response:
            told, held = form(body), browser.held(request)
            token = told.get("form", "")
            if told.get("answer") == YES:
                url = consent.agree(self._issuer, held, form=token)
            else:
                url = consent.decline(self._issuer, held, form=token).back
            response = RedirectResponse(url, status_code=SEE_OTHER)
            browser.take(response)
            return response

        return await self._answered(request, work)

    async def _answered(
        self, request: Request, work: Callable[[], Response], *, again: bool = False
    ) -> Response:
        """What ``work`` answers; its refusal as a page, with a way to try ``again``."""
        try:
            self._limit.take(client_address(request.scope), self._issuer.clock())
            response = await run_in_threadpool(work)
        except PassportError as error:
            say_refused(error.code)
            _log.info("patient.refused", code=error.code)
            response = self._pages.refused(request, error, again=again)
        for name, value in browser.headers().items():
            response.headers.setdefault(name, value)
        return response

    def _to(self, page: str) -> Response:
        path = f"{self._issuer.settings.path}{PATH}/{page}"
        return RedirectResponse(path, status_code=SEE_OTHER)
