"""What tokens sign with: the mechanism of each kind of key, and reading its public key.

Plain ECDSA over a hash made here is used, since it is what every token has; its result is r and s
in full length, as JOSE wants it (PKCS #11 section on ECDSA signatures, RFC 7518 section 3.4). What
is *not* here: RSA and everything else that no record is signed with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, KeyType, Mechanism

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.curves import ED25519_BYTES, P256, P384, EcCurve
from healthpassport.keys.public import EDDSA, PublicKey, public_key_from_library

_CURVES: Final = {  # the OID of each curve in DER (RFC 5480 section 2.1.1.1)
    bytes.fromhex("06082a8648ce3d030107"): P256,
    bytes.fromhex("06052b81040022"): P384,
}
_OCTET_STRING: Final = 4  # X.690 section 8.7
_PROBE: Final = b"health passport: is this the key that its public half says it is?"


@dataclass(frozen=True, slots=True)
class TokenAlgorithm:
    """A mechanism of the token, and what is handed to it for a message."""

    mechanism: Mechanism
    prepared: Callable[[bytes], bytes]


def _sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _sha384(message: bytes) -> bytes:
    return hashlib.sha384(message).digest()


def _whole(message: bytes) -> bytes:
    return message


ALGORITHMS: Final = {
    P256.algorithm: TokenAlgorithm(Mechanism.ECDSA, _sha256),
    P384.algorithm: TokenAlgorithm(Mechanism.ECDSA, _sha384),
    EDDSA: TokenAlgorithm(Mechanism.EDDSA, _whole),
}


def read_public_key(key: pkcs11.Key, kind: KeyType) -> PublicKey:
    """The public key in the token's object ``key`` of the type ``kind``.

    Raises:
        KeyMaterialError: ``key.mechanism`` for a key that nothing here signs with.
    """
    point = bytes(key[Attribute.EC_POINT])
    try:
        if kind is KeyType.EC_EDWARDS:
            raw = _unwrapped(point, ED25519_BYTES)
            return public_key_from_library(ed25519.Ed25519PublicKey.from_public_bytes(raw))
        curve = _curve(bytes(key[Attribute.EC_PARAMS]))
        raw = _unwrapped(point, 1 + 2 * curve.octets)
        found = ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, raw)
    except ValueError as error:
        raise KeyMaterialError("key.mechanism", "its public key cannot be read") from error
    return public_key_from_library(found)


def prove(public: PublicKey, sign: Callable[[bytes], bytes]) -> None:
    """Refuse (``key.mismatch``) a signer whose signatures ``public`` does not check."""
    signature = sign(_PROBE)
    try:
        if isinstance(public.key, ed25519.Ed25519PublicKey):
            public.key.verify(signature, _PROBE)
            return
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        if isinstance(public.key, ec.EllipticCurvePublicKey):
            curve = P256 if public.algorithm == P256.algorithm else P384
            public.key.verify(encode_dss_signature(r, s), _PROBE, curve.signature)
    except InvalidSignature as error:
        raise KeyMaterialError("key.mismatch") from error


def curve_parameters(algorithm: str) -> bytes:
    """The DER of the curve's OID, for a new key of ``algorithm``; raises ``key.mechanism``."""
    for parameters, curve in _CURVES.items():
        if curve.algorithm == algorithm:
            return parameters
    raise KeyMaterialError("key.mechanism", f"no key for {algorithm} is made on a token")


def _curve(parameters: bytes) -> EcCurve:
    found = _CURVES.get(parameters)
    if found is None:
        raise KeyMaterialError("key.mechanism", "its curve is not P-256 or P-384")
    return found


def _unwrapped(point: bytes, length: int) -> bytes:
    """The point itself: the standard wraps it in an OCTET STRING, and some tokens do not."""
    if len(point) == length + 2 and point[0] == _OCTET_STRING and point[1] == length:
        return point[2:]
    if len(point) != length:
        raise ValueError("a point of another length")
    return point
