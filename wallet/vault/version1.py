"""Version 1 of the format, read only: what a vault was before it is brought to version 2.

One way in (a passphrase) wraps the data key; rows are sealed under keys derived from their place;
four or nine tables, no words. What is *not* here: writing it, and what comes of it (``migration``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nacl.exceptions import CryptoError

from healthpassport.encoding import Json, b64url_decode, b64url_encode, jcs, parse_json_object
from healthpassport.errors import EncodingError, VaultError

from .aead import NONCE_BYTES, decrypt
from .anchor import read_anchor
from .kdf import LANES, SALT_BYTES, KdfCost, key_from_passphrase, place_key
from .manifest import StoredManifest, manifest_mac
from .opened import Keys
from .sealing import unpad
from .slots import WRAPPED_BYTES
from .storage import Storage

WALLET_BYTES: Final = 16
CHECKSUM_BYTES: Final = 16
DIGEST_BYTES: Final = 32
_HEADER_AAD: Final = b"health-passport vault header\x00"
_ROW_AAD: Final = b"health-passport vault row\x01"


@dataclass(frozen=True, slots=True)
class OldHeader:
    """Wallet id, cost and salt, with the wrapped data key and the bytes as they were stored."""

    wallet: bytes
    cost: KdfCost
    salt: bytes
    body: bytes
    wrapped: bytes

    def digest(self) -> bytes:
        """What the manifest of version 1 binds."""
        return hashlib.blake2b(self.body + self.wrapped, digest_size=DIGEST_BYTES).digest()

    def data_key(self, passphrase: str) -> bytearray:
        """The data key (``vault.unlock_failed``)."""
        key = key_from_passphrase(passphrase, salt=self.salt, cost=self.cost)
        nonce, sealed = self.wrapped[:NONCE_BYTES], self.wrapped[NONCE_BYTES:]
        try:
            bound = _HEADER_AAD + self.body
            return bytearray(decrypt(sealed, key=key, nonce=nonce, bound=bound))
        except CryptoError as error:
            raise VaultError("vault.unlock_failed") from error


@dataclass(frozen=True, slots=True)
class OldRow:
    """One row as version 1 stored it."""

    table: str
    id: int
    version: int
    tag: bytes
    nonce: bytes
    checksum: bytes
    body: bytes

    def _bound(self, wallet: bytes) -> bytes:
        name = self.table.encode()
        numbers = self.id.to_bytes(8, "big") + self.version.to_bytes(8, "big")
        return _ROW_AAD + wallet + bytes([len(name)]) + name + numbers + self.tag

    def is_whole(self, wallet: bytes) -> bool:
        """Whether the row's bytes are as they were written, by whomever."""
        digest = hashlib.blake2b(self._bound(wallet), digest_size=CHECKSUM_BYTES)
        digest.update(self.nonce + self.body)
        return len(self.nonce) == NONCE_BYTES and digest.digest() == self.checksum

    def value(self, wallet: bytes, table_key: bytes | bytearray) -> bytes:
        """What was sealed (``vault.corrupt``, ``vault.row_binding``)."""
        if not self.is_whole(wallet):
            raise VaultError("vault.corrupt", "a row is damaged")
        key = place_key(table_key, row=self.id, version=self.version)
        try:
            bound = self._bound(wallet)
            return unpad(decrypt(self.body, key=key, nonce=self.nonce, bound=bound))
        except CryptoError as error:
            raise VaultError("vault.row_binding") from error


def read_old_header(storage: Storage) -> OldHeader:
    """The header (``vault.corrupt``, ``vault.kdf``, ``vault.version``)."""
    body, wrapped, checksum = storage.old_header()
    expected = hashlib.blake2b(body + b"\x00" + wrapped, digest_size=CHECKSUM_BYTES).digest()
    if expected != checksum:
        raise VaultError("vault.corrupt", "the header is damaged")
    try:
        document = parse_json_object(body)
        if document.get("v") != 1:
            raise VaultError("vault.version")
        header = _header(document, body, wrapped)
    except EncodingError as error:
        raise VaultError("vault.corrupt", "the header cannot be read") from error
    if _spelled(header) != body or len(wrapped) != WRAPPED_BYTES:
        raise VaultError("vault.corrupt", "the header is not one that a wallet writes")
    header.cost.check()
    return header


