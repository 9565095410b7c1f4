"""Which desk is calling, and in which role: API keys, of which only digests are kept.

Rules: a wrong key costs its address one of the few tries that it has; who has a right key is never
kept waiting by others at the same address; an address that does not stand in the table is refused
to everybody, also one that is new; the service asks for the role again (``service.gate``). All of
it is quick and runs on the event loop: a thread for each step took longer than the steps. What is
*not* here: what wallets may do, who need no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from healthpassport.asgi import client_address
from healthpassport.errors import ServiceError
from healthpassport.rates import RateLimit
from verifier.service import ApiKey, Desk
from verifier.service.gate import GatedDesk, require
from verifier.service.staff import Action, StaffMember, Way

PUBLIC: Final = None

# What an address asks of its caller's role; wallets and monitoring have none.
GATES: Final[Mapping[tuple[str, str], Action | None]] = MappingProxyType(
    {
        ("GET", "/templates"): Action.ASK,
        ("POST", "/requests"): Action.ASK,
        ("GET", "/requests/{request_id}"): Action.ASK,
        ("GET", "/requests/{request_id}/events"): Action.ASK,
        ("POST", "/requests/{request_id}/confirm"): Action.ASK,
        ("DELETE", "/requests/{request_id}"): Action.ASK,
        ("GET", "/requests/{request_id}/fhir"): Action.CLINICAL,
        ("GET", "/requests/{request_id}/record"): Action.CLINICAL,
        ("POST", "/requests/{request_id}/record"): Action.CLINICAL,
        ("POST", "/fhir/$verify-again"): Action.CLINICAL,
        ("GET", "/fhir/metadata"): PUBLIC,
        ("GET", "/oid4vp/requests/{handle}"): PUBLIC,
        ("POST", "/oid4vp/requests/{handle}"): PUBLIC,
        ("POST", "/oid4vp/responses/{handle}"): PUBLIC,
        ("GET", "/oid4vp/codes/{short_code}"): PUBLIC,
        ("GET", "/healthz"): PUBLIC,
        ("GET", "/readyz"): PUBLIC,
    }
)

WRONG_PER_SECOND: Final = 1.0  # wrong keys that one address may try
WRONG_AT_ONCE: Final = 20


def wrong_keys() -> RateLimit:
    """What one application remembers of wrong keys."""
    return RateLimit(WRONG_PER_SECOND, WRONG_AT_ONCE)


def presented(authorization: str, other: str) -> str:
    """The key in the headers Authorization and X-API-Key, or nothing."""
    scheme, _, bearer = authorization.partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else other


async def serving_desk(request: Request) -> Desk:
    """The service behind this application."""
    return _desk(request)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def calling_key(request: Request) -> ApiKey:
    """The key that came along; ``http.unauthorized`` or ``rate_limited`` without a good one."""
    known: ApiKey | None = getattr(request.state, "calling_key", None)
    if known is not None:
        return known
    desk = _desk(request)
    now = desk.clock().astimezone(UTC)
    headers = request.headers
    told = presented(headers.get("authorization", ""), headers.get("x-api-key", ""))
    key = desk.api_keys.find(told, today=now.date())
    if key is None:
        limit: RateLimit = request.app.state.wrong_keys
        if told:
            limit.take(client_address(request.scope, desk.settings.proxies), now)
        raise ServiceError("http.unauthorized")
    if not desk.api_keys.is_noted(key, today=now.date()):
        await run_in_threadpool(desk.api_keys.note_use, key, today=now.date())
    request.state.calling_key = key
    return key


async def calling_desk(key: Annotated[ApiKey, Depends(calling_key)]) -> str:
    """The name of the desk whose key came along."""
    return key.desk


CallingKey = Annotated[ApiKey, Depends(calling_key)]
CallingDesk = Annotated[str, Depends(calling_desk)]
Service = Annotated[Desk, Depends(serving_desk)]


async def calling_member(key: CallingKey, desk: Service) -> StaffMember:
    """The program that calls, in the role of its key."""
    return StaffMember(key.name, key.name, frozenset({key.role}), desk.identity.ods, Way.KEY)


async def enter(request: Request) -> None:
    """Let a call in, or refuse it with ``http.unauthorized`` or ``staff.role``."""
    path = getattr(request.scope.get("route"), "path", "")
    if (request.method, path) not in GATES:
        raise ServiceError("staff.role", "no rule says who may call this")
    needed = GATES[request.method, path]
    if needed is not PUBLIC:
        require(await calling_member(await calling_key(request), _desk(request)), needed)


async def gated(
    desk: Service, member: Annotated[StaffMember, Depends(calling_member)]
) -> GatedDesk:
    """The desk as this caller may use it."""
    return GatedDesk(desk, member)


GatedService = Annotated[GatedDesk, Depends(gated)]
