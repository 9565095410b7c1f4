"""The request to certify a signer's key (PKCS #10, RFC 2986), wherever the private key is.

It is signed with the key itself, which proves that whoever asks has it. The library makes requests
for its own private keys alone, so that the few octets around name and key are written here. What is
*not* here: what an authority makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.curves import BY_ALGORITHM
from healthpassport.keys.signer import Signer

_SEQUENCE: Final = 0x30
_BIT_STRING: Final = 0x03
_VERSION: Final = b"\x02\x01\x00"  # RFC 2986 section 4.1: v1 is 0
_NO_ATTRIBUTES: Final = b"\xa0\x00"
_SHORT: Final = 0x80  # X.690 section 8.1.3: longer contents say how many octets their length has
# The AlgorithmIdentifier of each signature: RFC 5758 section 3.2, RFC 8410 section 3, RFC 9881.
_SIGNED_WITH: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "ES256": bytes.fromhex("300a06082a8648ce3d040302"),
        "ES384": bytes.fromhex("300a06082a8648ce3d040303"),
        "EdDSA": bytes.fromhex("300506032b6570"),
        "ML-DSA-44": bytes.fromhex("300b0609608648016503040311"),
    }
)


def certificate_request(signer: Signer, *, host: str) -> bytes:
    """The request in PEM to certify the key of ``signer`` for ``host``.

    Raises:
        KeyMaterialError: ``jws.alg_not_allowed`` for a key that no request is made for, and what
            ``signer.sign`` raises.
    """
    key, signed_with = signer.public_key.key, _SIGNED_WITH.get(signer.algorithm)
    known = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey
    if signed_with is None or not isinstance(key, known):
        raise KeyMaterialError("jws.alg_not_allowed", "no request is made for such a key")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]).public_bytes()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    asked = _der(_SEQUENCE, _VERSION + name + public + _NO_ATTRIBUTES)
    signature = _der(_BIT_STRING, b"\0" + _as_der(signer, signer.sign(asked)))
    made = x509.load_der_x509_csr(_der(_SEQUENCE, asked + signed_with + signature))
    return made.public_bytes(Encoding.PEM)


def _as_der(signer: Signer, signature: bytes) -> bytes:
    """An ECDSA signature as X.509 wants it, from the r and s of JOSE; others are as they are."""
    curve = BY_ALGORITHM.get(signer.algorithm)
    if curve is None:
        return signature
    r, s = signature[: curve.octets], signature[curve.octets :]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _der(tag: int, content: bytes) -> bytes:
    """One value in DER (X.690 section 8.1)."""
    size = len(content)
    if size < _SHORT:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _SHORT | len(length)]) + length + content
