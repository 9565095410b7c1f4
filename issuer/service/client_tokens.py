"""Access tokens for record systems: OAuth 2.0 client credentials (RFC 6749 section 4.4).

A client proves itself by HTTP Basic or by an assertion of its own key, in one way at a time; the
token is short-lived, kept as a hash, and bound to the key of a DPoP proof (RFC 9449).
There is no refresh token (section 4.4.3). What is *not* here: wallets, whose tokens open records.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from healthpassport.encoding import Json, b64_decode
from healthpassport.errors import EncodingError, ProtocolError
from healthpassport.protocols.oid4vci.dpop import ALGORITHMS as DPOP_ALGORITHMS
from healthpassport.protocols.oidc.jwks import ALGORITHMS
from issuer.store import api_clients as rows
from issuer.store import spent
from issuer.store.api_clients import ApiClient, ApiToken, Credential

from .client_assertions import TYPE, checked_assertion, claimed_client
from .context import IssuerContext, digest, utc
from .dpop import accepted_proof
from .grants import DPOP
from .scopes import Scope, kept, parse_scopes, written
from .sealing import derived, seal

SERVER_PATH: Final = "/clients"  # behind iss: this authorization server's own name
CLIENT_TOKEN_PATH: Final = "/clients/token"  # noqa: S105 - an address
GRANT: Final = "client_credentials"
PREFIX: Final = "hpt_"  # so that a leaked token is recognised, and told from an API key
BEARER: Final = "Bearer"
MATERIAL: Final = "idempotency"  # what is made of a client's secret, and sealed for its token
MAX_FIELDS: Final = 16
_MEMBERS: Final = frozenset(
    {"grant_type", "scope", "client_id", "client_assertion", "client_assertion_type"}
)


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token as it is told (RFC 6749 section 5.1)."""

    value: str = field(repr=False)
    kind: str
    seconds: int
    scopes: str

    def wire(self) -> dict[str, Json]:
        """The token response."""
        return {
            "access_token": self.value,
            "token_type": self.kind,
            "expires_in": self.seconds,
            "scope": self.scopes,
        }


@dataclass(frozen=True, slots=True)
class _Proven:
    """A client that proved itself, and its secret where it has one."""

    client: ApiClient
    secret: str = field(default="", repr=False)


def server_document(issuer: IssuerContext) -> dict[str, Json]:
    """Authorization server metadata (RFC 8414 section 2), of this token endpoint alone."""
    return {
        "issuer": issuer.url(SERVER_PATH),
        "token_endpoint": issuer.url(CLIENT_TOKEN_PATH),
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "scopes_supported": [scope.value for scope in Scope],
        "service_documentation": issuer.url("/docs"),
    }


def give_token(
    issuer: IssuerContext, body: bytes, *, authorization: str, proof: str | None
) -> GivenToken:
    """The token for the form ``body``; ``proof`` is its DPoP header.

    Raises:
        ProtocolError: ``api.invalid_request``, ``api.unsupported_grant_type``,
            ``api.invalid_client``, ``api.invalid_scope``, ``oid4vci.invalid_dpop_proof``.
    """
    form = _form(body)
    if form.get("grant_type") != GRANT:
        code = "unsupported_grant_type" if form.get("grant_type") else "invalid_request"
        raise ProtocolError(f"api.{code}")
    proven = _proven(issuer, form, authorization)
    scopes = _scopes(proven.client, form.get("scope"))
    thumbprint = None
    if proof is not None:
        thumbprint = accepted_proof(issuer, proof, path=CLIENT_TOKEN_PATH).thumbprint
    elif proven.client.dpop:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the DPoP header is missing")
    value = PREFIX + issuer.secret()
    seconds = issuer.settings.client_token_minutes * 60
    sealed = None
    if proven.secret:
        material = derived(proven.secret, MATERIAL).encode()
        sealed = seal(material, secret=value, purpose=MATERIAL, random=issuer.random)
    token = ApiToken(
        token_hash=digest(value),
        client=proven.client.name,
        scopes=written(scopes),
        expires_at=issuer.now() + seconds,
        key_thumbprint=thumbprint,
        sealed=sealed,
    )
    with issuer.store.writing() as tx:
        rows.add_token(tx, token)
    return GivenToken(value, BEARER if thumbprint is None else DPOP, seconds, token.scopes)


