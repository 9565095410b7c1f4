"""The page behind the link in a text or a letter: what one needs, then the link to the wallet.

Rules: the first page is the same for everybody, and whoever fetches it for a preview uses nothing
up; the offer's secret comes in the body of a form alone, put there by a small script from behind
the ``#``, or pasted by hand where scripts are off; a link that does not work any more is refused
kindly. What is *not* here: which links work (``issuer.service.collecting``).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool

from healthpassport.asgi import client_address
from healthpassport.errors import ServiceError
from healthpassport.rates import RateLimit
from healthpassport.refused import say_refused
from issuer.service import IssuerContext
from issuer.service.collecting import MAX_TYPED, PATH, wallet_link
from issuer.web.rendering import render

from . import browser

MAX_BODY: Final = 12 * MAX_TYPED  # bytes: four for a character at most, each written as %XX
MAX_FIELDS: Final = 4
RETRY_SECONDS: Final = "60"  # RFC 6585 section 4; the page says a minute


def add_collecting(app: FastAPI, root: str) -> None:
    """The page of the issuer that ``app`` serves; its static files stand below ``root``."""
    issuer: IssuerContext = app.state.issuer
    steps = _Collecting(issuer, root)
    router = APIRouter(prefix=issuer.settings.path, include_in_schema=False)
    router.add_api_route(PATH, steps.ask, methods=["GET", "HEAD"])
    router.add_api_route(PATH, steps.answer, methods=["POST"])
    app.include_router(router)


class _Collecting:
    """The two routes over one issuer."""

    def __init__(self, issuer: IssuerContext, root: str) -> None:
        self._issuer = issuer
        self._root = root
        settings = issuer.settings
        self._limit = RateLimit(settings.requests_per_second, settings.request_burst)

    async def ask(self, request: Request) -> Response:
        """What one needs first; nothing of anybody."""
        too_often = self._too_often(request)
        return too_often or self._page(request, "get.html", problem=False)

    async def answer(self, request: Request) -> Response:
        """The link that opens a wallet, or why there is none."""
        too_often = self._too_often(request)
        if too_often is not None:
            return too_often
        body = await request.body()
        typed = _typed(body)
        try:
            link = await run_in_threadpool(wallet_link, self._issuer, typed)
        except ServiceError as error:
            if error.code == "offer.link":
                return self._page(request, "get.html", status=error.status, problem=True)
            if error.code != "not_found":
                raise
            return self._page(request, "get_over.html", status=error.status, typed=typed)
        return self._page(request, "get_open.html", link=link, typed=typed)

    def _too_often(self, request: Request) -> HTMLResponse | None:
        """The page for whoever asks too often, often because many share one address; else None."""
        try:
            self._limit.take(client_address(request.scope), self._issuer.clock())
        except ServiceError as error:
            say_refused(error.code)
            page = self._page(request, "get_wait.html", status=error.status)
            page.headers["retry-after"] = RETRY_SECONDS
            return page
        return None

    def _page(
        self, request: Request, name: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        chosen = request.query_params.get("language", "")
        say, settings = browser.words_of(request, chosen=chosen), self._issuer.settings
        html = render(
            f"patient/{name}",
            language=say.language,
            brand=settings.web_brand,
            organisation=settings.name,
            wallets=settings.web_wallets_url,
            root=self._root,
            page=settings.path + PATH,
            **values,
        )
        headers = dict(browser.headers(scripts=name == "get.html"))
        response = HTMLResponse(html, status_code=status, headers=headers)
        browser.speak(response, chosen)
        return response


def _typed(body: bytes) -> str:
    """What stands in the one field; what is no such form has nothing in it."""
    try:
        told = parse_qs(body[:MAX_BODY].decode("ascii", "replace"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return ""
    return told.get("link", [""])[0]
