"""From a passphrase to keys: Argon2id, then keyed BLAKE2b for each purpose and each place.

The cost is stored with the vault and checked against a floor before use, so that a swapped header
cannot make guessing cheap, and against a ceiling, so that it cannot exhaust the machine.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Final

from nacl.pwhash import argon2id

from healthpassport.errors import VaultError

KEY_BYTES: Final = 32
SALT_BYTES: Final = argon2id.SALTBYTES
MIN_PASSES: Final = 3  # security.md, wallet vault: t=3
MIN_MEMORY: Final = 64 * 1024 * 1024  # bytes; security.md, wallet vault: m >= 64 MiB
MAX_PASSES: Final = 16
MAX_MEMORY: Final = 1024 * 1024 * 1024  # bytes; more would be an attack on the machine
NEW_PASSES: Final = 4  # with NEW_MEMORY a guess costs half a second on a small computer (vau-021)
NEW_MEMORY: Final = 192 * 1024 * 1024  # bytes
LANES: Final = 1  # libsodium knows no other
MIN_PASSPHRASE: Final = 8  # characters
MAX_PASSPHRASE: Final = 1024  # bytes of UTF-8


@dataclass(frozen=True, slots=True)
class KdfCost:
    """What one guess of the passphrase costs: passes over ``memory`` bytes."""

    passes: int = MIN_PASSES
    memory: int = MIN_MEMORY

    def check(self) -> None:
        """Raise ``vault.kdf`` below the floor or above the ceiling."""
        if self.passes < MIN_PASSES or self.memory < MIN_MEMORY:
            raise VaultError("vault.kdf", "the stored cost is below the floor")
        if self.passes > MAX_PASSES or self.memory > MAX_MEMORY:
            raise VaultError("vault.kdf", "the stored cost is above the ceiling")


NEW_COST: Final = KdfCost(NEW_PASSES, NEW_MEMORY)


def check_new_passphrase(passphrase: str) -> None:
    """Raise ``vault.passphrase_weak`` for a new passphrase of a length that we do not take."""
    long_enough = len(passphrase.strip()) >= MIN_PASSPHRASE
    if not long_enough or len(_passphrase_bytes(passphrase)) > MAX_PASSPHRASE:
        raise VaultError("vault.passphrase_weak")


def key_from_passphrase(passphrase: str, *, salt: bytes, cost: KdfCost) -> bytes:
    """The key-encryption key. ``cost`` is checked first; an impossible passphrase costs nothing."""
    cost.check()
    secret = _passphrase_bytes(passphrase)
    if not secret or len(secret) > MAX_PASSPHRASE:
        raise VaultError("vault.unlock_failed")
    return argon2id.kdf(KEY_BYTES, secret, salt, opslimit=cost.passes, memlimit=cost.memory)


def purpose_key(data_key: bytes | bytearray, purpose: str) -> bytearray:
    """The key of one purpose (a table, the manifest, the index), derived from the data key."""
    digest = hashlib.blake2b(
        purpose.encode(), key=bytes(data_key), digest_size=KEY_BYTES, person=b"hp-vault-purpose"
    )
    return bytearray(digest.digest())


def place_key(table_key: bytes | bytearray, *, row: int, version: int) -> bytes:
    """The key that wraps the own key of one version of one row."""
    position = row.to_bytes(8, "big") + version.to_bytes(8, "big")
    digest = hashlib.blake2b(
        position, key=bytes(table_key), digest_size=KEY_BYTES, person=b"hp-vault-row-key"
    )
    return digest.digest()


def _passphrase_bytes(passphrase: str) -> bytes:
    """NFC first: keyboards differ in how they compose an accent, people do not."""
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "replace")
