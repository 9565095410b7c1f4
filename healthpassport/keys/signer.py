"""Signers: who can sign, and with which public key it is checked.

``Signer`` is the only thing that the rest of the project knows of a private key, so that a key in
hardware can take its place. What is *not* here: files (``keys.files``) and message formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from healthpassport.encoding import Json, b64url_decode, b64url_encode
from healthpassport.errors import EncodingError, KeyMaterialError
from healthpassport.keys.curves import BY_ALGORITHM, BY_NAME
from healthpassport.keys.public import EDDSA, PublicKey, public_key_from_library

LibraryPrivateKey: TypeAlias = "ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey"


class Signer(Protocol):
    """Something that signs with one key and one algorithm."""

    @property
    def algorithm(self) -> str:
        """The JOSE name of the signature algorithm, for example ``ES256``."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """The key with which the signatures are checked."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message`` in JOSE form: for ECDSA r and s, not DER."""
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
        """The signature over ``message`` in JOSE form (RFC 7518 section 3.4, RFC 8037)."""
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            return self.private_key.sign(message)
        curve = BY_ALGORITHM[self.algorithm]
        r, s = decode_dss_signature(self.private_key.sign(message, curve.signature))
        return r.to_bytes(curve.octets, "big") + s.to_bytes(curve.octets, "big")

    def private_jwk(self) -> dict[str, Json]:
        """The private key as a JWK, for a vault that encrypts it: never log or show it."""
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            secret = self.private_key.private_bytes_raw()
        else:
            number = self.private_key.private_numbers().private_value
            secret = number.to_bytes(BY_ALGORITHM[self.algorithm].octets, "big")
        return {**self.public_key.jwk(), "d": b64url_encode(secret)}


def signer_from_library(key: object) -> SoftwareSigner:
    """The signer for a private key object of the ``cryptography`` library."""
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses such a key")
    return SoftwareSigner(public_key_from_library(key.public_key()), key)


def generate_signer(algorithm: str = "ES256") -> SoftwareSigner:
    """A signer with a new key for ``algorithm`` (ES256, ES384 or EdDSA)."""
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
    signer = signer_from_library(key)
    if any(jwk.get(member) != value for member, value in signer.public_key.jwk().items()):
        raise KeyMaterialError("jwk.invalid", "the public members belong to another key")
    return signer
