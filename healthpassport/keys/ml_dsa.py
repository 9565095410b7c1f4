"""ML-DSA-44 keys (FIPS 204) as octets and as JWK of the type AKP (RFC 9964).

A second, post-quantum key beside an issuer's first one, and only where it is asked for
(docs/adr/0025). What is *not* here: checking signatures (``healthpassport.suites.ml_dsa``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa

from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import KeyMaterialError
from healthpassport.keys.members import octets

ML_DSA_44: Final = "ML-DSA-44"
AKP: Final = "AKP"  # "Algorithm Key Pair": the key names the one algorithm that it is for
PUBLIC_OCTETS: Final = 1_312  # FIPS 204 table 2
SEED_OCTETS: Final = 32


def public_jwk(raw: bytes) -> dict[str, Json]:
    """The required members, which are also those of the thumbprint: alg, kty and pub."""
    return {"kty": AKP, "alg": ML_DSA_44, "pub": b64url_encode(raw)}


def public_octets(jwk: Mapping[str, Json]) -> bytes:
    """The octets of ``pub``.

    Raises:
        KeyMaterialError: ``jwk.invalid``, or ``jws.key_alg_mismatch`` for another algorithm.
    """
    if jwk.get("alg") != ML_DSA_44:
        raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses such a key")
    return octets(jwk, "pub", PUBLIC_OCTETS, code="jwk.invalid")


def public_key(raw: bytes) -> mldsa.MLDSA44PublicKey:
    """The library's object for the public key ``raw``.

    Raises:
        KeyMaterialError: ``jwk.invalid``, or ``jws.key_alg_mismatch`` where the library was built
            without the algorithm.
    """
    try:
        return mldsa.MLDSA44PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise KeyMaterialError("jwk.invalid", "this is no ML-DSA-44 key") from error
    except UnsupportedAlgorithm as error:
        raise KeyMaterialError("jws.key_alg_mismatch", "ML-DSA is not available here") from error


def private_key(jwk: Mapping[str, Json]) -> mldsa.MLDSA44PrivateKey:
    """The private key whose seed is ``priv``.

    Raises:
        KeyMaterialError: as ``public_octets`` and ``public_key``.
    """
    if jwk.get("alg") != ML_DSA_44:
        raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses such a key")
    seed = octets(jwk, "priv", SEED_OCTETS, code="jwk.invalid")
    try:
        return mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm as error:
        raise KeyMaterialError("jws.key_alg_mismatch", "ML-DSA is not available here") from error


def generate() -> mldsa.MLDSA44PrivateKey:
    """A new private key.

    Raises:
        KeyMaterialError: ``jws.key_alg_mismatch`` where the library was built without it.
    """
    try:
        return mldsa.MLDSA44PrivateKey.generate()
    except UnsupportedAlgorithm as error:
        raise KeyMaterialError("jws.key_alg_mismatch", "ML-DSA is not available here") from error
