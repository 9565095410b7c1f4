"""The routes that give records: credential, deferred credential, notification.

OpenID4VCI 1.0 sections 8 to 11. Requests and responses may be encrypted; refusals never are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import Json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import (
    CredentialResponse,
    DeferredResponse,
    ResponseEncryption,
    encrypted_response,
    parse_credential_request,
    parse_deferred_request,
    parse_notification,
)
from healthpassport.protocols.oid4vci.encryption import JWT
from issuer import service
from issuer.service.credentials import CREDENTIAL_PATH, NOTIFICATION_PATH
from issuer.service.deferring import DEFERRED_PATH
from issuer.service.encryption import check_wanted, read_message

from .rendering import JSON, NO_STORE, in_oauth_words, json
from .requests import access_at, access_of, accessing, media_type

_ACCEPTED: Final = 202
_OTHERWISE: Final = "invalid_credential_request"


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The routes that take an access token and give records."""
    router = APIRouter(prefix=issuer.settings.path, tags=["OpenID4VCI"])

    @router.post(CREDENTIAL_PATH)
    async def credential(request: Request) -> Response:
        """Section 8: key proofs become copies of one record."""

        def given(sent: bytes) -> Response:
            with accessing(issuer, request, CREDENTIAL_PATH) as access:
                body, hidden = read_message(issuer, media_type(request), sent)
                asked = parse_credential_request(body)
                wanted = asked.credential_response_encryption
                check_wanted(issuer, wanted, came_encrypted=hidden)
                return _answered(service.issue(issuer, access=access, request=asked), wanted)

        async def work() -> Response:
            return await run_in_threadpool(given, await request.body())

        return await in_oauth_words(work, otherwise=_OTHERWISE, at_resource=True)

    @router.post(DEFERRED_PATH)
    async def deferred_credential(request: Request) -> Response:
        """Section 9: what was put off, once it is there."""

        def given(sent: bytes) -> Response:
            access = access_at(issuer, request, DEFERRED_PATH)
            body, hidden = read_message(issuer, media_type(request), sent)
            asked = parse_deferred_request(body)
            wanted = asked.credential_response_encryption
            check_wanted(issuer, wanted, came_encrypted=hidden)
            return _answered(service.collect(issuer, access=access, request=asked), wanted)

        async def work() -> Response:
            return await run_in_threadpool(given, await request.body())

        return await in_oauth_words(work, otherwise=_OTHERWISE, at_resource=True)

    @router.post(NOTIFICATION_PATH, status_code=204)
    async def notification(request: Request) -> Response:
        """Section 11: what became of the copies."""

        async def work() -> Response:
            access = await access_of(issuer, request, NOTIFICATION_PATH)
            if media_type(request) != JSON:
                raise ProtocolError(
                    "oid4vci.invalid_notification_request", "the body must be application/json"
                )
            told = parse_notification(await request.body())
            await run_in_threadpool(service.notify, issuer, access=access, notification=told)
            return Response(status_code=204, headers=NO_STORE)

        return await in_oauth_words(
            work, otherwise="invalid_notification_request", at_resource=True
        )

    return router


def _answered(
    answer: CredentialResponse | DeferredResponse, wanted: ResponseEncryption | None
) -> Response:
    """Section 8.3: 202 for what comes later; encrypted whatever it says, where that was asked."""
    status = _ACCEPTED if isinstance(answer, DeferredResponse) else 200
    value: Mapping[str, Json] = answer.wire()
    if wanted is None:
        return json(dict(value), status=status)
    return Response(
        encrypted_response(value, wanted), status_code=status, media_type=JWT, headers=NO_STORE
    )
