"""XChaCha20-Poly1305, the one cipher here; bytes too short to be sealed fail as forged ones do."""

from __future__ import annotations

from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

NONCE_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
MAC_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES


def encrypt(plain: bytes | bytearray, *, key: bytes, nonce: bytes, bound: bytes) -> bytes:
    """``plain`` sealed under ``key`` and bound to the bytes ``bound``."""
    sealed: bytes = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes(plain), bound, nonce, key
    )
    return sealed


def decrypt(sealed: bytes, *, key: bytes, nonce: bytes, bound: bytes) -> bytes:
    """What was sealed; ``CryptoError`` for anything else, which the caller names."""
    if len(nonce) != NONCE_BYTES or len(sealed) < MAC_BYTES:
        raise CryptoError("cut short")
    plain: bytes = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, bound, nonce, key)
    return plain
