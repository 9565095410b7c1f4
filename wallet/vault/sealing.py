"""One row, sealed: padded, encrypted under its own key, bound to its place.

The associated data names wallet, table, row, version and tag, so that a row opens only where and
when it was written. Lengths are padded to a few sizes: what kind of record was added does not show
in the file. What is *not* here: which rows there are (``manifest``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from healthpassport.errors import VaultError

from .kdf import row_key

NONCE_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
TAG_BYTES: Final = 16
CHECKSUM_BYTES: Final = 16
NO_TAG: Final = bytes(TAG_BYTES)
SMALLEST_BLOCK: Final = 4096  # bytes; every history entry and every short record looks alike
LARGEST_BLOCK: Final = 65536  # bytes; beyond it lengths grow in steps of this size
_AAD: Final = b"health-passport vault row\x01"
_END: Final = b"\x80"  # ISO/IEC 7816-4 padding


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: wallet id, table, row id, version, and the blind tag it is found by."""

    wallet: bytes
    table: str
    row: int
    version: int
    tag: bytes = NO_TAG

    def associated_data(self) -> bytes:
        """The place as bytes: every part of fixed length or preceded by its length."""
        name = self.table.encode()
        numbers = self.row.to_bytes(8, "big") + self.version.to_bytes(8, "big")
        return _AAD + self.wallet + bytes([len(name)]) + name + numbers + self.tag


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row as stored. ``checksum`` needs no key: it tells damage from a row put elsewhere."""

    nonce: bytes
    body: bytes
    checksum: bytes


def seal(
    plaintext: bytes,
    *,
    place: Place,
    table_key: bytes | bytearray,
    random: Callable[[int], bytes],
) -> Sealed:
    """``plaintext`` padded and encrypted for ``place``."""
    nonce = random(NONCE_BYTES)
    body = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        pad(plaintext),
        place.associated_data(),
        nonce,
        row_key(table_key, row=place.row, version=place.version),
    )
    return Sealed(nonce, body, checksum(place, nonce, body))


def unseal(sealed: Sealed, *, place: Place, table_key: bytes | bytearray) -> bytes:
    """What was sealed for ``place``.

    Raises:
        VaultError: ``vault.corrupt`` when the row's bytes are damaged, ``vault.row_binding`` when
            they are whole but were not written here.
    """
    if not is_whole(sealed, place=place):
        raise VaultError("vault.corrupt", "a row is damaged")
    try:
        padded = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed.body,
            place.associated_data(),
            sealed.nonce,
            row_key(table_key, row=place.row, version=place.version),
        )
    except CryptoError as error:
        raise VaultError("vault.row_binding") from error
    return unpad(padded)


def is_whole(sealed: Sealed, *, place: Place) -> bool:
    """Whether the row's bytes are as they were written, by whomever."""
    return (
        len(sealed.nonce) == NONCE_BYTES
        and checksum(place, sealed.nonce, sealed.body) == sealed.checksum
    )


def checksum(place: Place, nonce: bytes, body: bytes) -> bytes:
    """Plain BLAKE2b over the row and its place."""
    digest = hashlib.blake2b(place.associated_data(), digest_size=CHECKSUM_BYTES)
    digest.update(nonce)
    digest.update(body)
    return digest.digest()


def pad(plaintext: bytes) -> bytes:
    """``plaintext``, an end mark and zeros up to one of few lengths."""
    size = SMALLEST_BLOCK
    while size <= len(plaintext):
        size = size * 2 if size < LARGEST_BLOCK else size + LARGEST_BLOCK
    return plaintext + _END + bytes(size - len(plaintext) - 1)


def unpad(padded: bytes) -> bytes:
    """The reverse of ``pad``. The bytes are authentic, so a missing mark is our own fault."""
    plaintext, mark, _zeros = padded.rpartition(_END)
    if not mark:
        raise VaultError("vault.corrupt", "a row has no end")
    return plaintext
