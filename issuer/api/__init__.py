"""The issuer over HTTP: OpenID4VCI for wallets, offers for practices, lists for everybody.

Routes parse, make one call to ``issuer.service`` and render. What is *not* here: any rule.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from healthpassport.asgi import BodyLimit, Problems, SecurityHeaders
from healthpassport.errors import ServiceError
from healthpassport.fetch import Fetcher
from issuer import service
from issuer.service.audit_keeping import rest, started
from issuer.service.clients import read_clients
from issuer.service.context import Clock, Randomness
from issuer.settings import Settings

from . import (
    cards,
    credentials,
    health,
    holders,
    publication,
    pushed,
    status_lists,
    systems,
    wallets,
)
from .fresh import FreshValues
from .rendering import framework_refusal
from .working import keep_working

__all__ = ["create_app"]

MAX_BUNDLE_BYTES: Final = 8 * 1_048_576  # a request for an offer: a whole record in FHIR
_LOG: Final = logging.getLogger(__name__)
SWEEP_SECONDS: Final = 15.0  # between two looks for offers whose time is over


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    clock: Clock = _now,
    random: Randomness = secrets.token_bytes,
    fetcher: Fetcher | None = None,
) -> FastAPI:
    """The issuer's web application; it opens (and migrates) the database at once.

    The issuer's context is ``app.state.issuer``; ``fetcher`` is as in ``service.open_issuer``.

    Raises:
        SettingsError: when settings, key, certificate or API keys do not fit together.
        ServiceError: when the database cannot be opened.
    """
    clients = read_clients(settings.api_keys)
    issuer = service.open_issuer(settings, clock=clock, random=random, fetcher=fetcher)
    app = FastAPI(
        title="Health Passport issuer",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # systems serves the part that is for others
        # A redirect would be built from the Host header, which anybody may write.
        redirect_slashes=False,
        exception_handlers={HTTPException: framework_refusal},
    )
    app.state.issuer = issuer
    app.include_router(wallets.routes(issuer))
    app.include_router(pushed.routes(issuer))
    app.include_router(credentials.routes(issuer))
    app.include_router(cards.routes(issuer))
    app.include_router(holders.routes(issuer))
    systems.add_to(app, issuer, clients)
    app.include_router(publication.routes(issuer))
    app.include_router(status_lists.routes(issuer))
    app.include_router(health.routes(issuer))
    limits = {settings.path + path: MAX_BUNDLE_BYTES for path in systems.BODIES}
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(Problems)
    if settings.dpop_nonce or settings.wallet_attestation_challenge:
        app.add_middleware(FreshValues, issuer=issuer)
    app.add_middleware(SecurityHeaders)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Sweep at once and then on a timetable; let go of the database at the end."""
    issuer: service.IssuerContext = app.state.issuer
    await run_in_threadpool(started, issuer)
    loops = (_sweep(issuer), systems.keep_telling(issuer), keep_working(issuer))
    tasks = [asyncio.create_task(one) for one in loops]
    for task in tasks:
        task.add_done_callback(_tell_end)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await run_in_threadpool(rest, issuer)
        issuer.store.close()


def _tell_end(task: asyncio.Task[None]) -> None:
    """What nobody expected ends a timetable; it is told at once, not when the server stops."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _LOG.error("A timetable of this process has ended: restart it", exc_info=error)


async def _sweep(issuer: service.IssuerContext) -> None:
    while True:
        try:
            await run_in_threadpool(service.sweep, issuer)
        except ServiceError as error:
            _LOG.warning("The sweep failed and will be tried again: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)
