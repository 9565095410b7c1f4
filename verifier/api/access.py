"""Which desk is calling, and in which role: API keys, of which only digests are kept.

Rules: an address that does not stand in the table is refused to everybody, also one that is new;
the service asks for the role again (``service.gate``). What is *not* here: what wallets may do,
who need no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from hmac import compare_digest
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import Depends, Request

from healthpassport.errors import ServiceError
from verifier.service import Desk
from verifier.service.gate import GatedDesk, require
from verifier.service.staff import Action, StaffMember, Way

MAX_KEY: Final = 256  # characters
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


def calling_desk(request: Request) -> str:
    """The name of the desk whose key came along; ``http.unauthorized`` without a good one."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not 0 < len(key) <= MAX_KEY:
        raise ServiceError("http.unauthorized")
    digest = hashlib.sha256(key.encode()).hexdigest()
    keys: Mapping[str, str] = request.app.state.api_keys
    # Every digest is compared, so that the time says nothing about which was near.
    found = [name for name, known in keys.items() if compare_digest(known, digest)]
    if not found:
        raise ServiceError("http.unauthorized")
    return found[0]


def serving_desk(request: Request) -> Desk:
    """The service behind this application."""
    desk: Desk = request.app.state.desk
    return desk


CallingDesk = Annotated[str, Depends(calling_desk)]
Service = Annotated[Desk, Depends(serving_desk)]


def calling_member(request: Request, name: CallingDesk, desk: Service) -> StaffMember:
    """The program that calls, in the role of its key."""
    role = request.app.state.key_roles[name]
    return StaffMember(name, name, frozenset({role}), desk.identity.ods, Way.KEY)


def enter(request: Request) -> None:
    """Let a call in, or refuse it with ``http.unauthorized`` or ``staff.role``."""
    path = getattr(request.scope.get("route"), "path", "")
    if (request.method, path) not in GATES:
        raise ServiceError("staff.role", "no rule says who may call this")
    needed = GATES[request.method, path]
    if needed is not PUBLIC:
        member = calling_member(request, calling_desk(request), serving_desk(request))
        require(member, needed)


def gated(desk: Service, member: Annotated[StaffMember, Depends(calling_member)]) -> GatedDesk:
    """The desk as this caller may use it."""
    return GatedDesk(desk, member)


GatedService = Annotated[GatedDesk, Depends(gated)]
