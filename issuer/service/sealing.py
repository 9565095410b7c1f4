"""Records at rest: sealed under a secret that the database does not hold.

A record waits for collection under a key made of the pre-authorised code, later of the access
token; the database keeps only hashes of both. Whoever copies the file reads no clinical value, and
with the secrets gone nobody does. AES-256-GCM, a key from HKDF-SHA256 for each purpose.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError

NONCE_BYTES: Final = 12  # NIST SP 800-38D section 8.2.2: random, few messages a key
_KEY_BYTES: Final = 32


def seal(data: bytes, *, secret: str, purpose: str, random: Callable[[int], bytes]) -> bytes:
    """``data`` sealed under ``secret`` for ``purpose``; its length is rounded up to 1 KiB."""
    nonce = random(NONCE_BYTES)
    padded = data + b" " * (-len(data) % 1024)
    return nonce + AESGCM(_key(secret, purpose)).encrypt(nonce, padded, purpose.encode())


def unseal(sealed: bytes, *, secret: str, purpose: str) -> bytes:
    """What ``seal`` was given.

    Raises:
        ServiceError: ``issuer.database`` when the file was altered.
    """
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(_key(secret, purpose)).decrypt(nonce, body, purpose.encode()).rstrip(b" ")
    except InvalidTag as error:
        raise ServiceError("issuer.database", "a sealed record does not open") from error


def derived(secret: str, purpose: str) -> str:
    """A second unguessable text that whoever holds ``secret`` can make again."""
    return b64url_encode(_key(secret, purpose))


def mac(secret: str, text: str) -> str:
    """A keyed digest of a short ``text``, so that the PIN cannot be tried out on the file."""
    return b64url_encode(hmac.digest(_key(secret, "pin"), text.encode(), hashlib.sha256))


def _key(secret: str, purpose: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode())
    return hkdf.derive(secret.encode())
