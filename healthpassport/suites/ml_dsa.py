"""ML-DSA-44 with an empty context (FIPS 204 algorithm 3, RFC 9964)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

from healthpassport.keys.public import PublicKey


def check(public_key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` (2,420 octets) is the key's over ``message``."""
    if not isinstance(public_key.key, mldsa.MLDSA44PublicKey):
        return False
    try:
        public_key.key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
