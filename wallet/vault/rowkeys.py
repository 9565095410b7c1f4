"""The own key of each row: random, kept wrapped beside the row, gone with it.

A row of an ordinary table is wrapped under the key of its place. A row of a private table needs a
second secret to be read: its place key is mixed with an X25519 agreement (RFC 7748 section 6.1)
between a key made for this row alone and the vault's public key, so that an open vault can write
it, but reads it only with the private key. Who lacks the data key can do neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from healthpassport.errors import VaultError

from .aead import NONCE_BYTES, decrypt, encrypt
from .kdf import KEY_BYTES, place_key
from .place import Place

_POINT: Final = bindings.crypto_scalarmult_BYTES


@dataclass(frozen=True, slots=True)
class Lock:
    """What wraps the keys of one table: its key, and for a private table the key pair.

    ``public`` is empty for an ordinary table; ``private`` is empty while the history is locked.
    """

    table_key: bytes | bytearray = field(repr=False)
    public: bytes = b""
    private: bytes | bytearray = field(default=b"", repr=False)


def wrap_row_key(
    row_key: bytes, *, place: Place, lock: Lock, random: Callable[[int], bytes]
) -> bytes:
    """``row_key`` as it is kept beside its row."""
    key, head = place_key(lock.table_key, row=place.row, version=place.version), b""
    if lock.public:
        once = random(KEY_BYTES)
        head = bindings.crypto_scalarmult_base(once)
        key = _mixed(key, bindings.crypto_scalarmult(once, lock.public), head, lock.public)
    nonce, bound = random(NONCE_BYTES), place.associated_data()
    return head + nonce + encrypt(row_key, key=key, nonce=nonce, bound=bound)


def unwrap_row_key(wrapped: bytes, *, place: Place, lock: Lock) -> bytes:
    """The key of the row at ``place``.

    Raises:
        VaultError: ``vault.private_locked`` for a private table whose private key is not open,
            ``vault.row_binding`` for a key that was not wrapped for this place.
    """
    key = place_key(lock.table_key, row=place.row, version=place.version)
    try:
        if lock.public:
            if not lock.private:
                raise VaultError("vault.private_locked")
            head, wrapped = wrapped[:_POINT], wrapped[_POINT:]
            agreed = bindings.crypto_scalarmult(bytes(lock.private), _point(head))
            key = _mixed(key, agreed, head, lock.public)
        nonce, body = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        return decrypt(body, key=key, nonce=nonce, bound=place.associated_data())
    except CryptoError as error:
        raise VaultError("vault.row_binding") from error


def _mixed(key: bytes, agreed: bytes, head: bytes, public: bytes) -> bytes:
    return hashlib.blake2b(
        agreed + head + public, key=key, digest_size=KEY_BYTES, person=b"hp-vault-private"
    ).digest()


def _point(head: bytes) -> bytes:
    if len(head) != _POINT:
        raise VaultError("vault.row_binding", "a row's key is cut short")
    return head
