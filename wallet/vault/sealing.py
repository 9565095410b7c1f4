"""One row, sealed: padded, encrypted under a random key of its own, bound to its place.

The associated data names wallet, table, row, version, tag and words, so that a row opens only where
and when it was written. Lengths are padded to a few sizes: what kind of record was added does not
show in the file. What is *not* here: which rows there are (``manifest``), who opens a row's key
(``rowkeys``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import CryptoError

from healthpassport.errors import VaultError

from .aead import NONCE_BYTES, decrypt, encrypt
from .kdf import KEY_BYTES
from .place import Place
from .rowkeys import Lock, unwrap_row_key, wrap_row_key

CHECKSUM_BYTES: Final = 16
SMALLEST_BLOCK: Final = 4096  # bytes; every history entry and every short record looks alike
LARGEST_BLOCK: Final = 65536  # bytes; beyond it lengths grow in steps of this size
_END: Final = b"\x80"  # ISO/IEC 7816-4 padding


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row as stored. ``checksum`` needs no key: it tells damage from a row put elsewhere."""

    nonce: bytes
    row_key: bytes
    body: bytes
    checksum: bytes


def seal(plaintext: bytes, *, place: Place, lock: Lock, random: Callable[[int], bytes]) -> Sealed:
    """``plaintext`` padded and encrypted for ``place`` under a new key."""
    row_key, nonce = random(KEY_BYTES), random(NONCE_BYTES)
    body = encrypt(pad(plaintext), key=row_key, nonce=nonce, bound=place.associated_data())
    wrapped = wrap_row_key(row_key, place=place, lock=lock, random=random)
    return Sealed(nonce, wrapped, body, checksum(place, nonce, wrapped, body))


def unseal(sealed: Sealed, *, place: Place, lock: Lock) -> bytes:
    """What was sealed for ``place``.

    Raises:
        VaultError: ``vault.corrupt`` when the row's bytes are damaged, ``vault.row_binding`` when
            they are whole but were not written here, ``vault.private_locked``.
    """
    if not is_whole(sealed, place=place):
        raise VaultError("vault.corrupt", "a row is damaged")
    row_key = unwrap_row_key(sealed.row_key, place=place, lock=lock)
    try:
        bound = place.associated_data()
        return unpad(decrypt(sealed.body, key=row_key, nonce=sealed.nonce, bound=bound))
    except CryptoError as error:
        raise VaultError("vault.row_binding") from error


def is_whole(sealed: Sealed, *, place: Place) -> bool:
    """Whether the row's bytes are as they were written, by whomever."""
    found = checksum(place, sealed.nonce, sealed.row_key, sealed.body)
    return len(sealed.nonce) == NONCE_BYTES and found == sealed.checksum


def checksum(place: Place, nonce: bytes, row_key: bytes, body: bytes) -> bytes:
    """Plain BLAKE2b over the row and its place."""
    digest = hashlib.blake2b(place.associated_data(), digest_size=CHECKSUM_BYTES)
    for part in (nonce, row_key, body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
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
