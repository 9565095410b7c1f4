"""The routes by which a wallet turns its records into an emergency card, and ends one.

OpenID4VP 1.0 sections 5.10 and 8.2: the request by POST with the wallet's nonce, the encrypted
answer as a form. Docs: docs/emergency-card.md, "From wallet to card".
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import parse_json_object
from healthpassport.errors import CardError, ProtocolError
from issuer import service
from issuer.service.cards import ANSWER_PATH, REQUEST_PATH

from .limits import limit_of
from .rendering import json

STATUS_PATH: Final = "/cards/status"
REQUEST_TYPE: Final = "application/oauth-authz-req+jwt"  # RFC 9101 section 10.7
MAX_NONCE: Final = 256  # characters
MAX_SECRET: Final = 64
MAX_FIELDS: Final = 8
_FORM: Final = "application/x-www-form-urlencoded"
_CHANGES: Final = {"withdrawn": service.Change.WITHDRAW, "replaced": service.Change.REPLACE}


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The card routes of ``issuer``."""
    router = APIRouter(prefix=issuer.settings.path, tags=["Emergency card"])
    limit = limit_of(issuer)

    def count(request: Request) -> None:
        limit.take(request.client.host if request.client else "", issuer.clock())

    @router.post(REQUEST_PATH)
    async def card_request(request: Request) -> Response:
        """This issuer's request for its own records."""
        count(request)
        nonce = _wallet_nonce(await request.body())
        made = await run_in_threadpool(service.card_request, issuer, wallet_nonce=nonce)
        return Response(made, media_type=REQUEST_TYPE, headers={"cache-control": "no-store"})

    @router.post(ANSWER_PATH)
    async def card_answer(request: Request) -> Response:
        """The wallet's answer; the offer of its card."""
        count(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            raise ProtocolError("vp.format", "the body is not a form")
        found = await run_in_threadpool(service.card_answer, issuer, await request.body())
        return json({} if found is None else {"credential_offer": found.offer.wire()})

    @router.post(STATUS_PATH, status_code=204)
    async def card_status(request: Request) -> Response:
        """The end of a card, by whoever holds its secret."""
        count(request)
        told = parse_json_object(await request.body())
        secret, change = told.get("notification_id"), _CHANGES.get(str(told.get("status")))
        if not isinstance(secret, str) or len(secret) > MAX_SECRET or change is None:
            raise CardError("card.unknown")
        await run_in_threadpool(service.change_card, issuer, secret=secret, change=change)
        return Response(status_code=204)

    return router


def _wallet_nonce(body: bytes) -> str | None:
    """The wallet's nonce in a form (OpenID4VP 1.0 section 5.10), if it sent one."""
    try:
        form = parse_qsl(body.decode("ascii"), max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise ProtocolError("oid4vci.invalid_request", "the body is not a form") from error
    found = [value for name, value in form if name == "wallet_nonce"]
    if len(found) > 1 or any(len(value) > MAX_NONCE for value in found):
        raise ProtocolError("oid4vci.invalid_request", "wallet_nonce stands once, and is short")
    return found[0] if found else None
