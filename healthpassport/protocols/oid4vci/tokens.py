"""Token requests and response: by pre-authorised code (OpenID4VCI 1.0 section 6) or refresh token.

A refresh request may carry ``attempt``, a member of our own (others ignore it, RFC 6749 section
3.2): random, kept by the wallet before it asks and sent again with the same refresh token, so that
an answer that was lost can be told again however late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl

from pydantic import Field, ValidationError

from healthpassport.encoding import Json, parse_json, parse_json_object
from healthpassport.errors import EncodingError
from healthpassport.protocols.oid4vci.offers import PRE_AUTHORIZED_CODE_GRANT
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse

MAX_PARAMETERS: Final = 32  # of a form; the grant knows eight
REFRESH_GRANT: Final = "refresh_token"  # RFC 6749 section 6
AUTHORIZATION_DETAIL: Final = "openid_credential"  # section 5.1.1

Short = Annotated[str, Field(min_length=1, max_length=2_048)]


class AuthorizationDetail(WireModel):
    """What a wallet asks for by name (section 5.1.1)."""

    type: Literal["openid_credential"]
    credential_configuration_id: Short


class TokenRequest(WireModel):
    """A token request with a pre-authorised code (section 6.1)."""

    code: Annotated[Short, Field(alias="pre-authorized_code")]
    tx_code: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    client_id: Short | None = None
    scope: Short | None = None
    resource: Short | None = None
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    def wire(self) -> dict[str, str]:
        """The parameters of the form; ``authorization_details`` and ``scope`` are not sent."""
        form = {"grant_type": PRE_AUTHORIZED_CODE_GRANT, "pre-authorized_code": self.code}
        optional = {"tx_code": self.tx_code, "client_id": self.client_id, "resource": self.resource}
        return form | {name: value for name, value in optional.items() if value is not None}


class RefreshRequest(WireModel):
    """A token request with a refresh token (RFC 6749 section 6)."""

    refresh_token: Short
    client_id: Short | None = None
    scope: Short | None = None
    resource: Short | None = None
    attempt: Annotated[str, Field(min_length=16, max_length=64)] | None = None

    def wire(self) -> dict[str, str]:
        """The parameters of the form; ``scope`` is not sent."""
        form = {"grant_type": REFRESH_GRANT, "refresh_token": self.refresh_token}
        optional = {"client_id": self.client_id, "resource": self.resource, "attempt": self.attempt}
        return form | {name: value for name, value in optional.items() if value is not None}


class GrantedDetail(WireModel):
    """One granted credential with the identifiers to ask for it (section 6.2)."""

    type: Literal["openid_credential"] = "openid_credential"
    credential_configuration_id: str
    credential_identifiers: Annotated[tuple[str, ...], Field(strict=False)]


class TokenResponse(WireModel):
    """A successful token response (section 6.2)."""

    access_token: Annotated[str, Field(min_length=1, max_length=8_192)]
    token_type: str
    expires_in: Annotated[int, Field(gt=0)] | None = None
    refresh_token: Short | None = None
    authorization_details: Annotated[tuple[GrantedDetail, ...], Field(strict=False)] = ()

    def wire(self) -> dict[str, Json]:
        """The response as its JSON object."""
        dumped: dict[str, Json] = self.model_dump(exclude_none=True, mode="json")
        return {name: value for name, value in dumped.items() if value != []}


def parse_token_request(body: bytes) -> TokenRequest | RefreshRequest:
    """The token request in the form ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_request`` for a form that is malformed or names a parameter
            twice (RFC 6749 section 3.2), ``oid4vci.unsupported_grant_type``.
    """
    form = _form(body)
    grant = form.get("grant_type")
    if grant is None:
        raise refuse("invalid_request", detail="grant_type is missing")
    if grant not in {PRE_AUTHORIZED_CODE_GRANT, REFRESH_GRANT}:
        raise refuse("unsupported_grant_type")
    values: dict[str, object] = dict(form)
    try:
        if grant == REFRESH_GRANT:
            return RefreshRequest.model_validate(values)
        if "authorization_details" in form:
            values["authorization_details"] = _details(form["authorization_details"])
        return TokenRequest.model_validate(values)
    except ValidationError as error:
        raise refuse("invalid_request", error) from error


def parse_token_response(data: bytes) -> TokenResponse:
    """The token response in JSON ``data``, for a wallet.

    Raises:
        ProtocolError: ``oid4vci.response``.
        EncodingError: when it is not strict JSON.
    """
    try:
        return TokenResponse.model_validate(parse_json_object(data))
    except ValidationError as error:
        raise refuse("response", error) from error


def _form(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise refuse("invalid_request", detail="the body is not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise refuse("invalid_request", detail="a parameter stands twice")
    return form


def _details(text: str) -> tuple[Json, ...]:
    try:
        details = parse_json(text, max_bytes=16_384)
    except EncodingError as error:
        raise refuse("invalid_request", detail="authorization_details is not JSON") from error
    if not isinstance(details, list) or not details:
        raise refuse("invalid_request", detail="authorization_details is no list")
    return tuple(details)
