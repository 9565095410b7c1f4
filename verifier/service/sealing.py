"""Sealing what is held while it lies in a database: AES-256-GCM (NIST SP 800-38D).

Rules: each transaction has a key of its own, derived from the one in the file, so that random
nonces never meet; organisation and transaction are authenticated, so that nothing sealed for one
opens for another; a sealed value names its key, so that a wrong file is told from an altered row.
What is *not* here: what is sealed (``held_form``), and where it lies (``store``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from healthpassport.errors import ServiceError

from .made_keys import key_in

VERSION: Final = b"\x01"
NAME_BYTES: Final = 8  # of a key
NONCE_BYTES: Final = 12  # section 8.2.2
HEAD: Final = len(VERSION) + NAME_BYTES


class Seal:
    """Seals with the key in ``path``, which is made on first use."""

    def __init__(self, path: Path, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._key = key_in(path, random)
        self._head = VERSION + hmac.digest(self._key, b"name", hashlib.sha256)[:NAME_BYTES]

    def close(self, plaintext: bytes, *, tenant: str, name: str) -> bytes:
        """``plaintext`` sealed for the transaction ``name`` of ``tenant``."""
        bound = _bound(tenant, name)
        nonce = self._random(NONCE_BYTES)
        return self._head + nonce + self._cipher(bound).encrypt(nonce, plaintext, bound)

    def open(self, sealed: bytes, *, tenant: str, name: str) -> bytes:
        """What was sealed for that transaction.

        Raises:
            ServiceError: ``verifier.holding_key`` where another key sealed it, or it was altered
                or sealed for another transaction.
        """
        if not self.made(sealed):
            raise ServiceError("verifier.holding_key", "it was sealed with another key")
        bound = _bound(tenant, name)
        nonce, text = sealed[HEAD : HEAD + NONCE_BYTES], sealed[HEAD + NONCE_BYTES :]
        try:
            return self._cipher(bound).decrypt(nonce, text, bound)
        except (InvalidTag, ValueError) as error:
            raise ServiceError("verifier.holding_key", "it was altered") from error

    def made(self, sealed: bytes) -> bool:
        """Whether ``sealed`` names this key."""
        return sealed[:HEAD] == self._head

    def _cipher(self, bound: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._key, bound, hashlib.sha256))


def _bound(tenant: str, name: str) -> bytes:
    """Both names, so that no two pairs read the same."""
    first = tenant.encode()
    return b"held" + VERSION + len(first).to_bytes(4, "big") + first + name.encode()
