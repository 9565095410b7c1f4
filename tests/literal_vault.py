"""A reader of vaults written from docs/vault-format.md alone; it shares no code with the wallet.

``read_vault`` returns every value of every table, or raises ``Refused`` with the code that the
document names. It does not lock, write, mend or hurry.
"""

# ruff: noqa: S608 - the names of tables are constants
from __future__ import annotations

import hashlib
import json
import sqlite3
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import NamedTuple

from mnemonic import Mnemonic
from nacl import bindings
from nacl.pwhash import argon2id

FOUR = ("records", "copies", "history", "state")
NINE = (*FOUR, "receipts", "grants", "cards", "people", "helpers")
PRIVATE = ("history", "receipts")
MIB = 1024 * 1024


class Row(NamedTuple):
    id: int
    version: int
    tag: bytes
    nonce: bytes
    words: bytes
    row_key: bytes
    checksum: bytes
    body: bytes


class Opened(NamedTuple):
    rows: dict
    found: dict


class Refused(Exception):  # noqa: N818 - it is what the document calls it
    pass


def need(condition, code):
    if not condition:
        raise Refused(code)


def eight(number: int) -> bytes:
    return number.to_bytes(8, "big")


def b(key: bytes, person: str, data: bytes, size: int = 32) -> bytes:
    return hashlib.blake2b(data, key=key, person=person.encode(), digest_size=size).digest()


def canonical(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(text: str) -> bytes:
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError(text)
    return data


def unseal(sealed: bytes, key: bytes, bound: bytes, code: str) -> bytes:
    need(len(sealed) >= 40, code)
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[24:], bound, sealed[:24], key
        )
    except bindings.crypto_aead.exc.CryptoError as error:
        raise Refused(code) from error


def read_vault(path: Path, anchor: bytes | None, way: dict, search: dict | None = None) -> Opened:
    """Every value of the vault in ``path``, by table and id; what ``search`` finds in each table.

    ``way`` is ``{"passphrase": text}``, ``{"words": [12]}`` or ``{"credential", "secret"}`` in hex.
    """
    file = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    file.text_factory = bytes
    try:
        version, tables = shape(file, path)
        return (read_version_2 if version == 2 else read_version_1)(
            file, tables, anchor, way, search or {}
        )
    except sqlite3.DatabaseError as error:
        raise Refused("vault.corrupt") from error
    finally:
        file.close()


def shape(file, path):
    pages = file.execute("PRAGMA page_count").fetchone()[0]
    size = file.execute("PRAGMA page_size").fetchone()[0]
    marker = file.execute("PRAGMA application_id").fetchone()[0]
    need(marker == 0x48505631 and pages * size == path.stat().st_size, "vault.corrupt")
    found = sorted(file.execute("SELECT type, name, sql FROM sqlite_master"))
    for version, tables in ((2, NINE), (1, NINE), (1, FOUR)):
        if found == sorted(schema(version, tables)):
            return version, tables
    try:
        body, check = file.execute("SELECT body, checksum FROM header WHERE id = 1").fetchone()
        newer = json.loads(body)["v"] > 2 and digest16(body) == check
    except (sqlite3.Error, TypeError, KeyError, ValueError):
        newer = False
    raise Refused("vault.version" if newer else "vault.schema")


def schema(version, tables):
    one = "id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL,"
    wrapped = " wrapped BLOB NOT NULL," if version == 1 else ""
    more = " words BLOB NOT NULL, row_key BLOB NOT NULL," if version == 2 else ""
    texts = {
        "header": f"CREATE TABLE header ({one}{wrapped} checksum BLOB NOT NULL)",
        "manifest": f"CREATE TABLE manifest ({one} mac BLOB NOT NULL)",
    } | {
        table: f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
        f" tag BLOB NOT NULL, nonce BLOB NOT NULL,{more} checksum BLOB NOT NULL,"
        " body BLOB NOT NULL)"
        for table in tables
    }
    return [(b"table", name.encode(), text.encode()) for name, text in texts.items()]


