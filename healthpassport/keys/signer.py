"""Signers: who can sign, and with which public key it is checked.

``Signer`` is the only thing that the rest of the project knows of a private key, so that a key in
hardware can take its place. What is *not* here: files (``keys.files``) and message formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, cast

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from healthpassport.encoding import Json, b64url_decode, b64url_encode
from healthpassport.errors import EncodingError, KeyMaterialError
from healthpassport.keys import ml_dsa
from healthpassport.keys.curves import BY_ALGORITHM, BY_NAME
from healthpassport.keys.public import EDDSA, PublicKey, public_key_from_library

LibraryPrivateKey: TypeAlias = (
    "ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey"
)


class SignsMessages(Protocol):
    """Something that signs with one algorithm, whatever its key."""

    @property
    def algorithm(self) -> str:
        """The JOSE name of the signature algorithm, for example ``ES256``."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message`` in JOSE form: for ECDSA r and s, not DER."""
        ...


class Signer(SignsMessages, Protocol):
    """Something that signs with one key and one algorithm that records may bear."""

    @property
    def public_key(self) -> PublicKey:
        """The key with which the signatures are checked."""
        ...


@dataclass(frozen=True, slots=True)
class SoftwareSigner:
    """A signer whose private key is in this process."""

    public_key: PublicKey
    private_key: LibraryPrivateKey = field(compare=False, repr=False)

    @property
    def algorithm(self) -> str:
        """The JOSE name of the signature algorithm."""
        return self.public_key.algorithm

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message`` in JOSE form (RFC 7518 section 3.4, 8037, 9964)."""
        curve = BY_ALGORITHM.get(self.algorithm)
        if curve is None:
            other = cast("ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey", self.private_key)
            return other.sign(message)
        # The algorithm tells: asking the library's abstract class takes 3 us of some 40.
        key = cast("ec.EllipticCurvePrivateKey", self.private_key)
        r, s = decode_dss_signature(key.sign(message, curve.signature))
        return r.to_bytes(curve.octets, "big") + s.to_bytes(curve.octets, "big")

    def private_jwk(self) -> dict[str, Json]:
        """The private key as a JWK, for a vault that encrypts it: never log or show it."""
        if isinstance(self.private_key, mldsa.MLDSA44PrivateKey):
            seed = self.private_key.private_bytes_raw()
            return {**self.public_key.jwk(), "priv": b64url_encode(seed)}
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            secret = self.private_key.private_bytes_raw()
        else:
            number = self.private_key.private_numbers().private_value
            secret = number.to_bytes(BY_ALGORITHM[self.algorithm].octets, "big")
        return {**self.public_key.jwk(), "d": b64url_encode(secret)}


def signer_from_library(key: object) -> SoftwareSigner:
    """The signer for a private key object of the ``cryptography`` library."""
    known = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey
    if not isinstance(key, known):
        raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses such a key")
    return SoftwareSigner(public_key_from_library(key.public_key()), key)


def signer_from_pem(pem: bytes) -> SoftwareSigner:
    """The signer for the private key in ``pem``, which no passphrase protects.

    Raises:
        KeyMaterialError: ``key.unreadable`` for no key; as ``signer_from_library``.
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise KeyMaterialError("key.unreadable", "it holds no private key") from error
    return signer_from_library(key)


def generate_signer(algorithm: str = "ES256") -> SoftwareSigner:
    """A signer with a new key for ``algorithm`` (ES256, ES384, EdDSA or ML-DSA-44)."""
    if algorithm == ml_dsa.ML_DSA_44:
        return signer_from_library(ml_dsa.generate())
    if algorithm == EDDSA:
        return signer_from_library(ed25519.Ed25519PrivateKey.generate())
    if algorithm not in BY_ALGORITHM:
        raise KeyMaterialError("jws.alg_not_allowed", "no key can be made for this algorithm")
    return signer_from_library(ec.generate_private_key(BY_ALGORITHM[algorithm].curve))


def signer_from_private_jwk(jwk: Mapping[str, Json]) -> SoftwareSigner:
    """The signer of a private ``jwk``, as ``SoftwareSigner.private_jwk`` writes it.

    Raises:
        KeyMaterialError: ``jwk.invalid`` when it is not a private key, or when its public members
            belong to another key (they are what others will check with).
    """
    if jwk.get("kty") == ml_dsa.AKP:
        return _same_public(signer_from_library(ml_dsa.private_key(jwk)), jwk)
    secret, name = jwk.get("d"), jwk.get("crv")
    if not isinstance(secret, str) or not isinstance(name, str):
        raise KeyMaterialError("jwk.invalid", "this is not a private key")
    try:
        octets = b64url_decode(secret)
        key: LibraryPrivateKey = (
            ed25519.Ed25519PrivateKey.from_private_bytes(octets)
            if name == "Ed25519"
            else ec.derive_private_key(int.from_bytes(octets, "big"), BY_NAME[name].curve)
        )
    except (EncodingError, ValueError, KeyError) as error:
        raise KeyMaterialError("jwk.invalid", "this is not a private key we can use") from error
    return _same_public(signer_from_library(key), jwk)


def _same_public(signer: SoftwareSigner, jwk: Mapping[str, Json]) -> SoftwareSigner:
    if any(jwk.get(member) != value for member, value in signer.public_key.jwk().items()):
        raise KeyMaterialError("jwk.invalid", "the public members belong to another key")
    return signer
