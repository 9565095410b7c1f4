"""Wallet attestations: a wallet's provider vouches for it, and the wallet shows that it is the one.

OpenID4VCI 1.0 appendix E, with draft-ietf-oauth-attestation-based-client-auth-07 (section 5 the two
tokens, section 6 the headers and their checks) and HAIP 1.0 section 4.4.1. Rules: the key that
signed an attestation is a trusted one, or stands at the foot of a chain to a trusted anchor; a
message never chooses its algorithm. What is *not* here: whether a ``jti`` or a challenge was used
before, and which providers are trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import (
    CredentialError,
    EncodingError,
    JoseError,
    KeyMaterialError,
    ProtocolError,
)
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date, to_numeric_date
from healthpassport.keys import PublicKey, Signer, public_key_from_jwk
from healthpassport.keys.public import PRIVATE_MEMBERS
from healthpassport.keys.x509 import validate_chain
from healthpassport.protocols.oid4vci.refusals import refuse

HEADER: Final = "OAuth-Client-Attestation"  # section 6.1
POP_HEADER: Final = "OAuth-Client-Attestation-PoP"
CHALLENGE_HEADER: Final = "OAuth-Client-Attestation-Challenge"  # section 8.1
METHOD: Final = "attest_jwt_client_auth"  # section 13.4 of the draft: the name of the way
TYP: Final = "oauth-client-attestation+jwt"  # section 5.1
POP_TYP: Final = "oauth-client-attestation-pop+jwt"  # section 5.2
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7
MAX_AGE: Final = timedelta(minutes=5)  # of a proof's iat
REPLAY_WINDOW: Final = MAX_AGE + 2 * CLOCK_SKEW  # how long a jti must be remembered
MAX_LENGTH: Final = 16_384  # characters of one header, with a chain of certificates
MAX_NAME: Final = 512  # characters of a client id
MAX_JTI: Final = 256
MAX_KEYS: Final = 64  # of trusted providers


@dataclass(frozen=True, slots=True)
class TrustedProviders:
    """Whose attestations count: keys by their ``kid``, and anchors (DER) of certificate chains."""

    keys: tuple[tuple[str, PublicKey], ...] = ()
    anchors: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class AttestedClient:
    """A wallet that its provider vouches for; the one use that the proof allows is still open.

    ``client_id`` names the kind of wallet, never the one instance. ``challenge`` is what the proof
    answers, None where it answers none.
    """

    client_id: str
    name: str
    thumbprint: str
    jti: str
    issued_at: datetime
    challenge: str | None


def read_providers(jwks: bytes) -> tuple[tuple[str, PublicKey], ...]:
    """The keys in the JWK set ``jwks`` with their ``kid``.

    Raises:
        ProtocolError: ``oid4vci.wallet_providers`` for anything but a set of public keys of which
            each has a ``kid`` of its own.
    """
    try:
        listed = parse_json_object(jwks).get("keys")
        if not isinstance(listed, list) or not 0 < len(listed) <= MAX_KEYS:
            raise ProtocolError("oid4vci.wallet_providers", "it holds no keys, or too many")
        found = [_provider_key(one) for one in listed]
    except (EncodingError, KeyMaterialError) as error:
        raise ProtocolError("oid4vci.wallet_providers", str(error)) from error
    if len({kid for kid, _ in found}) != len(found):
        raise ProtocolError("oid4vci.wallet_providers", "a kid stands there twice")
    return tuple(found)


def verify_attestation(
    attestation: str,
    pop: str,
    *,
    trusted: TrustedProviders,
    expected_audience: str,
    now: datetime,
) -> AttestedClient:
    """Check both headers' values.

    Args:
        attestation: the value of the one ``OAuth-Client-Attestation`` header.
        pop: the value of the one ``OAuth-Client-Attestation-PoP`` header.
        trusted: whose word counts.
        expected_audience: the authorization server's issuer identifier.
        now: the time of receipt.

    Raises:
        ProtocolError: ``oid4vci.invalid_client``.
    """
    try:
        claims = _signed_by_provider(attestation, trusted, now)
        subject, key = _instance(claims)
        proved = jws.verify(
            jws.parse(pop, max_bytes=MAX_LENGTH),
            key=key,
            expected_typ=POP_TYP,
            expected_algorithms=ALGORITHMS,
        ).claims
        issued_at = numeric_date(proved, "iat")
        begins = numeric_date(proved, "nbf")
    except (JoseError, EncodingError, KeyMaterialError, CredentialError) as error:
        raise refuse("invalid_client", detail=str(error)) from error
    # Section 5.2: iss of the proof is the client, its audience this server and nobody beside it.
    if proved.get("iss", subject) != subject:
        raise refuse("invalid_client", detail="the proof is another client's")
    if proved.get("aud") not in (expected_audience, [expected_audience]):
        raise refuse("invalid_client", detail="the proof is for another server")
    jti, challenge = proved.get("jti"), proved.get("challenge")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise refuse("invalid_client", detail="the proof has no jti")
    if issued_at is None or not now - MAX_AGE - CLOCK_SKEW <= issued_at <= now + CLOCK_SKEW:
        raise refuse("invalid_client", detail="the proof's iat is too long ago or ahead")
    if begins is not None and begins > now + CLOCK_SKEW:
        raise refuse("invalid_client", detail="the proof does not count yet")
    if not isinstance(challenge, str | None):
        raise refuse("invalid_client", detail="the challenge is no text")
    name = claims.get("wallet_name")
    return AttestedClient(
        client_id=subject,
        name=name.strip()[:MAX_NAME] if isinstance(name, str) else "",
        thumbprint=key.thumbprint(),
        jti=jti,
        issued_at=issued_at,
        challenge=challenge,
    )


def make_attestation(
    *,
    signer: Signer,
    x5c: tuple[str, ...] = (),
    issuer: str,
    client_id: str,
    key: PublicKey,
    expires_at: datetime,
    name: str = "",
) -> str:
    """The attestation of a wallet's ``key`` by its provider (section 5.1)."""
    header: dict[str, Json] = {"typ": TYP, "alg": signer.algorithm}
    header |= {"x5c": list(x5c)} if x5c else {"kid": signer.public_key.thumbprint()}
    claims: dict[str, Json] = {
        "iss": issuer,
        "sub": client_id,
        "exp": to_numeric_date(expires_at),
        "cnf": {"jwk": key.jwk()},
    }
    if name:
        claims["wallet_name"] = name
    return jws.sign(header=header, payload=claims, signer=signer)


