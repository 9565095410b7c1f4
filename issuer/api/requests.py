"""What routes read from the head of a request: address, media type, DPoP proof, access token."""

from __future__ import annotations

from contextlib import AbstractContextManager

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci.wallet_attestation import HEADER, POP_HEADER
from issuer import service
from issuer.service.wallet_clients import SentAttestation


async def access_of(issuer: service.IssuerContext, request: Request, path: str) -> service.Access:
    """The access that the headers of ``request`` to ``path`` give."""
    return await run_in_threadpool(access_at, issuer, request, path)


def access_at(issuer: service.IssuerContext, request: Request, path: str) -> service.Access:
    """As ``access_of``, for a step that is on a thread already: each change of thread costs."""
    return service.authenticate(
        issuer,
        authorization=request.headers.get("authorization", ""),
        proof=dpop(request),
        method=request.method,
        path=path,
    )


def accessing(
    issuer: service.IssuerContext, request: Request, path: str
) -> AbstractContextManager[service.Access]:
    """As ``access_at``, for a block that uses the proof up with what it writes."""
    return service.accessing(
        issuer,
        authorization=request.headers.get("authorization", ""),
        proof=dpop(request),
        method=request.method,
        path=path,
    )


def dpop(request: Request) -> str | None:
    """The one DPoP header (RFC 9449 section 4.3 step 1)."""
    values = request.headers.getlist("dpop")
    if len(values) > 1:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "there are two DPoP headers")
    return values[0] if values else None


def attestation(request: Request) -> SentAttestation:
    """The headers with which a wallet proves which kind of wallet it is, however often sent."""
    headers = request.headers
    return SentAttestation(headers.getlist(HEADER), headers.getlist(POP_HEADER))


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def address_of(request: Request) -> str:
    """The address that a request came from, for counting."""
    return request.client.host if request.client else ""
