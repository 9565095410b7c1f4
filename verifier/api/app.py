"""Putting the application together, and the schedule that keeps the lists fresh.

The schedule runs beside the requests, never because of one. What is *not* here: routes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from healthpassport.api_page import api_page, policy
from healthpassport.asgi import BodyLimit, Problems, SecurityHeaders, Throttle
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import Fetcher
from healthpassport.rates import RateLimit
from verifier.service import Clock, Desk, Random, open_desk
from verifier.settings import VerifierSettings

from . import fhir, health, hospital, staff, wallets
from .access import enter, wrong_keys
from .describing import REFUSALS, describe
from .telling import keep_telling

SWEEP_SECONDS: Final = 30.0  # between two looks for what is to be forgotten
_CODES: Final = {404: "not_found", 405: "http.method"}
DESCRIPTION: Final[dict[str, Any]] = {
    "title": "Health Passport desk",
    "version": "1",
    "responses": REFUSALS,
}
_log = structlog.get_logger("verifier")


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def create_app(
    settings: VerifierSettings,
    *,
    desk: Desk | None = None,
    clock: Clock = utc_now,
    random: Random = secrets.token_bytes,
    fetcher: Fetcher | None = None,
    keeps_lists: bool = True,
) -> FastAPI:
    """The application for ``settings``.

    Args:
        settings: the desk's settings.
        desk: the service to serve, shared with the page for staff; opened here when not given.
        clock: the time, when the service is opened here.
        random: randomness, when the service is opened here.
        fetcher: the way to the network for updates, when the service is opened here.
        keeps_lists: whether this application updates the lists; one of those that share them does.
    """
    service = desk or open_desk(settings, clock=clock, random=random, fetcher=fetcher)
    app = FastAPI(
        **DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(enter)],
        # A redirect would be built from the Host header, which anybody may write.
        redirect_slashes=False,
    )
    app.state.desk = service
    app.state.owns_desk = desk is None
    app.state.settings = settings
    app.state.keeps_lists = keeps_lists
    app.state.wrong_keys = wrong_keys()
    add_routes(app)
    app.add_route("/docs", _docs)
    app.add_exception_handler(HTTPException, http_problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(BodyLimit, limits={fhir.PREFIX + fhir.OPERATION: fhir.MAX_OPERATION})
    app.add_middleware(
        Throttle,
        limit=RateLimit(settings.requests_per_second, settings.request_burst),
        clock=service.clock,
        proxies=settings.proxies,
        under=wallets.PREFIX,
    )
    app.add_middleware(Problems)
    app.add_middleware(SecurityHeaders)
    return app


def add_routes(app: FastAPI) -> None:
    """Every route of the desk's API."""
    app.include_router(staff.router)
    app.include_router(wallets.router)
    app.include_router(health.router)
    app.include_router(fhir.router)
    app.include_router(hospital.router)
    describe(app)


async def _docs(request: Request) -> HTMLResponse:
    """The OpenAPI document as a page, which needs no key and asks nobody else."""
    page = api_page(request.app.openapi(), at="openapi.json")
    return HTMLResponse(page, headers={"content-security-policy": policy()})


def document() -> dict[str, Any]:
    """The OpenAPI document of every desk (docs/openapi/desk.json)."""
    app = FastAPI(**DESCRIPTION)
    add_routes(app)
    return app.openapi()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: VerifierSettings = app.state.settings
    desk: Desk = app.state.desk
    work = [keep_telling(desk), _keep_swept(desk)]
    if app.state.keeps_lists:
        work.append(_keep_fresh(desk, settings))
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if app.state.owns_desk:
            app.state.desk.shut()


async def _keep_fresh(desk: Desk, settings: VerifierSettings) -> None:
    """Update at the start and on schedule; a failure leaves the copies, which then age."""
    while settings.trust_url:
        try:
            done = await asyncio.to_thread(desk.update)
            _log.info("lists.updated", version=done.version, failed=len(done.failed))
        except PassportError as error:
            _log.warning("lists.not_updated", code=error.code)
        await asyncio.sleep(settings.update_minutes * 60)


async def _keep_swept(desk: Desk) -> None:
    """Forget in time, also where nobody looks."""
    while True:
        try:
            await asyncio.to_thread(desk.sweep)
        except PassportError as error:
            _log.warning("not_swept", code=error.code)
        await asyncio.sleep(SWEEP_SECONDS)


async def http_problem(_request: Request, error: Exception) -> Any:  # noqa: ANN401 - never returns
    """The framework's own refusals, in our words and shape."""
    status = error.status_code if isinstance(error, HTTPException) else 0
    raise ServiceError(_CODES.get(status, "http.invalid")) from error


async def _invalid(_request: Request, error: Exception) -> Any:  # noqa: ANN401 - never returns
    """A body of another shape: which member is wrong, never its value."""
    places = error.errors() if isinstance(error, RequestValidationError) else []
    where = ".".join(str(part) for part in places[0]["loc"]) if places else ""
    raise ServiceError("http.invalid", f"{where} is missing or wrong".strip()) from error
