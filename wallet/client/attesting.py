"""The word of a wallet's provider: fetched for a new key, and proved to one server.

OpenID4VCI 1.0 appendix E, HAIP 1.0 section 4.4.1, and version 07 of
draft-ietf-oauth-attestation-based-client-auth. Rules: one key and one attestation for each server,
so that two of them cannot tell that they serve one person; the provider is told a key and never
where it is used; an attestation that says more of this wallet than it has to is not taken. What is
*not* here: where keys are kept, and which provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import (
    CredentialError,
    EncodingError,
    FetchError,
    JoseError,
    KeyMaterialError,
    ServiceError,
)
from healthpassport.fetch import Fetcher, HttpResponse
from healthpassport.jose import jws
from healthpassport.jose.times import numeric_date
from healthpassport.keys import PublicKey, SoftwareSigner, public_key_from_jwk
from healthpassport.protocols.oid4vci import AuthorizationServerMetadata, make_attestation_pop
from healthpassport.protocols.oid4vci.attestations import MAX_LENGTH as MAX_KEYS_LENGTH
from healthpassport.protocols.oid4vci.attestations import TYP as KEYS_TYP
from healthpassport.protocols.oid4vci.wallet_attestation import (
    ALGORITHMS,
    HEADER,
    MAX_LENGTH,
    METHOD,
    POP_HEADER,
    TYP,
)

from .exchange import SUCCESS, post_form, post_json

NOBODY: Final = "none"
LEFT: Final = timedelta(minutes=1)  # an attestation that ends sooner is fetched anew
# Appendix E and the draft's section 5.1. Anything else could name one wallet (HAIP section 4.4.1).
KNOWN_CLAIMS: Final = frozenset(
    {"iss", "sub", "iat", "nbf", "exp", "cnf", "status", "wallet_name", "wallet_link"}
)
CODE: Final = "wallet.attestation_failed"


@dataclass(frozen=True, slots=True)
class Attested:
    """A provider's word for one key, and the server (its issuer identifier) that it is for."""

    client_id: str
    server: str
    text: str = field(repr=False)
    signer: SoftwareSigner = field(repr=False)
    challenges: str | None = None

    def headers(self, *, jti: str, now: datetime, challenge: str | None) -> dict[str, str]:
        """The two headers of one request, with a new proof (draft-07 section 6.1)."""
        proof = make_attestation_pop(
            signer=self.signer,
            client_id=self.client_id,
            audience=self.server,
            jti=jti,
            now=now,
            challenge=challenge,
        )
        return {HEADER: self.text, POP_HEADER: proof}

    def fresh_challenge(self, fetcher: Fetcher) -> str | None:
        """A challenge of the server, None where it gives none beforehand (draft-07 section 8)."""
        if self.challenges is None:
            return None
        response = post_form(fetcher, self.challenges, b"")
        return _text(response, "attestation_challenge", code="wallet.issuer_failed")


def must_attest(server: AuthorizationServerMetadata, *, signs_in: bool) -> bool:
    """Whether ``server`` says that it takes no wallet without one (OpenID4VCI 1.0 section 12.3).

    A PIN may be used by a wallet that does not say which it is, where the server says so.
    """
    ways = server.token_endpoint_auth_methods_supported
    nameless = server.anonymous is True and not signs_in
    return METHOD in ways and NOBODY not in ways and not nameless


def may_attest(server: AuthorizationServerMetadata) -> bool:
    """Whether ``server`` looks at attestations at all."""
    return METHOD in server.token_endpoint_auth_methods_supported


def fetch_attestation(
    provider: str, *, key: PublicKey, client_id: str, fetcher: Fetcher, now: datetime
) -> tuple[str, datetime]:
    """What the ``provider`` (an https address) signs for ``key``, and when it ends.

    Raises:
        ServiceError: ``wallet.attestation_failed`` where it gives none, or none that fits.
    """
    asked: dict[str, Json] = {"client_id": client_id, "jwk": key.jwk()}
    try:
        response = post_json(fetcher, provider, asked)
    except FetchError as error:
        raise ServiceError(CODE, error.code) from error
    text = _text(response, "attestation", code=CODE)
    try:
        return text, _checked(text, key=key, client_id=client_id, now=now)
    except (CredentialError, EncodingError, JoseError, KeyMaterialError) as error:
        raise ServiceError(CODE, error.code) from error


def fetch_key_attestation(
    provider: str,
    *,
    keys: Sequence[PublicKey],
    nonce: str | None,
    levels: Mapping[str, JsonValue],
    fetcher: Fetcher,
) -> str:
    """What the ``provider`` signs for the ``keys`` of one record's copies (appendix D).

    ``nonce`` is None where the issuer gives none. ``levels`` is what it asks of how they are kept;
    whether it is so, the provider says.

    Raises:
        ServiceError: ``wallet.keys_unproved`` without a provider, ``wallet.attestation_failed``
            where it gives none, or none that fits.
    """
    if not provider:
        raise ServiceError("wallet.keys_unproved")
    jwks: list[Json] = [key.jwk() for key in keys]
    asked: dict[str, Json] = {"attested_keys": jwks, "levels": dict(levels)}
    if nonce is not None:
        asked["nonce"] = nonce
    try:
        response = post_json(fetcher, provider, asked)
        text = _text(response, "key_attestation", code=CODE)
        parsed = jws.parse(text, max_bytes=MAX_KEYS_LENGTH)
        claims = parse_json_object(parsed.payload)
        listed = claims.get("attested_keys")
        found = [
            public_key_from_jwk(jwk).thumbprint() if isinstance(jwk, Mapping) else ""
            for jwk in (listed if isinstance(listed, list) else [])
        ]
    except (EncodingError, FetchError, JoseError, KeyMaterialError) as error:
        raise ServiceError(CODE, error.code) from error
    if parsed.header.get("typ") != KEYS_TYP or claims.get("nonce") != nonce:
        raise ServiceError(CODE, "it is no attestation of keys for this visit")
    if sorted(found) != sorted(key.thumbprint() for key in keys):
        raise ServiceError(CODE, "it is for other keys")
    return text


def _checked(text: str, *, key: PublicKey, client_id: str, now: datetime) -> datetime:
    """When it ends. Whether its signature is good is for the server to say that trusts it."""
    parsed = jws.parse(text, max_bytes=MAX_LENGTH)
    claims = parse_json_object(parsed.payload)
    if parsed.header.get("typ") != TYP or parsed.header.get("alg") not in ALGORITHMS:
        raise ServiceError(CODE, "it is no attestation")
    if not claims.keys() <= KNOWN_CLAIMS:
        raise ServiceError(CODE, "it says more than it has to")
    confirmed = claims.get("cnf")
    jwk = confirmed.get("jwk") if isinstance(confirmed, Mapping) else None
    if not isinstance(jwk, Mapping) or public_key_from_jwk(jwk).thumbprint() != key.thumbprint():
        raise ServiceError(CODE, "it is for another key")
    ends = numeric_date(claims, "exp")
    if claims.get("sub") != client_id or ends is None or ends <= now + LEFT:
        raise ServiceError(CODE, "it is for another wallet, or over")
    return ends


def _text(response: HttpResponse, name: str, *, code: str) -> str:
    try:
        told = parse_json_object(response.body) if response.status in SUCCESS else {}
    except EncodingError as error:
        raise ServiceError(code, error.code) from error
    value = told.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_KEYS_LENGTH or not value.isascii():
        raise ServiceError(code, f"status {response.status}, no {name}")
    return value
