"""The routes that a wallet uses before it has a token (OpenID4VCI 1.0): offer, token, nonce.

What is *not* here: the routes that give records (``credentials``).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import parse_token_request
from issuer import service
from issuer.service import token_requests
from issuer.service.grants import TOKEN_PATH
from issuer.service.nonces import NONCE_PATH, new_nonce
from issuer.service.offers import OFFER_PATH

from .limits import limit_of
from .rendering import in_oauth_words, json
from .requests import address_of, attestation, dpop, media_type

FORM: Final = "application/x-www-form-urlencoded"


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The wallet's routes of ``issuer`` that take no access token."""
    router = APIRouter(prefix=issuer.settings.path, tags=["OpenID4VCI"])
    limit = limit_of(issuer)

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

    @router.post(NONCE_PATH)
    async def nonce(request: Request) -> Response:
        """Section 7: a fresh nonce for key proofs."""

        async def work() -> Response:
            limit.take(address_of(request), issuer.clock())
            return json({"c_nonce": new_nonce(issuer)})

        return await in_oauth_words(work, otherwise="invalid_request", at_resource=False)

    return router
