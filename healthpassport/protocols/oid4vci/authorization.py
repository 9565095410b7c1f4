"""Asking for authorization: the pushed request, the two kinds of answer, and details of what.

OpenID4VCI 1.0 section 5, RFC 9126 (pushed requests), RFC 7636 (S256 alone), RFC 9207 (``iss``).
Rules: one redirect URI, fully written; a request says everything once; what is not known is passed
over (RFC 6749 section 3.1). What is *not* here: which redirect URIs a client may use, and time.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field, ValidationError

from healthpassport.encoding import dump_json, parse_json_object
from healthpassport.protocols.oid4vci.forms import authorization_details, form
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse, refuse_form
from healthpassport.protocols.oid4vci.tokens import AuthorizationDetail, Short

REQUEST_URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 section 2.2
MAX_SCOPE: Final = 4_096  # characters
MAX_STATE: Final = 2_048
S256: Final = "S256"

Digest = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]  # base64url of a SHA-256


class PushedRequest(WireModel):
    """A pushed authorization request (RFC 9126 section 2.1, OpenID4VCI 1.0 section 5.1)."""

    response_type: Literal["code"]
    client_id: Short | None = None
    redirect_uri: Short
    code_challenge: Digest
    code_challenge_method: Literal["S256"]
    state: Annotated[str, Field(max_length=MAX_STATE)] | None = None
    response_mode: Literal["query"] | None = None
    scope: Annotated[str, Field(max_length=MAX_SCOPE, pattern=r"^[\x21\x23-\x5b\x5d-\x7e ]*$")] = ""
    resource: Short | None = None
    issuer_state: Short | None = None
    dpop_jkt: Digest | None = None
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Each scope value once, in order (RFC 6749 section 3.3)."""
        return tuple(dict.fromkeys(self.scope.split()))

    def wire(self) -> dict[str, str]:
        """The parameters of the form."""
        told = self.model_dump(exclude_none=True, mode="json")
        details = told.pop("authorization_details")
        if details:
            told["authorization_details"] = dump_json(details).decode()
        return {name: str(value) for name, value in told.items() if value}


class PushedResponse(WireModel):
    """What a pushed request is answered with (RFC 9126 section 2.2)."""

    request_uri: Short
    expires_in: Annotated[int, Field(gt=0)]


def parse_pushed_request(body: bytes) -> PushedRequest:
    """The pushed request in the form ``body``.

    Raises:
        ProtocolError: ``oid4vci.invalid_request``; ``oid4vci.unsupported_response_type`` for
            anything but ``code``, ``oid4vci.request_not_supported`` for a request object,
            ``oid4vci.invalid_authorization_details``.
    """
    given = form(body)
    if "request_uri" in given:  # RFC 9126 section 2.1
        raise refuse("invalid_request", detail="request_uri has no place in a pushed request")
    if "request" in given:
        raise refuse("request_not_supported")
    if given.get("response_type", "code") != "code":
        raise refuse("unsupported_response_type")
    if given.get("code_challenge_method") != S256:  # RFC 7636 section 4.4.1; plain is the default
        raise refuse("invalid_request", detail="code_challenge_method must be S256")
    values: dict[str, object] = dict(given)
    if "authorization_details" in given:
        values["authorization_details"] = authorization_details(given["authorization_details"])
    try:
        return PushedRequest.model_validate(values)
    except ValidationError as error:
        raise refuse_form(error) from error


def parse_pushed_response(data: bytes) -> PushedResponse:
    """The answer in JSON ``data``, for a wallet.

    Raises:
        ProtocolError: ``oid4vci.response``.
        EncodingError: when it is not strict JSON.
    """
    try:
        return PushedResponse.model_validate(parse_json_object(data))
    except ValidationError as error:
        raise refuse("response", error) from error


def request_uri(secret: str) -> str:
    """The address that stands for a pushed request (RFC 9126 section 2.2)."""
    return REQUEST_URI_PREFIX + secret


def secret_of(uri: str) -> str | None:
    """What ``request_uri`` was given, None for an address of another kind."""
    return uri.removeprefix(REQUEST_URI_PREFIX) if uri.startswith(REQUEST_URI_PREFIX) else None


def answer_url(redirect_uri: str, *, issuer: str, state: str | None, **told: str) -> str:
    """Where the browser goes with the answer (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207)."""
    values = {**told, "iss": issuer} | ({"state": state} if state is not None else {})
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return redirect_uri + joint + urlencode(values)