def make_attestation_pop(
    *,
    signer: Signer,
    client_id: str,
    audience: str,
    jti: str,
    now: datetime,
    challenge: str | None = None,
) -> str:
    """A wallet's proof that an attestation is its own (section 5.2)."""
    claims: dict[str, Json] = {
        "iss": client_id,
        "aud": audience,
        "jti": jti,
        "iat": to_numeric_date(now),
    }
    if challenge is not None:
        claims["challenge"] = challenge
    return jws.sign(header={"typ": POP_TYP, "alg": signer.algorithm}, payload=claims, signer=signer)


def _provider_key(jwk: Json) -> tuple[str, PublicKey]:
    if not isinstance(jwk, Mapping) or not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise ProtocolError("oid4vci.wallet_providers", "a key in it is not a public key")
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ProtocolError("oid4vci.wallet_providers", "a key has no kid")
    return kid, public_key_from_jwk(jwk)


def _signed_by_provider(
    attestation: str, trusted: TrustedProviders, now: datetime
) -> Mapping[str, Json]:
    parsed = jws.parse(attestation, max_bytes=MAX_LENGTH)
    key = _key_of(parsed, trusted, now)
    claims = jws.verify(parsed, key=key, expected_typ=TYP, expected_algorithms=ALGORITHMS).claims
    expires, begins = numeric_date(claims, "exp"), numeric_date(claims, "nbf")
    if expires is None:
        raise refuse("invalid_client", detail="the attestation has no exp")
    if now >= expires + CLOCK_SKEW:
        raise refuse("invalid_client", detail="the attestation's time is over: fetch a new one")
    if begins is not None and begins > now + CLOCK_SKEW:
        raise refuse("invalid_client", detail="the attestation does not count yet")
    return claims


def _key_of(parsed: jws.ParsedJws, trusted: TrustedProviders, now: datetime) -> PublicKey:
    """HAIP 1.0 section 4.4.1: by its chain; a key that was made known beforehand by its name."""
    chain = parsed.certificates()
    if chain:
        return validate_chain(chain, anchors=trusted.anchors, at=now, expected_host=None).public_key
    kid = parsed.header.get("kid")
    found = [key for name, key in trusted.keys if name == kid]
    if not found:
        raise refuse("invalid_client", detail="nobody who is trusted signed the attestation")
    return found[0]


def _instance(claims: Mapping[str, Json]) -> tuple[str, PublicKey]:
    """Who the client is, and the key of this instance (section 5.1)."""
    subject, confirmed = claims.get("sub"), claims.get("cnf")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_NAME:
        raise refuse("invalid_client", detail="the attestation names no client")
    jwk = confirmed.get("jwk") if isinstance(confirmed, Mapping) else None
    if not isinstance(jwk, Mapping) or not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise refuse("invalid_client", detail="the attestation holds no public key")
    return subject, public_key_from_jwk(jwk)
