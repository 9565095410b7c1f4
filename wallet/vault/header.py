"""The vault's header: who the wallet is, what unlocking costs, and the wrapped data key.

The header's bytes are the associated data of the wrapping, so that no member can be changed without
the passphrase. A plain checksum beside them tells damage from a wrong passphrase.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from healthpassport.encoding import (
    Json,
    b64url_decode,
    b64url_encode,
    jcs,
    parse_json_object,
)
from healthpassport.errors import EncodingError, VaultError

from .kdf import KEY_BYTES, LANES, SALT_BYTES, KdfCost, key_from_passphrase

VERSION: Final = 1
WALLET_BYTES: Final = 16
NONCE_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
CHECKSUM_BYTES: Final = 16
WRAPPED_BYTES: Final = NONCE_BYTES + KEY_BYTES + bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES
_AAD: Final = b"health-passport vault header\x00"


@dataclass(frozen=True, slots=True)
class Header:
    """The readable part: wallet id, cost and salt of the key derivation."""

    wallet: bytes
    cost: KdfCost
    salt: bytes

    def body(self) -> bytes:
        """The header's bytes as they are stored and authenticated (RFC 8785)."""
        return jcs(
            {
                "v": VERSION,
                "wallet": b64url_encode(self.wallet),
                "aead": "xchacha20poly1305",
                "kdf": {
                    "name": "argon2id",
                    "passes": self.cost.passes,
                    "memory": self.cost.memory,
                    "lanes": LANES,
                    "salt": b64url_encode(self.salt),
                },
            }
        )


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """A header with its wrapped data key, as the vault's file holds it."""

    body: bytes
    wrapped: bytes
    checksum: bytes

    def digest(self) -> bytes:
        """What the manifest binds, so that an older header cannot come back."""
        return hashlib.blake2b(self.body + self.wrapped, digest_size=32).digest()


def read_header(stored: StoredHeader) -> Header:
    """The header of ``stored``.

    Raises:
        VaultError: ``vault.corrupt`` for damage, ``vault.version`` for a later format,
            ``vault.kdf`` for a cost outside floor and ceiling.
    """
    if _checksum(stored.body, stored.wrapped) != stored.checksum:
        raise VaultError("vault.corrupt", "the header is damaged")
    try:
        document = parse_json_object(stored.body)
        if document.get("v") != VERSION:
            raise VaultError("vault.version")
        header = _header(document)
    except EncodingError as error:
        raise VaultError("vault.corrupt", "the header cannot be read") from error
    # Comparing with what we would write refuses every member and spelling that we do not know.
    if header.body() != stored.body or len(stored.wrapped) != WRAPPED_BYTES:
        raise VaultError("vault.corrupt", "the header is not one that a wallet writes")
    header.cost.check()
    return header


def _header(document: dict[str, Json]) -> Header:
    wallet, kdf = document.get("wallet"), document.get("kdf")
    if not isinstance(wallet, str) or not isinstance(kdf, dict):
        raise VaultError("vault.corrupt", "the header lacks a member")
    passes, memory, salt = kdf.get("passes"), kdf.get("memory"), kdf.get("salt")
    if not isinstance(passes, int) or not isinstance(memory, int) or not isinstance(salt, str):
        raise VaultError("vault.corrupt", "the header lacks a member")
    found = Header(b64url_decode(wallet), KdfCost(passes, memory), b64url_decode(salt))
    if len(found.wallet) != WALLET_BYTES or len(found.salt) != SALT_BYTES:
        raise VaultError("vault.corrupt", "a member of the header has the wrong length")
    return found


def wrap(
    data_key: bytes | bytearray,
    *,
    header: Header,
    passphrase: str,
    random: Callable[[int], bytes],
) -> StoredHeader:
    """``header`` with ``data_key`` sealed under ``passphrase``."""
    key = key_from_passphrase(passphrase, salt=header.salt, cost=header.cost)
    nonce, body = random(NONCE_BYTES), header.body()
    sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes(data_key), _AAD + body, nonce, key
    )
    wrapped = nonce + sealed
    return StoredHeader(body, wrapped, _checksum(body, wrapped))


def unwrap(stored: StoredHeader, *, passphrase: str) -> bytearray:
    """The data key of ``stored``; ``vault.unlock_failed`` when ``passphrase`` does not open it."""
    header = read_header(stored)
    key = key_from_passphrase(passphrase, salt=header.salt, cost=header.cost)
    nonce, sealed = stored.wrapped[:NONCE_BYTES], stored.wrapped[NONCE_BYTES:]
    try:
        data_key = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, _AAD + stored.body, nonce, key
        )
    except CryptoError as error:
        raise VaultError("vault.unlock_failed") from error
    return bytearray(data_key)


def _checksum(body: bytes, wrapped: bytes) -> bytes:
    return hashlib.blake2b(body + b"\x00" + wrapped, digest_size=CHECKSUM_BYTES).digest()
