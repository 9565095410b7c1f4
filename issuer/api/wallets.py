"""The routes that a wallet uses (OpenID4VCI 1.0): offer, token, nonce, credential, notification."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import (
    parse_credential_request,
    parse_notification,
    parse_token_request,
)
from healthpassport.protocols.oid4vci.attestation import HEADER, POP_HEADER
from issuer import service
from issuer.service import token_requests
from issuer.service.credentials import CREDENTIAL_PATH, NOTIFICATION_PATH
from issuer.service.grants import TOKEN_PATH
from issuer.service.nonces import new_nonce
from issuer.service.offers import OFFER_PATH
from issuer.service.wallet_clients import SentAttestation

from .limits import RateLimit
from .rendering import in_oauth_words, json

FORM: Final = "application/x-www-form-urlencoded"


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The wallet's routes of ``issuer``."""
    router = APIRouter(prefix=issuer.settings.path, tags=["OpenID4VCI"])
    _add_open(router, issuer)
    _add_protected(router, issuer)
    return router


def _add_open(router: APIRouter, issuer: service.IssuerContext) -> None:
    """The routes without an access token."""
    limit = RateLimit(issuer.settings.requests_per_second, issuer.settings.request_burst)

    @router.get(OFFER_PATH + "{address}")
    async def credential_offer(request: Request, address: str) -> Response:
        """A credential offer by reference (section 4.1.3)."""
        limit.take(address_of(request), issuer.clock())
        return json((await run_in_threadpool(service.offer_at, issuer, address)).wire())

    @router.post(TOKEN_PATH)
    async def token(request: Request) -> Response:
        """Section 6: code and PIN, or a refresh token, become an access token."""

        async def work() -> Response:
            limit.take(address_of(request), issuer.clock())
            if media_type(request) != FORM:
                raise ProtocolError("oid4vci.invalid_request", "the body must be a form")
            asked = parse_token_request(await request.body())
            proof = dpop(request)

            sent = attestation(request)
            given = await run_in_threadpool(
                token_requests.give, issuer, asked, sent=sent, proof=proof
            )
            return json(given.wire())

        return await in_oauth_words(work, otherwise="invalid_request", at_resource=False)

    @router.post("/nonce")
    async def nonce(request: Request) -> Response:
        """Section 7: a fresh nonce for key proofs."""

        async def work() -> Response:
            limit.take(address_of(request), issuer.clock())
            return json({"c_nonce": new_nonce(issuer)})

        return await in_oauth_words(work, otherwise="invalid_request", at_resource=False)


def _add_protected(router: APIRouter, issuer: service.IssuerContext) -> None:
    """The routes that take an access token."""

    @router.post(CREDENTIAL_PATH)
    async def credential(request: Request) -> Response:
        """Section 8: key proofs become copies of one record."""

        async def work() -> Response:
            access = await access_of(issuer, request, CREDENTIAL_PATH)
            asked = parse_credential_request(await request.body())
            answer = await run_in_threadpool(service.issue, issuer, access=access, request=asked)
            return json(answer.wire())

        return await in_oauth_words(work, otherwise="invalid_credential_request", at_resource=True)

    @router.post(NOTIFICATION_PATH, status_code=204)
    async def notification(request: Request) -> Response:
        """Section 11: what became of the copies."""

        async def work() -> Response:
            access = await access_of(issuer, request, NOTIFICATION_PATH)
            told = parse_notification(await request.body())
            await run_in_threadpool(service.notify, issuer, access=access, notification=told)
            return Response(status_code=204)

        return await in_oauth_words(
            work, otherwise="invalid_notification_request", at_resource=True
        )


async def access_of(issuer: service.IssuerContext, request: Request, path: str) -> service.Access:
    """The access that the headers of ``request`` to ``path`` give."""
    return await run_in_threadpool(
        service.authenticate,
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
    """The headers with which a wallet proves which kind of wallet it is."""
    headers = request.headers
    return SentAttestation(headers.getlist(HEADER), headers.getlist(POP_HEADER))


def media_type(request: Request) -> str:
    """What the body says that it is."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def address_of(request: Request) -> str:
    """The address that a request came from, for counting."""
    return request.client.host if request.client else ""
