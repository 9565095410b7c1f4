"""Which desk is calling: API keys, of which only digests are kept.

Rules: a wrong key costs its address one of the few tries that it has; who has a right key is never
kept waiting by others at the same address. What is *not* here: wallets, which need no key.
"""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Final

from fastapi import Depends, Request

from healthpassport.asgi import client_address
from healthpassport.errors import ServiceError
from healthpassport.rates import RateLimit
from verifier.service import ApiKey, Desk, Scope

WRONG_PER_SECOND: Final = 1.0  # wrong keys that one address may try
WRONG_AT_ONCE: Final = 20


def wrong_keys() -> RateLimit:
    """What one application remembers of wrong keys."""
    return RateLimit(WRONG_PER_SECOND, WRONG_AT_ONCE)


def presented(authorization: str, other: str) -> str:
    """The key in the headers Authorization and X-API-Key, or nothing."""
    scheme, _, bearer = authorization.partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else other


def serving_desk(request: Request) -> Desk:
    """The service behind this application."""
    desk: Desk = request.app.state.desk
    return desk


def _calling(request: Request) -> ApiKey:
    """The key that came along; ``http.unauthorized`` or ``rate_limited`` without a good one."""
    desk = serving_desk(request)
    now = desk.clock().astimezone(UTC)
    headers = request.headers
    told = presented(headers.get("authorization", ""), headers.get("x-api-key", ""))
    key = desk.api_keys.find(told, today=now.date())
    if key is None:
        limit: RateLimit = request.app.state.wrong_keys
        if told:
            limit.take(client_address(request.scope, desk.settings.proxies), now)
        raise ServiceError("http.unauthorized")
    desk.api_keys.note_use(key, today=now.date())
    return key


def asking_desk(key: Annotated[ApiKey, Depends(_calling)]) -> str:
    """The name of the calling desk, for what every key may do."""
    return key.desk


def calling_desk(key: Annotated[ApiKey, Depends(_calling)]) -> str:
    """The name of the calling desk, for what needs a full key; ``forbidden`` for another."""
    if key.scope is not Scope.FULL:
        raise ServiceError("forbidden", "this key may ask and close, not read results")
    return key.desk


CallingKey = Annotated[ApiKey, Depends(_calling)]
AskingDesk = Annotated[str, Depends(asking_desk)]
CallingDesk = Annotated[str, Depends(calling_desk)]
Service = Annotated[Desk, Depends(serving_desk)]
