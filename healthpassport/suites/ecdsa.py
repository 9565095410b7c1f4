"""ECDSA over P-256 and P-384 with the hash of the same strength (RFC 7518 section 3.4)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from healthpassport.keys.curves import BY_ALGORITHM
from healthpassport.keys.public import PublicKey


def check(public_key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` (r and s, each in the curve's length) is the key's over ``message``."""
    curve = BY_ALGORITHM[public_key.algorithm]
    key = public_key.key
    if len(signature) != 2 * curve.octets or not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    r = int.from_bytes(signature[: curve.octets], "big")
    s = int.from_bytes(signature[curve.octets :], "big")
    try:
        # The library refuses r and s outside 1..n-1 (FIPS 186-5 section 6.4.2, CVE-2022-21449).
        key.verify(encode_dss_signature(r, s), message, curve.signature)
    except InvalidSignature:
        return False
    return True