def digest16(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def read_version_2(file, tables, anchor, way, search):
    body, check = one_row(file, "SELECT body, checksum FROM header")
    need(digest16(body) == check, "vault.corrupt")
    header = parsed(body)
    need(header.get("v") == 2, "vault.version")
    check_header(header, body)
    data_key, private = open_slot(header, way)
    wallet, public = b64(header["wallet"]), b64(header["public"])
    keys = {n: b(data_key, "hp-vault-purpose", n.encode()) for n in ("manifest", "rows", "anchor")}
    manifest = check_manifest(file, keys, anchor)
    header_digest = hashlib.blake2b(body, digest_size=32).digest()
    need(b64(manifest["header"]) == header_digest, "vault.rollback")
    columns = "id, version, tag, nonce, words, row_key, checksum, body"
    found = rows_of(file, tables, columns)
    check_rows(found, manifest, keys["rows"], lambda t, r: whole(wallet, t, r), with_words=True)
    need(bindings.crypto_scalarmult_base(private) == public, "vault.corrupt")
    values = {}
    for table, rows in found.items():
        key = b(data_key, "hp-vault-purpose", f"table {table}".encode())
        lock = (private, public) if table in PRIVATE else None
        values[table] = {r.id: value_of(wallet, table, r, key, lock) for r in rows}
    hits = {}
    for table, text in search.items():
        name = f"words {table}"
        key = carried(found, values, name) or b(data_key, "hp-vault-purpose", name.encode())
        hits[table] = [r.id for r in found[table] if is_found(key, r, text)]
    return Opened(values, hits)


def one_row(file, statement):
    found = file.execute(statement + " WHERE id = 1").fetchone()
    need(found is not None and all(isinstance(value, bytes) for value in found), "vault.corrupt")
    return found


def parsed(body):
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Refused("vault.corrupt") from error
    need(isinstance(value, dict), "vault.corrupt")
    return value


def check_header(header, body):
    need(canonical(header) == body, "vault.corrupt")
    need(set(header) == {"v", "wallet", "aead", "box", "public", "slots"}, "vault.corrupt")
    need((header["aead"], header["box"]) == ("xchacha20poly1305", "x25519"), "vault.corrupt")
    need(lengths(header, wallet=16, public=32), "vault.corrupt")
    slots = header["slots"]
    need(isinstance(slots, list) and 1 <= len(slots) <= 12, "vault.corrupt")
    for slot in slots:
        check_slot(slot)
    kinds = [slot["kind"] for slot in slots if slot["kind"] != "passkey"]
    credentials = [slot["credential"] for slot in slots if slot["kind"] == "passkey"]
    for names in (kinds, credentials):
        need(len(set(names)) == len(names), "vault.corrupt")


def check_slot(slot):
    kind = slot.get("kind")
    extra = {"passphrase": {"kdf"}, "words": set(), "passkey": {"credential"}}.get(kind)
    need(extra is not None, "vault.corrupt")
    need(
        set(slot) == {"id", "kind", "label", "added", "salt", "data", "private"} | extra,
        "vault.corrupt",
    )
    salt = 16 if kind == "passphrase" else 32
    need(lengths(slot, id=8, salt=salt, data=72, private=72), "vault.corrupt")
    need(len(slot["label"]) <= 60, "vault.corrupt")
    if kind == "passkey":
        need(1 <= len(b64(slot["credential"])) <= 1023, "vault.corrupt")
    if kind == "passphrase":
        check_cost(slot["kdf"], {"name", "passes", "memory", "lanes"})


def check_cost(kdf, members):
    need(set(kdf) == members and kdf["name"] == "argon2id", "vault.corrupt")
    need(kdf["lanes"] == 1, "vault.corrupt")
    need(all(type(kdf[name]) is int for name in ("passes", "memory")), "vault.corrupt")
    need(3 <= kdf["passes"] <= 16 and 64 * MIB <= kdf["memory"] <= 1024 * MIB, "vault.kdf")


def lengths(members, **sizes):
    try:
        return all(len(b64(members[name])) == size for name, size in sizes.items())
    except (ValueError, TypeError):
        return False


def open_slot(header, way):
    kind = next(k for k in ("passphrase", "words", "credential") if k in way)
    for slot in header["slots"]:
        mine = kind == slot["kind"] or (
            kind == "credential" and slot.get("credential") == way_credential(way)
        )
        if mine:
            break
    else:
        raise Refused("vault.way_unknown")
    salt = b64(slot["salt"])
    if kind == "passphrase":
        main = stretched(way["passphrase"], salt, slot["kdf"])
    elif kind == "words":
        main = b(secret_of(way["words"]), "hp-vault-12words", salt)
    else:
        main = b(bytes.fromhex(way["secret"]), "hp-vault-passkey", salt)
    readable = {name: value for name, value in slot.items() if name not in ("data", "private")}
    bound = b"health-passport vault slot\x02" + b64(header["wallet"]) + b64(header["public"])
    bound += canonical(readable)
    return [
        unseal(b64(slot[n]), b(main, "hp-vault-slot", n.encode()), bound, "vault.unlock_failed")
        for n in ("data", "private")
    ]


def way_credential(way):
    return urlsafe_b64encode(bytes.fromhex(way["credential"])).rstrip(b"=").decode()


def stretched(text, salt, kdf):
    secret = unicodedata.normalize("NFC", text).encode()
    need(1 <= len(secret) <= 1024, "vault.unlock_failed")
    return argon2id.kdf(32, secret, salt, opslimit=kdf["passes"], memlimit=kdf["memory"])


def secret_of(words):
    """BIP-39: 12 x 11 bits are 128 bits and the first 4 bits of their SHA-256."""
    listed = Mnemonic("english").wordlist
    need(len(words) == 12 and all(word in listed for word in words), "vault.recovery_words")
    bits = 0
    for word in words:
        bits = bits << 11 | listed.index(word)
    secret = (bits >> 4).to_bytes(16, "big")
    need(hashlib.sha256(secret).digest()[0] >> 4 == bits & 15, "vault.recovery_words")
    return secret


def check_manifest(file, keys, anchor, version=2):
    body, mac = one_row(file, "SELECT body, mac FROM manifest")
    need(b(keys["manifest"], "hp-vault-manif", body) == mac, "vault.corrupt")
    manifest = json.loads(body)
    need(manifest["v"] == version, "vault.version")
    need(anchor is not None and len(anchor) == 40, "vault.anchor")
    need(b(keys["anchor"], "hp-vault-anchor", anchor[:8]) == anchor[8:], "vault.anchor")
    need(manifest["counter"] >= int.from_bytes(anchor[:8], "big"), "vault.rollback")
    return manifest


def rows_of(file, tables, columns):
    kinds = (int, int, *(bytes,) * (columns.count(",") - 1))
    found = {}
    for table in tables:
        rows = file.execute(f"SELECT {columns} FROM {table} ORDER BY id").fetchall()
        need(all(tuple(map(type, row)) == kinds for row in rows), "vault.corrupt")
        need(all(row[0] >= 0 and row[1] >= 0 for row in rows), "vault.corrupt")
        names = columns.split(", ")
        blank = dict.fromkeys(Row._fields, b"")
        found[table] = [Row(**blank | dict(zip(names, row, strict=True))) for row in rows]
    return found


def check_rows(found, manifest, key, is_whole, *, with_words):
    digest = hashlib.blake2b(key=key, person=b"hp-vault-rows", digest_size=32)
    for table in sorted(found):
        digest.update(eight(len(table)) + table.encode() + eight(len(found[table])))
        for row in found[table]:
            digest.update(eight(row.id) + eight(row.version) + row.tag + row.nonce)
            if with_words:
                digest.update(eight(len(row.words)) + row.words)
    if digest.digest() != b64(manifest["rows"]):
        need(all(is_whole(t, row) for t, rows in found.items() for row in rows), "vault.corrupt")
        fewer = any(len(found.get(t, ())) < count for t, count in manifest["counts"].items())
        raise Refused("vault.row_missing" if fewer else "vault.row_binding")


def bound_of(version, wallet, table, row):
    name = table.encode()
    start = b"health-passport vault row" + bytes([version]) + wallet + bytes([len(name)]) + name
    return start + eight(row.id) + eight(row.version) + row.tag + row.words


def whole(wallet, table, row):
    data = bound_of(2, wallet, table, row)
    for part in (row.nonce, row.row_key, row.body):
        data += eight(len(part)) + part
    return digest16(data) == row.checksum and len(row.nonce) == 24


def value_of(wallet, table, row, table_key, lock):
    need(whole(wallet, table, row), "vault.corrupt")
    bound = bound_of(2, wallet, table, row)
    key = b(table_key, "hp-vault-row-key", eight(row.id) + eight(row.version))
    wrapped = row.row_key
    if lock:
        private, public = lock
        once, wrapped = wrapped[:32], wrapped[32:]
        need(len(once) == 32, "vault.row_binding")
        agreed = bindings.crypto_scalarmult(private, once)
        key = b(key, "hp-vault-private", agreed + once + public)
    own = unseal(wrapped, key, bound, "vault.row_binding")
    return unpadded(unseal(row.nonce + row.body, own, bound, "vault.row_binding"))


def unpadded(padded):
    return padded[: padded.rindex(b"\x80")]


def carried(found, values, name):
    """The key that a vault made from copied rows finds them by, if it carries one."""
    tag = hashlib.blake2b(person=b"hp-vault-carried", digest_size=16).digest()
    for row in found["state"]:
        if row.tag == tag:
            return b64(json.loads(values["state"][row.id])[name])
    return None


def is_found(key, row, text):
    tags = {row.words[at : at + 6] for at in range(0, len(row.words), 6)}
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    words = "".join(c if c.isalnum() else " " for c in kept).split()
    return bool(words) and all(
        b(key, "hp-vault-words", eight(row.id) + word[:16].encode(), 6) in tags for word in words
    )


def read_version_1(file, tables, anchor, way, _search):
    body, wrapped, check = one_row(file, "SELECT body, wrapped, checksum FROM header")
    need(digest16(body + b"\x00" + wrapped) == check, "vault.corrupt")
    header = parsed(body)
    need(header.get("v") == 1, "vault.version")
    need(canonical(header) == body, "vault.corrupt")
    need(set(header) == {"v", "wallet", "aead", "kdf"}, "vault.corrupt")
    check_cost(header["kdf"], {"name", "passes", "memory", "lanes", "salt"})
    need(lengths(header, wallet=16) and lengths(header["kdf"], salt=16), "vault.corrupt")
    need("passphrase" in way, "vault.way_unknown")
    key = stretched(way["passphrase"], b64(header["kdf"]["salt"]), header["kdf"])
    bound = b"health-passport vault header\x00" + body
    data_key, wallet = unseal(wrapped, key, bound, "vault.unlock_failed"), b64(header["wallet"])
    keys = {n: b(data_key, "hp-vault-purpose", n.encode()) for n in ("manifest", "rows", "anchor")}
    manifest = check_manifest(file, keys, anchor, version=1)
    header_digest = hashlib.blake2b(body + wrapped, digest_size=32).digest()
    need(b64(manifest["header"]) == header_digest, "vault.rollback")
    found = rows_of(file, tables, "id, version, tag, nonce, checksum, body")

    def is_whole(table, row):
        return digest16(bound_of(1, wallet, table, row) + row.nonce + row.body) == row.checksum

    need(all(is_whole(t, row) for t, rows in found.items() for row in rows), "vault.corrupt")
    check_rows(found, manifest, keys["rows"], is_whole, with_words=False)
    values = {}
    for table, rows in found.items():
        of_table = b(data_key, "hp-vault-purpose", f"table {table}".encode())
        values[table] = {}
        for row in rows:
            place = b(of_table, "hp-vault-row-key", eight(row.id) + eight(row.version))
            sealed = row.nonce + row.body
            plain = unseal(sealed, place, bound_of(1, wallet, table, row), "vault.row_binding")
            values[table][row.id] = unpadded(plain)
    return Opened(values, {})
