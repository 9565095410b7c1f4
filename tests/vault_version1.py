"""Vaults as version 1 of the format laid them out, written anew from its description alone."""

# ruff: noqa: S608 - the names of tables are constants
from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import urlsafe_b64encode
from pathlib import Path

from nacl import bindings
from nacl.pwhash import argon2id

FOUR = ("records", "copies", "history", "state")
NINE = (*FOUR, "receipts", "grants", "cards", "people", "helpers")
MEMORY = 64 * 1024 * 1024
seal = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def keyed(key: bytes, data: bytes, person: bytes) -> bytes:
    return hashlib.blake2b(data, key=key, digest_size=32, person=person).digest()


def purpose(data_key: bytes, name: str) -> bytes:
    return keyed(data_key, name.encode(), b"hp-vault-purpose")


def write_version_1(
    path: Path, anchors: Path, *, passphrase: str, rows: dict, random, tables=NINE, counter=3
) -> dict:
    """A vault of version 1: ``rows`` holds (table, text of the tag or None) -> values.

    Returns every value in hex, by table and id.
    """
    kept: dict = {}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    wallet, salt, data_key = random(16), random(16), random(32)
    kdf = {"name": "argon2id", "passes": 3, "memory": MEMORY, "lanes": 1, "salt": text(salt)}
    body = canonical({"v": 1, "wallet": text(wallet), "aead": "xchacha20poly1305", "kdf": kdf})
    key = argon2id.kdf(32, passphrase.encode(), salt, opslimit=3, memlimit=MEMORY)
    nonce = random(24)
    wrapped = nonce + seal(data_key, b"health-passport vault header\x00" + body, nonce, key)
    check = hashlib.blake2b(body + b"\x00" + wrapped, digest_size=16).digest()
    path.touch(mode=0o600)
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA application_id = 1213224497")
        lay_out(file, tables)
        file.execute("INSERT INTO header VALUES (1, ?, ?, ?)", (body, wrapped, check))
        for (table, tag), values in rows.items():
            for value in values:
                row = sealed_row(table, tag, value, wallet=wallet, data_key=data_key, random=random)
                file.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)", row)
                kept.setdefault(table, {})[str(row[0])] = value.hex()
        digest = hashlib.blake2b(body + wrapped, digest_size=32).digest()
        manifest = manifest_of(file, tables, counter, digest, purpose(data_key, "rows"))
        mac = keyed(purpose(data_key, "manifest"), manifest, b"hp-vault-manif")
        file.execute("INSERT INTO manifest VALUES (1, ?, ?)", (manifest, mac))
    file.close()
    anchors.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = counter.to_bytes(8, "big")
    mac = keyed(purpose(data_key, "anchor"), number, b"hp-vault-anchor")
    (anchors / f"{wallet.hex()}.anchor").write_bytes(number + mac)
    return kept


def lay_out(file: sqlite3.Connection, tables) -> None:
    one = "id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL,"
    file.execute(f"CREATE TABLE header ({one} wrapped BLOB NOT NULL, checksum BLOB NOT NULL)")
    file.execute(f"CREATE TABLE manifest ({one} mac BLOB NOT NULL)")
    for table in tables:
        file.execute(
            f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
            " tag BLOB NOT NULL, nonce BLOB NOT NULL, checksum BLOB NOT NULL, body BLOB NOT NULL)"
        )


def sealed_row(table, tag, value, *, wallet, data_key, random) -> tuple:
    row, version = int.from_bytes(random(7), "big"), 1
    place = row.to_bytes(8, "big") + version.to_bytes(8, "big")
    tag = purpose(purpose(data_key, "tags"), tag)[:16] if tag else bytes(16)
    name = table.encode()
    bound = b"health-passport vault row\x01" + wallet + bytes([len(name)]) + name + place + tag
    padded = value + b"\x80" + bytes(4096 - len(value) - 1)
    nonce = random(24)
    key = keyed(purpose(data_key, f"table {table}"), place, b"hp-vault-row-key")
    body = seal(padded, bound, nonce, key)
    check = hashlib.blake2b(bound + nonce + body, digest_size=16).digest()
    return row, version, tag, nonce, check, body


def manifest_of(file, tables, counter, header, key) -> bytes:
    digest = hashlib.blake2b(key=key, digest_size=32, person=b"hp-vault-rows")
    counts = {}
    for table in sorted(tables):
        rows = file.execute(f"SELECT id, version, tag, nonce FROM {table} ORDER BY id").fetchall()
        counts[table] = len(rows)
        digest.update(len(table).to_bytes(8, "big") + table.encode() + len(rows).to_bytes(8, "big"))
        for row, version, tag, nonce in rows:
            digest.update(row.to_bytes(8, "big") + version.to_bytes(8, "big") + tag + nonce)
    rows = text(digest.digest())
    return canonical(
        {"v": 1, "counter": counter, "counts": counts, "rows": rows, "header": text(header)}
    )
