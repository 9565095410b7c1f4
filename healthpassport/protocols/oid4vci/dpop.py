"""DPoP proofs (RFC 9449): made by a wallet, checked by the issuer.

What is *not* here: remembering each ``jti``. The caller does, for ``REPLAY_WINDOW``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import (
    CredentialError,
    EncodingError,
    JoseError,
    KeyMaterialError,
    ProtocolError,
)
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date, to_numeric_date
from healthpassport.keys import Signer, public_key_from_jwk
from healthpassport.protocols.oid4vci.refusals import refuse

TYP: Final = "dpop+jwt"  # section 4.2
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7
MAX_AGE: Final = timedelta(minutes=5)  # section 11.1: a proof is good for minutes, not hours
REPLAY_WINDOW: Final = MAX_AGE + 2 * CLOCK_SKEW  # how long a jti must be remembered
MAX_JTI_LENGTH: Final = 256  # characters; section 4.2 asks for 96 random bits or a UUID
MAX_PROOF_LENGTH: Final = 8_192  # characters of a header value
_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that was checked: the thumbprint of its key, and what makes it single use.

    ``nonce`` is what the proof says that the server gave (section 8), for the caller to judge.
    """

    thumbprint: str
    jti: str
    issued_at: datetime
    nonce: str | None = None


def access_token_hash(token: str) -> str:
    """The ``ath`` of an access token (section 4.2)."""
    return b64url_encode(hashlib.sha256(token.encode("ascii")).digest())


def make_dpop_proof(
    *,
    signer: Signer,
    method: str,
    uri: str,
    jti: str,
    now: datetime,
    access_token: str | None,
    nonce: str | None = None,
) -> str:
    """The DPoP proof for one request (section 4.2)."""
    header: dict[str, Json] = {"typ": TYP, "alg": signer.algorithm, "jwk": signer.public_key.jwk()}
    claims: dict[str, Json] = {
        "jti": jti,
        "htm": method,
        "htu": uri.partition("#")[0].partition("?")[0],
        "iat": to_numeric_date(now),
    }
    if access_token is not None:
        claims["ath"] = access_token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    return jws.sign(header=header, payload=claims, signer=signer)


def verify_dpop_proof(
    proof: str,
    *,
    expected_method: str,
    expected_uri: str,
    now: datetime,
    expected_access_token: str | None = None,
    expected_thumbprint: str | None = None,
) -> DpopProof:
    """Check ``proof`` in the order of section 4.3, all but the replay of its ``jti``.

    Args:
        proof: the value of the one ``DPoP`` header (step 1 is the caller's).
        expected_method: of the request.
        expected_uri: the address that this service is known by, without query.
        now: the time of receipt.
        expected_access_token: at a resource, the token that came along (step 12a).
        expected_thumbprint: at a resource, the key that the token is bound to (step 12b).

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof``.
    """
    claims, thumbprint, checked = _checked(proof, expected_method, expected_uri, now)
    if expected_access_token is not None:
        _check_token(claims, expected_access_token)
        if thumbprint != expected_thumbprint:  # step 12b
            raise refuse("invalid_dpop_proof", detail="the token is bound to another key")
    return checked


def verify_new_key_proof(
    proof: str, *, expected_method: str, expected_uri: str, expected_token: str, now: datetime
) -> DpopProof:
    """Check a proof of a key that a token is to be bound to from now on, beside the old key's.

    As ``verify_dpop_proof``, but the key is a new one; ``ath`` names ``expected_token``, so that
    the proof is good for no other token.

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof``.
    """
    claims, _, checked = _checked(proof, expected_method, expected_uri, now)
    _check_token(claims, expected_token)
    return checked


def _check_token(claims: Mapping[str, Json], token: str) -> None:
    if claims.get("ath") != access_token_hash(token):  # step 12a
        raise refuse("invalid_dpop_proof", detail="ath belongs to another token")


def _checked(
    proof: str, method: str, uri: str, now: datetime
) -> tuple[dict[str, Json], str, DpopProof]:
    """Steps 2 to 11."""
    try:
        claims, thumbprint = _signed(proof)
        issued_at = numeric_date(claims, "iat")
    except (JoseError, EncodingError, KeyMaterialError, CredentialError) as error:
        raise refuse("invalid_dpop_proof", detail=str(error)) from error
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:  # step 3
        raise refuse("invalid_dpop_proof", detail="jti is missing or too long")
    if claims.get("htm") != method:  # step 8
        raise refuse("invalid_dpop_proof", detail="htm is another method")
    if _normal(claims.get("htu")) != _normal(uri):  # step 9
        raise refuse("invalid_dpop_proof", detail="htu is another address")
    # Step 11. Step 10, a nonce of the server, is the caller's.
    if issued_at is None or not now - MAX_AGE - CLOCK_SKEW <= issued_at <= now + CLOCK_SKEW:
        raise refuse("invalid_dpop_proof", detail="iat is too long ago or ahead")
    nonce = claims.get("nonce")
    told = nonce if isinstance(nonce, str) else None
    return claims, thumbprint, DpopProof(thumbprint, jti, issued_at.astimezone(UTC), told)


def _signed(proof: str) -> tuple[dict[str, Json], str]:
    """Steps 2 and 4 to 7: well-formed, typ, asymmetric algorithm, public jwk, signature."""
    parsed = jws.parse(proof, max_bytes=MAX_PROOF_LENGTH, embedded_key_allowed=True)
    jwk = parsed.header.get("jwk")
    if not isinstance(jwk, dict):
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the header lacks jwk")
    if not {"kid", "x5c"}.isdisjoint(parsed.header):
        raise ProtocolError("oid4vci.invalid_dpop_proof", "jwk is the one key of a proof")
    key = public_key_from_jwk(jwk)
    verified = jws.verify(parsed, key=key, expected_typ=TYP, expected_algorithms=ALGORITHMS)
    return dict(verified.claims), key.thumbprint()


def _normal(uri: object) -> tuple[str, str, int, str] | None:
    """Section 4.3 step 9: syntax- and scheme-based normalisation (RFC 3986 section 6.2)."""
    if not isinstance(uri, str):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port or _HTTPS_PORT
    except ValueError:
        return None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, parts.path or "/"
