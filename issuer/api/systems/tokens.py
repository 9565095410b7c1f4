"""The token endpoint of record systems, apart from the wallets' (RFC 6749 section 4.4)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.asgi import client_address
from healthpassport.encoding import dump_json
from healthpassport.errors import PassportError, ProtocolError
from healthpassport.protocols.oid4vci import oauth_error
from issuer.api.rendering import NO_STORE, json
from issuer.client.api.models import Token
from issuer.service.client_tokens import CLIENT_TOKEN_PATH, give_token

from . import examples
from .access import SystemRoute, door_of, dpop_proof
from .describing import EVERYWHERE, JSON, SENT, refused_with

FORM: Final = "application/x-www-form-urlencoded"
_AREA: Final = "api."
_UNAUTHORIZED: Final = 401
_REFUSED: Final = {
    400: (
        "api.invalid_request",
        "api.unsupported_grant_type",
        "api.invalid_scope",
        "oid4vci.invalid_dpop_proof",
        "oid4vci.use_dpop_nonce",
    ),
    401: ("api.invalid_client",),
}
_TEXT: Final = {"type": "string"}
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {"type": "string", "description": "Left out: all that the client has."},
        "client_id": _TEXT,
        "client_assertion_type": {
            "type": "string",
            "enum": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
        },
        "client_assertion": {"type": "string", "description": "RFC 7523: signed by the client."},
    },
}


def _responses() -> dict[int | str, dict[str, Any]]:
    """Our own refusals in OAuth's shape, those of the surroundings as problems."""
    found = refused_with([*EVERYWHERE, *SENT])
    for status, codes in _REFUSED.items():
        told = {code: {"value": _body(PassportError(code))} for code in codes}
        row = found.setdefault(status, {"content": {}})
        schema = {"$ref": "#/components/schemas/OAuthRefusal"}
        row["content"][JSON] = {"schema": schema, "examples": told}
        row["description"] = f"Refused: {', '.join(codes)}."
    return {200: {"model": Token, "content": {JSON: {"example": examples.TOKEN}}}, **found}


def _body(error: PassportError) -> dict[str, str]:
    return oauth_error(error, otherwise=error.code.removeprefix(_AREA))


router = APIRouter(tags=["Tokens"], route_class=SystemRoute)


@router.post(
    CLIENT_TOKEN_PATH,
    summary="Get a token",
    operation_id="getToken",
    responses=_responses(),
    openapi_extra={
        "security": [{}, {"clientSecret": []}],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": _SCHEMA, "examples": examples.TOKEN_FORMS}},
        },
    },
)
async def token(request: Request) -> Response:
    """An access token for client credentials; with a DPoP proof it is bound to that key."""
    door = door_of(request)
    address, now = client_address(request.scope), door.issuer.clock()
    door.tokens.take(address, now)
    try:
        given = await run_in_threadpool(
            give_token,
            door.issuer,
            await _form(request),
            authorization=request.headers.get("authorization", ""),
            proof=dpop_proof(request),
        )
    except ProtocolError as error:
        if error.code == "api.invalid_client":
            door.wrong.take(address, now)
        return _refusal(error, basic="authorization" in request.headers)
    return json(given.wire())


async def _form(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise ProtocolError("api.invalid_request", "the body must be a form")
    return await request.body()


def _refusal(error: PassportError, *, basic: bool) -> Response:
    """RFC 6749 section 5.2: 401 is for the client alone, with a challenge where it used one."""
    status = error.status if error.code == "api.invalid_client" else 400
    headers = dict(NO_STORE)
    if status == _UNAUTHORIZED and basic:
        headers["www-authenticate"] = 'Basic realm="record systems"'
    body = dump_json(_body(error))
    return Response(body, status_code=status, media_type=JSON, headers=headers)
