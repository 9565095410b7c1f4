"""The token request with its client authentication, and the two answers: tokens and user info.

OpenID Connect Core 1.0 sections 3.1.3, 5.3 and 9, RFC 6749 section 4.1.3, RFC 7523. Rules: a
secret goes into a header or body, never into an address; an answer of another shape is refused
whole. What is *not* here: HTTP, and the check of the ID token (``id_token``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote_plus, urlencode

from healthpassport.encoding import MAX_TOKEN_BYTES, Json, b64_encode, parse_json_object
from healthpassport.errors import EncodingError, ProtocolError
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.jose import jws
from healthpassport.keys import Signer
from healthpassport.keys.rsa import RsaClientKey

OK: Final = 200
BAD_REQUEST: Final = 400
FORM: Final = "application/x-www-form-urlencoded"
JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME: Final = timedelta(minutes=1)
MAX_ANSWER: Final = 2 * MAX_TOKEN_BYTES


class ClientAuthentication(StrEnum):
    """How the desk proves to the provider which client it is (section 9)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The client's name, and what its way of authentication takes.

    ``kid`` names the key. ``audience`` is whom a signed assertion is for: the issuer (so RFC
    7523bis, against assertions that are passed on), or the token endpoint where the provider
    still wants that.
    """

    client_id: str
    way: ClientAuthentication = ClientAuthentication.NONE
    secret: str = field(default="", repr=False)
    signer: Signer | RsaClientKey | None = field(default=None, repr=False)
    kid: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The tokens, to be used at once and then forgotten."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def token_request(
    endpoint: str,
    *,
    code: str,
    verifier: str,
    redirect_uri: str,
    client: ClientCredentials,
    now: datetime,
    jti: str,
) -> HttpRequest:
    """The request that turns ``code`` into tokens (section 3.1.3.1)."""
    told = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,  # RFC 7636 section 4.5
    }
    headers = {"Content-Type": FORM, "Accept": "application/json"}
    if client.way is ClientAuthentication.BASIC:
        # RFC 6749 section 2.3.1: both parts are form-encoded first.
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
        headers["Authorization"] = f"Basic {b64_encode(pair.encode())}"
    else:
        told["client_id"] = client.client_id
    if client.way is ClientAuthentication.POST:
        told["client_secret"] = client.secret
    if client.way is ClientAuthentication.PRIVATE_KEY:
        told["client_assertion_type"] = JWT_BEARER
        told["client_assertion"] = _assertion(client, now, jti)
    body = urlencode(told).encode("ascii")
    return HttpRequest("POST", endpoint, headers, body, max_bytes=MAX_ANSWER)


def _assertion(client: ClientCredentials, now: datetime, jti: str) -> str:
    """RFC 7523 section 3: for one audience alone, and for a minute."""
    if client.signer is None or not client.audience:
        raise ProtocolError("oidc.client", "there is no key to sign with")
    claims: dict[str, Json] = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": client.audience,
        "jti": jti,
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_LIFETIME).timestamp()),
    }
    signer = client.signer
    key = signer if isinstance(signer, RsaClientKey) else signer.public_key
    header = {"typ": "JWT", "kid": client.kid or key.thumbprint()}
    return jws.sign(header=header, payload=claims, signer=signer)


def read_token_answer(response: HttpResponse) -> TokenAnswer:
    """The tokens in ``response`` (section 3.1.3.3).

    Raises:
        ProtocolError: ``oidc.code`` where the provider refuses the code, ``oidc.client`` where it
            refuses the desk, ``oidc.token_answer`` for anything of another shape.
    """
    found = _object(response)
    if response.status != OK:
        wrong_client = found.get("error") in {"invalid_client", "unauthorized_client"}
        refused = response.status < 2 * BAD_REQUEST and "error" in found
        raise ProtocolError(
            "oidc.client" if wrong_client else "oidc.code" if refused else "oidc.token_answer"
        )
    id_token, access = found.get("id_token"), found.get("access_token")
    kind = found.get("token_type")
    if not isinstance(id_token, str) or not isinstance(access, str) or not access:
        raise ProtocolError("oidc.token_answer", "a token is missing")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise ProtocolError("oidc.token_answer", "the token is of another type")
    return TokenAnswer(id_token, access)


def read_userinfo(response: HttpResponse, *, expected_subject: str) -> Mapping[str, Json]:
    """The claims of the user info endpoint (section 5.3.2).

    Raises:
        ProtocolError: ``oidc.userinfo`` for another person's, and for anything but JSON.
    """
    if response.status != OK or "json" not in response.headers.get("content-type", ""):
        raise ProtocolError("oidc.userinfo", "it is no JSON")
    found = _object(response)
    # Section 5.3.4: without this anybody's claims could be put in the place of a person's own.
    if found.get("sub") != expected_subject:
        raise ProtocolError("oidc.userinfo", "it is about another person")
    return found


def _object(response: HttpResponse) -> dict[str, Json]:
    try:
        return parse_json_object(response.body, max_bytes=MAX_ANSWER)
    except EncodingError as error:
        raise ProtocolError("oidc.token_answer", "it is not strict JSON") from error
