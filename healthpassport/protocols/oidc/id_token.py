"""The ID token: who signed in, for whom, when and how well (OpenID Connect Core 1.0, 3.1.3.7).

``verify_id_token`` is a numbered list. Nothing of the token is believed before its signature, and
what it must say comes from the caller. What is *not* here: roles, and where the keys come from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

from healthpassport.encoding import Json, b64url_encode, parse_json_object
from healthpassport.errors import CredentialError, EncodingError, JoseError, ProtocolError
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date
from healthpassport.protocols.oidc.jwks import ALGORITHMS, ProviderKeys

MAX_AGE: Final = timedelta(minutes=10)  # an ID token is read at once; iat may be no older
MAX_SUBJECT: Final = 255  # section 2: characters of sub
# Core section 3.1.3.6: half of the hash that goes with the algorithm; RS512 and Ed25519
# hash with SHA-512.
_HASHES: Final = {"256": "sha256", "384": "sha384"}


@dataclass(frozen=True, slots=True)
class VerifiedIdToken:
    """Whom the provider vouches for. ``claims`` holds the rest, of which roles are read."""

    issuer: str
    subject: str
    acr: str
    signed_in_at: datetime | None
    claims: Mapping[str, Json] = field(repr=False)


def verify_id_token(
    token: str,
    *,
    keys: ProviderKeys,
    expected_issuer: str,
    expected_client_id: str,
    expected_nonce: str,
    access_token: str,
    now: datetime,
    expected_algorithms: Collection[str] = ALGORITHMS,
    expected_acrs: Collection[str] = (),
    acr_claim: str = "acr",
    max_age: timedelta | None = None,
) -> VerifiedIdToken:
    """The claims of ``token`` after every check.

    Args:
        token: as it came from the token endpoint.
        keys: the provider's.
        expected_issuer: the provider.
        expected_client_id: this desk.
        expected_nonce: of this sign-in.
        access_token: what came beside it.
        now: aware.
        expected_algorithms: which may have signed it.
        expected_acrs: which levels of sign-in are enough; empty where any is.
        acr_claim: where the provider names the level.
        max_age: how long ago the person may have signed in; None where it does not matter.

    Raises:
        ProtocolError: ``oidc.key_unknown`` where the keys at hand have none that fits,
            ``oidc.id_token`` where the token is not for this sign-in, ``oidc.nonce`` for another
            sign-in's, ``oidc.expired`` by its times, ``oidc.acr`` for a sign-in that is too weak.
        JoseError, EncodingError: for a token that is not strict, or not signed by the provider.
    """
    claims = _signed(token, keys, expected_algorithms, access_token)
    # 4. Core 3.1.3.7 item 2: the issuer, exactly.
    if claims.get("iss") != expected_issuer:
        raise ProtocolError("oidc.id_token", "another issuer made it")
    # 5. Items 3 to 5: for this client, and for nobody beside it whom we do not know.
    _check_audience(claims, expected_client_id)
    # 6. Item 11: of this sign-in.
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected_nonce.encode()):
        raise ProtocolError("oidc.nonce")
    # 7. Items 9 and 10: its times.
    _check_times(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise ProtocolError("oidc.id_token", "it names nobody")
    # 8. Item 12: the level of the sign-in.
    acr = claims.get(acr_claim)
    level = acr if isinstance(acr, str) else ""
    if expected_acrs and level not in expected_acrs:
        raise ProtocolError("oidc.acr")
    # 9. Item 13: how long ago the person was there.
    signed_in = _time(claims, "auth_time")
    if max_age is not None and (signed_in is None or now - signed_in > max_age + CLOCK_SKEW):
        raise ProtocolError("oidc.acr", "the sign-in is too long ago")
    return VerifiedIdToken(expected_issuer, subject, level, signed_in, claims)


def _signed(
    token: str, keys: ProviderKeys, algorithms: Collection[str], access_token: str
) -> dict[str, Json]:
    """Steps 1 to 3: strict form, algorithm and key, signature; and the token beside it."""
    parsed = jws.parse(token)
    algorithm = parsed.header.get("alg")
    # Item 7, RFC 8725 section 3.1: none and HS256 are in no list and so end here.
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise JoseError("jws.alg_not_allowed")
    if parsed.header.get("typ", "JWT") not in {"JWT", "jwt"}:
        raise JoseError("jws.typ")  # RFC 8725 section 3.11: no other kind of token
    key = keys.named(parsed.header.get("kid"), algorithm)
    if key is None:
        raise ProtocolError("oidc.key_unknown")
    key.check(algorithm, parsed.signature, parsed.signing_input)
    claims = parse_json_object(parsed.payload)
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, algorithm):
        raise ProtocolError("oidc.id_token", "the access token beside it is another's")
    return claims


def _half_hash(text: str, algorithm: str) -> str:
    """Core section 3.1.3.6."""
    try:
        digest = hashlib.new(_HASHES.get(algorithm[-3:], "sha512"), text.encode("ascii")).digest()
    except UnicodeEncodeError as error:
        raise EncodingError("b64.not_canonical") from error
    return b64url_encode(digest[: len(digest) // 2])


def _check_audience(claims: Mapping[str, Json], client_id: str) -> None:
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if client_id not in listed:
        raise ProtocolError("oidc.id_token", "it is for another client")
    if len(listed) > 1 and claims.get("azp") != client_id:
        raise ProtocolError("oidc.id_token", "it is for others too, and does not say who asked")
    if claims.get("azp", client_id) != client_id:
        raise ProtocolError("oidc.id_token", "another client asked for it")


def _check_times(claims: Mapping[str, Json], now: datetime) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if expires is None or issued is None:
        raise ProtocolError("oidc.expired", "exp or iat is missing")
    if now >= expires + CLOCK_SKEW or now - issued > MAX_AGE + CLOCK_SKEW:
        raise ProtocolError("oidc.expired")
    if issued > now + CLOCK_SKEW:
        raise ProtocolError("oidc.expired", "it is from the future")


def _time(claims: Mapping[str, Json], name: str) -> datetime | None:
    try:
        return numeric_date(claims, name)
    except CredentialError as error:
        raise ProtocolError("oidc.expired", f"{name} is no time") from error