def _header(document: Mapping[str, Json], body: bytes, wrapped: bytes) -> OldHeader:
    wallet, kdf = document.get("wallet"), document.get("kdf")
    if not isinstance(wallet, str) or not isinstance(kdf, dict):
        raise VaultError("vault.corrupt", "the header lacks a member")
    passes, memory, salt = kdf.get("passes"), kdf.get("memory"), kdf.get("salt")
    if not isinstance(passes, int) or not isinstance(memory, int) or not isinstance(salt, str):
        raise VaultError("vault.corrupt", "the header lacks a member")
    cost = KdfCost(passes, memory)
    found = OldHeader(b64url_decode(wallet), cost, b64url_decode(salt), body, wrapped)
    if len(found.wallet) != WALLET_BYTES or len(found.salt) != SALT_BYTES:
        raise VaultError("vault.corrupt", "a member of the header has the wrong length")
    return found


def _spelled(header: OldHeader) -> bytes:
    return jcs(
        {
            "v": 1,
            "wallet": b64url_encode(header.wallet),
            "aead": "xchacha20poly1305",
            "kdf": {
                "name": "argon2id",
                "passes": header.cost.passes,
                "memory": header.cost.memory,
                "lanes": LANES,
                "salt": b64url_encode(header.salt),
            },
        }
    )


def old_counter(stored: StoredManifest, *, key: bytes | bytearray) -> int:
    """The counter of a manifest whose MAC is right (``vault.corrupt``, ``vault.version``)."""
    counter = _members(stored, key).get("counter")
    if not isinstance(counter, int):
        raise VaultError("vault.version")
    return counter


def newest_old_counter(stored: StoredManifest, anchor: Path, keys: Keys) -> int:
    """The highest counter that manifest and anchor know; 0 where neither can be read."""
    counters = [0]
    with suppress(VaultError):
        counters.append(read_anchor(anchor, key=keys.anchor))
    with suppress(VaultError):
        counters.append(old_counter(stored, key=keys.manifest))
    return max(counters)


def check_old_rows(
    stored: StoredManifest, rows: Mapping[str, tuple[OldRow, ...]], header: OldHeader, keys: Keys
) -> None:
    """Raise what differs between the manifest and the rows and header that were found."""
    members = _members(stored, keys.manifest)
    if members.get("header") != b64url_encode(header.digest()):
        raise VaultError("vault.rollback")
    if not all(row.is_whole(header.wallet) for found in rows.values() for row in found):
        raise VaultError("vault.corrupt", "a row is damaged")
    if members.get("rows") == b64url_encode(_digest(rows, keys.rows)):
        return
    counts = members.get("counts")
    counted = counts if isinstance(counts, dict) else {}
    fewer = any(
        len(found) < count
        for table, found in rows.items()
        if isinstance(count := counted.get(table), int)
    )
    raise VaultError("vault.row_missing" if fewer else "vault.row_binding")


def _members(stored: StoredManifest, key: bytes | bytearray) -> dict[str, Json]:
    if not hmac.compare_digest(manifest_mac(stored.body, key), stored.mac):
        raise VaultError("vault.corrupt", "the vault's list of its own rows is damaged")
    try:
        members = parse_json_object(stored.body)
    except EncodingError as error:
        raise VaultError("vault.version") from error
    if members.get("v") != 1:
        raise VaultError("vault.version")
    return members


def _digest(rows: Mapping[str, tuple[OldRow, ...]], key: bytes | bytearray) -> bytes:
    digest = hashlib.blake2b(key=bytes(key), digest_size=DIGEST_BYTES, person=b"hp-vault-rows")
    for table in sorted(rows):
        digest.update(len(table).to_bytes(8, "big") + table.encode())
        digest.update(len(rows[table]).to_bytes(8, "big"))
        for row in sorted(rows[table], key=lambda found: found.id):
            numbers = row.id.to_bytes(8, "big") + row.version.to_bytes(8, "big")
            digest.update(numbers + row.tag + row.nonce)
    return digest.digest()
