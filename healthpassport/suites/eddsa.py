"""EdDSA over Ed25519 (RFC 8032, RFC 8037 section 3.1)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from healthpassport.keys.public import PublicKey


def check(public_key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` (64 octets) is the key's over ``message``."""
    if not isinstance(public_key.key, ed25519.Ed25519PublicKey):
        return False
    try:
        public_key.key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
