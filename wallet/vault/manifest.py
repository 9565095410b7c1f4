"""Which rows there are: a counter and a keyed digest over what every row is found by.

A row that was deleted, added, swapped or put back to an older version changes the digest. The
counter grows with every transaction; ``anchor`` remembers it outside the file.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from healthpassport.encoding import Json, b64url_decode, b64url_encode, jcs, parse_json_object
from healthpassport.errors import EncodingError, VaultError

VERSION: Final = 2
MAC_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manifest knows of a row. The nonce pins the very bytes that were sealed."""

    version: int
    tag: bytes
    nonce: bytes
    words: bytes = b""


@dataclass(slots=True)
class Index:
    """All rows of all tables; the vault's only map of itself, so SQLite's need not be trusted."""

    tables: dict[str, dict[int, Entry]] = field(default_factory=dict)

    def copy(self) -> Index:
        """An index to change without touching this one."""
        return Index({table: dict(rows) for table, rows in self.tables.items()})

    def counts(self) -> dict[str, int]:
        """How many rows each table holds."""
        return {table: len(rows) for table, rows in self.tables.items()}

    def digest(self, key: bytes | bytearray) -> bytes:
        """Keyed BLAKE2b over every row in the order of tables and ids, words included."""
        digest = hashlib.blake2b(key=bytes(key), digest_size=MAC_BYTES, person=b"hp-vault-rows")
        for table in sorted(self.tables):
            rows = self.tables[table]
            digest.update(len(table).to_bytes(8, "big") + table.encode())
            digest.update(len(rows).to_bytes(8, "big"))
            for row in sorted(rows):
                entry = rows[row]
                numbers = row.to_bytes(8, "big") + entry.version.to_bytes(8, "big")
                size = len(entry.words).to_bytes(8, "big")
                digest.update(numbers + entry.tag + entry.nonce + size + entry.words)
        return digest.digest()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The state of the vault after one transaction."""

    counter: int
    counts: Mapping[str, int]
    rows: bytes
    header: bytes

    def body(self) -> bytes:
        """The manifest's bytes as stored and authenticated (RFC 8785)."""
        return jcs(
            {
                "v": VERSION,
                "counter": self.counter,
                "counts": dict(self.counts),
                "rows": b64url_encode(self.rows),
                "header": b64url_encode(self.header),
            }
        )


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest and its MAC, as the vault's file holds them."""

    body: bytes
    mac: bytes


def seal_manifest(manifest: Manifest, *, key: bytes | bytearray) -> StoredManifest:
    """``manifest`` with its MAC."""
    body = manifest.body()
    return StoredManifest(body, manifest_mac(body, key))


def open_manifest(stored: StoredManifest, *, key: bytes | bytearray) -> Manifest:
    """The manifest of ``stored``; ``vault.corrupt`` when its MAC does not match."""
    if not hmac.compare_digest(manifest_mac(stored.body, key), stored.mac):
        raise VaultError("vault.corrupt", "the vault's list of its own rows is damaged")
    try:
        return _manifest(parse_json_object(stored.body))
    except (EncodingError, TypeError) as error:  # only a wallet with our key could have written it
        raise VaultError("vault.version") from error


def _manifest(document: dict[str, Json]) -> Manifest:
    counter, counts = document.get("counter"), document.get("counts")
    rows, header = document.get("rows"), document.get("header")
    if document.get("v") != VERSION:
        raise TypeError
    if not isinstance(counter, int) or not isinstance(counts, dict):
        raise TypeError
    if not isinstance(rows, str) or not isinstance(header, str):
        raise TypeError
    numbers = {name: count for name, count in counts.items() if isinstance(count, int)}
    return Manifest(counter, numbers, b64url_decode(rows), b64url_decode(header))


def compare(
    manifest: Manifest, *, index: Index, header: bytes, key: bytes | bytearray
) -> str | None:
    """The code of what differs between the manifest and the rows that were found, or None."""
    if not hmac.compare_digest(manifest.header, header):
        return "vault.rollback"
    if hmac.compare_digest(manifest.rows, index.digest(key)):
        return None
    found = index.counts()
    fewer = any(found.get(table, 0) < count for table, count in manifest.counts.items())
    return "vault.row_missing" if fewer else "vault.row_binding"


def manifest_mac(body: bytes, key: bytes | bytearray) -> bytes:
    """The MAC of a manifest's bytes."""
    return hashlib.blake2b(
        body, key=bytes(key), digest_size=MAC_BYTES, person=b"hp-vault-manif"
    ).digest()
