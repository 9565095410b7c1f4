"""Token requests and response: by either kind of code (OpenID4VCI 1.0 section 6) or refresh token.

A refresh request may carry ``attempt``, a member of our own (others ignore it, RFC 6749 section
3.2): random, kept by the wallet before it asks and sent again with the same refresh token, so that
an answer that was lost can be told again however late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from healthpassport.encoding import Json, parse_json_object
from healthpassport.protocols.oid4vci.credentials import Identifier
from healthpassport.protocols.oid4vci.forms import authorization_details, form
from healthpassport.protocols.oid4vci.offers import PRE_AUTHORIZED_CODE_GRANT
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse, refuse_form

REFRESH_GRANT: Final = "refresh_token"  # RFC 6749 section 6
AUTHORIZATION_CODE_GRANT: Final = "authorization_code"  # RFC 6749 section 4.1.3
AUTHORIZATION_DETAIL: Final = "openid_credential"  # section 5.1.1

Short = Annotated[str, Field(min_length=1, max_length=2_048)]
Token = Annotated[str, Field(min_length=1, max_length=8_192)]  # may be a JWT with much in it


class AuthorizationDetail(WireModel):
    """What a wallet asks for by name (section 5.1.1)."""

    type: Literal["openid_credential"]
    credential_configuration_id: Short
    locations: Annotated[tuple[Short, ...], Field(max_length=8, strict=False)] | None = None


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


class CodeRequest(WireModel):
    """A token request with the code of an authorization (RFC 6749 section 4.1.3, RFC 7636)."""

    code: Short
    redirect_uri: Short
    code_verifier: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{43,128}$")]
    client_id: Short | None = None
    resource: Short | None = None
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    def wire(self) -> dict[str, str]:
        """The parameters of the form; ``authorization_details`` are not sent."""
        form = {"grant_type": AUTHORIZATION_CODE_GRANT, "code": self.code}
        form |= {"redirect_uri": self.redirect_uri, "code_verifier": self.code_verifier}
        optional = {"client_id": self.client_id, "resource": self.resource}
        return form | {name: value for name, value in optional.items() if value is not None}


class RefreshRequest(WireModel):
    """A token request with a refresh token (RFC 6749 section 6)."""

    refresh_token: Token
    client_id: Short | None = None
    scope: Short | None = None
    resource: Short | None = None
    attempt: Annotated[str, Field(min_length=16, max_length=64)] | None = None
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    def wire(self) -> dict[str, str]:
        """The parameters of the form; ``authorization_details`` and ``scope`` are not sent."""
        form = {"grant_type": REFRESH_GRANT, "refresh_token": self.refresh_token}
        optional = {"client_id": self.client_id, "resource": self.resource, "attempt": self.attempt}
        return form | {name: value for name, value in optional.items() if value is not None}


class GrantedDetail(WireModel):
    """One granted credential with the identifiers to ask for it (section 6.2)."""

    type: Literal["openid_credential"] = "openid_credential"
    credential_configuration_id: str
    credential_identifiers: Annotated[tuple[Identifier, ...], Field(strict=False)] = ()


class TokenResponse(WireModel):
    """A successful token response (section 6.2)."""

    access_token: Token
    token_type: str
    expires_in: Annotated[int, Field(gt=0)] | None = None
    refresh_token: Token | None = None
    scope: Short | None = None
    authorization_details: Annotated[tuple[GrantedDetail, ...], Field(strict=False)] = ()

    def wire(self) -> dict[str, Json]:
        """The response as its JSON object."""
        dumped: dict[str, Json] = self.model_dump(exclude_none=True, mode="json")
        return {name: value for name, value in dumped.items() if value != []}


def parse_token_request(body: bytes) -> TokenRequest | CodeRequest | RefreshRequest:
    """The token request in the form ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_request`` for a form that is malformed or names a parameter
            twice (RFC 6749 section 3.2), ``oid4vci.unsupported_grant_type``.
    """
    given = form(body)
    grant = given.get("grant_type")
    if grant is None:
        raise refuse("invalid_request", detail="grant_type is missing")
    if grant not in {PRE_AUTHORIZED_CODE_GRANT, AUTHORIZATION_CODE_GRANT, REFRESH_GRANT}:
        raise refuse("unsupported_grant_type")
    values: dict[str, object] = dict(given)
    try:
        if "authorization_details" in given:
            values["authorization_details"] = authorization_details(given["authorization_details"])
        if grant == REFRESH_GRANT:
            return RefreshRequest.model_validate(values)
        if grant == AUTHORIZATION_CODE_GRANT:
            return CodeRequest.model_validate(values)
        return TokenRequest.model_validate(values)
    except ValidationError as error:
        raise refuse_form(error) from error


def parse_token_response(data: bytes) -> TokenResponse:
    """The token response in JSON ``data``, for a wallet.

    Authorization details of other types (RFC 9396 section 2) are not ours to read.

    Raises:
        ProtocolError: ``oid4vci.response``.
        EncodingError: when it is not strict JSON.
    """
    value = parse_json_object(data)
    details = value.get("authorization_details")
    if isinstance(details, list):
        value["authorization_details"] = [one for one in details if not _is_of_others(one)]
    try:
        return TokenResponse.model_validate(value)
    except ValidationError as error:
        raise refuse("response", error) from error


def _is_of_others(detail: Json) -> bool:
    named = detail.get("type", AUTHORIZATION_DETAIL) if isinstance(detail, Mapping) else None
    return isinstance(named, str) and named != AUTHORIZATION_DETAIL