def _form(body: bytes) -> Mapping[str, str]:
    """RFC 6749 section 3.2: no member twice; one of ours without a value counts as left out."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise ProtocolError("api.invalid_request", "the body is not a form") from error
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise ProtocolError("api.invalid_request", "a member stands twice")
    if any(name == "client_secret" for name, _ in pairs):  # section 2.3.1 advises against it
        raise ProtocolError("api.invalid_request", "send the secret as HTTP Basic")
    return {name: value for name, value in pairs if name in _MEMBERS and value}


def _proven(issuer: IssuerContext, form: Mapping[str, str], authorization: str) -> _Proven:
    """Section 2.3: the client proves itself in exactly one way."""
    assertion, kind = form.get("client_assertion"), form.get("client_assertion_type")
    if assertion is not None and authorization:
        raise ProtocolError("api.invalid_request", "prove who you are in one way")
    if (assertion is None) is not (kind is None) or kind not in (None, TYPE):
        raise ProtocolError("api.invalid_request", "client_assertion_type")
    if assertion is not None:
        found = _by_assertion(issuer, assertion)
    else:
        found = _by_secret(issuer, authorization)
    if form.get("client_id") not in (None, found.client.name):
        raise ProtocolError("api.invalid_client", "client_id is another's")
    return found


def _by_secret(issuer: IssuerContext, authorization: str) -> _Proven:
    """Section 2.3.1: form-encoded name and secret as user and password of RFC 7617."""
    scheme, _, told = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise ProtocolError("api.invalid_client")
    try:
        name, _, secret = b64_decode(told.strip()).decode().partition(":")
    except (EncodingError, UnicodeDecodeError) as error:
        raise ProtocolError("api.invalid_client") from error
    name, secret = unquote_plus(name), unquote_plus(secret)
    wanted = digest(secret)
    client, known = _client(issuer, name)
    good = [hmac.compare_digest(one.secret_hash or "", wanted) for one in known]
    if client is None or not any(good):
        raise ProtocolError("api.invalid_client")
    return _Proven(client, secret)


def _by_assertion(issuer: IssuerContext, assertion: str) -> _Proven:
    parsed, name = claimed_client(assertion)
    client, known = _client(issuer, name)
    if client is None:
        raise ProtocolError("api.invalid_client")
    jti, until = checked_assertion(
        parsed,
        known,
        expected_audiences=(issuer.url(CLIENT_TOKEN_PATH), issuer.url(SERVER_PATH)),
        now=utc(issuer.now()),
    )
    with issuer.store.writing() as tx:
        if not spent.spend(tx, digest(f"assertion {name} {jti}"), int(until.timestamp())):
            raise ProtocolError("api.invalid_client", "the assertion was used before")
    return _Proven(client)


def _client(issuer: IssuerContext, name: str) -> tuple[ApiClient | None, tuple[Credential, ...]]:
    with issuer.store.reading() as tx:
        client = rows.find(tx, name)
        if client is None or client.ended_at is not None:
            return None, ()
        return client, rows.credentials(tx, name, now=issuer.now())


def _scopes(client: ApiClient, asked: str | None) -> frozenset[Scope]:
    """Section 3.3: what was asked for, all of it; without a scope all that the client has."""
    own = kept(client.scopes)
    wanted = own if asked is None else parse_scopes(asked)
    if not wanted <= own or not wanted:
        raise ProtocolError("api.invalid_scope")
    return wanted
