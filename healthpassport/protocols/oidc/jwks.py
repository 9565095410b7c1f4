"""A provider's keys (RFC 7517), and the algorithms with which it may sign an ID token.

Providers sign with RSA too (``rsa``), which no trust list can bring near a record. Rules:
asymmetric algorithms alone, an algorithm must fit the key, RSA keys have 2,048 bits or more. What
is *not* here: fetching, and what is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from healthpassport import suites
from healthpassport.encoding import Json, b64url_decode, parse_json_object
from healthpassport.errors import EncodingError, JoseError, KeyMaterialError, ProtocolError
from healthpassport.keys.public import PRIVATE_MEMBERS, PublicKey, public_key_from_jwk
from healthpassport.keys.rsa import MAX_RSA_BITS, MIN_RSA_BITS, SCHEMES, check

# What is taken where nobody says otherwise; what a key can do more (RS512) has to be asked for.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
MIN_EXPONENT: Final = 65_537  # FIPS 186-5 section A.1.1
MAX_EXPONENT: Final = 2**32  # a greater one only costs time
MAX_KEYS: Final = 64
MAX_BYTES: Final = 262_144


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """One key, its ``kid``, and the algorithms that it may be used with."""

    kid: str | None
    algorithms: tuple[str, ...]
    key: PublicKey | rsa.RSAPublicKey

    def check(self, algorithm: str, signature: bytes, message: bytes) -> None:
        """Check ``signature``; ``jws.alg_not_allowed`` or ``jws.signature`` where it fails."""
        if algorithm not in self.algorithms:
            raise JoseError("jws.alg_not_allowed")  # RFC 8725 section 3.1
        if isinstance(self.key, PublicKey):
            suites.verify(self.key, algorithm, signature, message)
            return
        check(self.key, algorithm, signature, message)


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """The signing keys of one provider that we can use."""

    keys: tuple[ProviderKey, ...]

    def named(self, kid: Json, algorithm: str) -> ProviderKey | None:
        """The key for a header with ``kid``; without one only where a single key fits."""
        fitting = [key for key in self.keys if algorithm in key.algorithms]
        if kid is not None:
            fitting = [key for key in fitting if key.kid == kid]
        return fitting[0] if len(fitting) == 1 else None


def read_jwks(body: bytes) -> ProviderKeys:
    """The usable keys in ``body``; keys of other kinds are passed over (RFC 7517 section 5).

    Raises:
        ProtocolError: ``oidc.jwks`` for another shape, for private or symmetric members, and
            where no key is usable.
    """
    try:
        listed = parse_json_object(body, max_bytes=MAX_BYTES).get("keys")
    except EncodingError as error:
        raise ProtocolError("oidc.jwks", "it is not strict JSON") from error
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise ProtocolError("oidc.jwks", "it holds no list of keys, or too many")
    found = []
    for jwk in listed:
        if not isinstance(jwk, dict) or not PRIVATE_MEMBERS.isdisjoint(jwk):
            raise ProtocolError("oidc.jwks", "a key in it is not a public key")
        key = _key(jwk)
        if key is not None:
            found.append(key)
    if not found:
        raise ProtocolError("oidc.jwks", "none of its keys can be used")
    return ProviderKeys(tuple(found))


def _key(jwk: Mapping[str, Json]) -> ProviderKey | None:
    kid = jwk.get("kid")
    if jwk.get("use", "sig") != "sig" or not isinstance(kid, str | None):
        return None
    if jwk.get("kty") == "RSA":
        return _rsa_key(jwk, kid)
    try:
        key = public_key_from_jwk({name: jwk[name] for name in jwk if name != "alg"})
    except (KeyMaterialError, EncodingError):
        return None
    names = ("EdDSA", "Ed25519") if key.algorithm == "EdDSA" else (key.algorithm,)
    allowed = _allowed(jwk, tuple(name for name in names if name in ALGORITHMS))
    return ProviderKey(kid, allowed, key) if allowed else None


def _allowed(jwk: Mapping[str, Json], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if jwk.get("alg", name) == name)


def _rsa_key(jwk: Mapping[str, Json], kid: str | None) -> ProviderKey | None:
    """RFC 7518 section 6.3.1: both numbers in base64url, without leading zeros."""
    modulus, exponent = jwk.get("n"), jwk.get("e")
    if not isinstance(modulus, str) or not isinstance(exponent, str):
        return None
    try:
        n = int.from_bytes(b64url_decode(modulus), "big")
        e = int.from_bytes(b64url_decode(exponent), "big")
    except EncodingError:
        return None
    if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS:
        return None
    if not MIN_EXPONENT <= e <= MAX_EXPONENT or e % 2 == 0:
        return None
    try:
        key = rsa.RSAPublicNumbers(e, n).public_key()
    except ValueError:
        return None
    allowed = _allowed(jwk, tuple(SCHEMES))
    return ProviderKey(kid, allowed, key) if allowed else None
