"""The issuer over HTTP: OpenID4VCI for wallets, offers for practices, lists for everybody.

Routes parse, make one call to ``issuer.service`` and render. What is *not* here: any rule.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from healthpassport.asgi import BodyLimit, Problems, SecurityHeaders
from healthpassport.fetch import Fetcher
from issuer import service
from issuer.service import loops
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
from .going_on import Loop, going_on, sweep, watch
from .rendering import framework_refusal
from .working import keep_working

__all__ = ["create_app"]

MAX_BUNDLE_BYTES: Final = 8 * 1_048_576  # a request for an offer: a whole record in FHIR
LOOPS: Final[Mapping[str, Loop]] = {
    loops.SWEEP: sweep,
    loops.TELL: systems.keep_telling,
    loops.WORK: keep_working,
    loops.WATCH: watch,
}


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
    try:
        async with going_on(issuer, LOOPS):
            yield
    finally:
        await run_in_threadpool(rest, issuer)
        issuer.store.close()
