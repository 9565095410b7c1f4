"""The door of the API for record systems: who calls, how often, and how a refusal is worded.

Rules: a wrong key or token costs its address one of the few tries that it has; who has a right one
is never kept waiting by others at the same address, only by its own rate. What is *not* here: what
a scope allows, and the judging of tokens (``issuer.service.callers``).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.asgi import client_address
from healthpassport.audit import Actor
from healthpassport.errors import PassportError, ProtocolError, ServiceError
from healthpassport.protocols.oid4vci.dpop import ALGORITHMS
from healthpassport.rates import RateLimit
from issuer.api.rendering import problem
from issuer.service import IssuerContext
from issuer.service.audit import API
from issuer.service.callers import caller_by_key, caller_by_token, is_token
from issuer.service.clients import Client
from issuer.service.scopes import Caller, Scope

WRONG_PER_SECOND: Final = 1.0  # wrong keys and tokens that one address may try
WRONG_AT_ONCE: Final = 20
_UNAUTHORIZED: Final = 401
_PROOFS: Final = {
    "oid4vci.invalid_dpop_proof": "invalid_dpop_proof",
    "oid4vci.use_dpop_nonce": "use_dpop_nonce",
}
_CONFLICT: Final = "api.idempotency_in_flight"


def _wrong() -> RateLimit:
    return RateLimit(WRONG_PER_SECOND, WRONG_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Door:
    """What one application remembers of its callers."""

    issuer: IssuerContext
    keys: tuple[Client, ...]
    rates: RateLimit
    tokens: RateLimit
    wrong: RateLimit = field(default_factory=_wrong)


def opened(issuer: IssuerContext, keys: tuple[Client, ...]) -> Door:
    """The door with the rates of the settings."""
    settings = issuer.settings
    return Door(
        issuer,
        keys,
        rates=RateLimit(settings.client_requests_per_second, settings.client_request_burst),
        tokens=RateLimit(settings.requests_per_second, settings.request_burst),
    )


def door_of(request: Request) -> Door:
    """The door of the application that serves ``request``."""
    door: Door = request.app.state.door
    return door


async def entered(request: Request, scope: Scope) -> Caller:
    """The record system that calls, if it may do ``scope`` now.

    Raises:
        ServiceError: ``http.unauthorized``, ``api.invalid_token``, ``api.insufficient_scope``,
            ``api.key_name_taken``, ``forbidden``, ``rate_limited``.
        ProtocolError: ``oid4vci.invalid_dpop_proof``.
    """
    request.state.scope = scope
    door = door_of(request)
    try:
        caller = await _caller(door, request)
    except (ServiceError, ProtocolError) as error:
        if error.status == _UNAUTHORIZED:
            who = Actor(door.issuer.settings.ods, API)
            door.issuer.audit.refused("api.refused", who=who, code=error.code, at_once=False)
            door.wrong.take(client_address(request.scope), door.issuer.clock())
        raise
    door.rates.take(caller.name, door.issuer.clock())
    caller.require(scope)
    return caller


async def _caller(door: Door, request: Request) -> Caller:
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    token = told.strip()
    if is_token(token) and scheme.lower() in {"bearer", "dpop"}:
        return await run_in_threadpool(
            caller_by_token,
            door.issuer,
            scheme=scheme,
            token=token,
            proof=dpop_proof(request),
            method=request.method,
            path=request.url.path.removeprefix(door.issuer.settings.path),
        )
    key = token if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    return await run_in_threadpool(caller_by_key, door.issuer, door.keys, key)


def dpop_proof(request: Request) -> str | None:
    """The one DPoP header (RFC 9449 section 4.3 step 1)."""
    values = request.headers.getlist("dpop")
    if len(values) > 1:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "there are two DPoP headers")
    return values[0] if values else None


class SystemRoute(APIRoute):
    """A route that words its refusals as problems, with the challenge that belongs to them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler inside ours."""
        inner = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await inner(request)
            except RequestValidationError as error:
                where = ".".join(str(part) for part in error.errors()[0]["loc"])
                return refused(ServiceError("http.invalid", f"{where} is wrong"), request)
            except PassportError as error:
                return refused(error, request)

        return handled


def refused(error: PassportError, request: Request) -> Response:
    """``error`` as a problem; 401 and 403 say how to do better (RFC 6750 section 3)."""
    response = problem(error)
    if error.code == _CONFLICT:
        response.headers["retry-after"] = "1"
    if error.status == _UNAUTHORIZED:
        told = request.headers.get("authorization") or request.headers.get("x-api-key")
        response.headers["www-authenticate"] = _challenge(error, told=bool(told))
    elif error.code == "api.insufficient_scope":
        scope: Scope = request.state.scope
        response.headers["www-authenticate"] = (
            f'Bearer error="insufficient_scope", scope="{scope.value}"'
        )
    return response


def _challenge(error: PassportError, *, told: bool) -> str:
    """Section 3.1: without credentials the challenge names no error; RFC 9449 section 7.1."""
    if error.code in _PROOFS:
        return f'DPoP error="{_PROOFS[error.code]}", algs="{" ".join(ALGORITHMS)}"'
    return 'Bearer error="invalid_token"' if told else 'Bearer realm="record systems"'
