"""Where wallets push what they ask for (RFC 9126), and fetch what their attestation answers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import Json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import parse_pushed_request, request_uri
from issuer import service
from issuer.service import authorizations
from issuer.service.authorizations import PAR_PATH, REQUEST_SECONDS
from issuer.service.wallet_clients import CHALLENGE_PATH, new_challenge

from .limits import RateLimit
from .rendering import in_oauth_words, json
from .requests import address_of, attestation, dpop, media_type
from .wallets import FORM

CREATED = 201


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The routes of ``issuer`` for wallets that ask by themselves."""
    router = APIRouter(prefix=issuer.settings.path, tags=["OpenID4VCI"])
    limit = RateLimit(issuer.settings.requests_per_second, issuer.settings.request_burst)
    if issuer.patients is not None:
        _add_pushing(router, issuer, limit)
    if issuer.settings.wallet_attestation_challenge and issuer.wallets.attest:

        @router.post(CHALLENGE_PATH)
        async def challenge(request: Request) -> Response:
            """Attestation-based client authentication, draft-07 section 8."""

            async def work() -> Response:
                limit.take(address_of(request), issuer.clock())
                return json({"attestation_challenge": new_challenge(issuer)})

            return await in_oauth_words(work, otherwise="invalid_request", at_resource=False)

    return router


def _add_pushing(router: APIRouter, issuer: service.IssuerContext, limit: RateLimit) -> None:
    @router.post(PAR_PATH, status_code=CREATED)
    async def push(request: Request) -> Response:
        """RFC 9126 section 2."""

        async def work() -> Response:
            limit.take(address_of(request), issuer.clock())
            if media_type(request) != FORM:
                raise ProtocolError("oid4vci.invalid_request", "the body must be a form")
            asked = parse_pushed_request(await request.body())
            sent, proof = attestation(request), dpop(request)
            secret = await run_in_threadpool(
                authorizations.push, issuer, asked, sent=sent, proof=proof
            )
            told: dict[str, Json] = {
                "request_uri": request_uri(secret),
                "expires_in": REQUEST_SECONDS,
            }
            return json(told, status=CREATED)

        return await in_oauth_words(work, otherwise="invalid_request", at_resource=False)
