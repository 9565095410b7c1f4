"""A second reader of backups, written from docs/backup-format.md alone, sharing no code.

It reads good files and answers None or raises for bad ones; it does not name what is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from nacl import bindings
from nacl.pwhash import argon2id

CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PART = 25 + 65552 + 16


@dataclass
class Book:
    wallet: bytes
    made: str
    counts: dict
    finding: dict
    rows: list


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def blake(data=b"", *, size=32, key=b"", person=b""):
    return hashlib.blake2b(data, digest_size=size, key=key, person=person).digest()


def read(data, kind, secret):
    """The backup in ``data``, opened by a passphrase (text) or 16 bytes."""
    assert data[:8] == b"hpbackup"
    assert int.from_bytes(data[8:10], "big") == 1
    end = 14 + int.from_bytes(data[10:14], "big")
    head, mac, checksum = data[:end], data[end : end + 32], data[end + 32 : end + 48]
    assert blake(head + mac, size=16) == checksum
    header = json.loads(head[14:])
    key = backup_key(header, kind, secret)
    assert blake(head, key=key, person=b"hp-backup-head") == mac
    content_key = blake(head, key=key, person=b"hp-backup-data")
    content = b"".join(parts(data[end + 48 :], b64(header["backup"]), content_key))
    return contents(content, header)


def backup_key(header, kind, secret):
    for slot in header["slots"]:
        if slot["kind"] != kind:
            continue
        if kind == "passphrase":
            private = argon2id.kdf(
                32,
                unicodedata.normalize("NFC", secret).encode(),
                b64(slot["salt"]),
                opslimit=slot["passes"],
                memlimit=slot["memory"],
            )
        else:
            private = blake(key=secret, person=b"hp-backup-" + kind.encode())
        told = {name: value for name, value in slot.items() if name != "sealed"}
        text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        info = b"health-passport backup key\x01" + b64(header["backup"]) + text
        return hpke_open(b64(slot["sealed"]), X25519PrivateKey.from_private_bytes(private), info)
    raise AssertionError(kind)


def hpke_open(sealed, private, info, aad=b""):
    """RFC 9180 sections 4.1, 5.1, 5.2, for one message in base mode."""
    enc, ciphertext = sealed[:32], sealed[32:]
    dh = private.exchange(X25519PublicKey.from_public_bytes(enc))
    key, nonce = hpke_keys(dh, enc + private.public_key().public_bytes_raw(), info)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)


def hpke_seal(plaintext, ephemeral, public, info, aad=b""):
    """The sender's side, with the ephemeral key that is given."""
    enc = ephemeral.public_key().public_bytes_raw()
    dh = ephemeral.exchange(public)
    key, nonce = hpke_keys(dh, enc + public.public_bytes_raw(), info)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def hpke_keys(dh, context, info):
    """Key and nonce of the first message."""
    kem = b"KEM" + (0x20).to_bytes(2, "big")
    shared = expand(extract(b"", b"eae_prk", dh, kem), b"shared_secret", context, 32, kem)
    suite = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x20, 1, 3))
    schedule = b"\x00" + extract(b"", b"psk_id_hash", b"", suite)
    schedule += extract(b"", b"info_hash", info, suite)
    secret = extract(shared, b"secret", b"", suite)
    key = expand(secret, b"key", schedule, 32, suite)
    return key, expand(secret, b"base_nonce", schedule, 12, suite)


def extract(salt, label, material, suite):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def expand(key, label, info, length, suite):
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", "sha256")[:length]


def parts(data, backup, key):
    assert data
    assert len(data) % PART == 0
    count = len(data) // PART
    for number in range(count):
        part = data[number * PART : (number + 1) * PART]
        place, ciphertext, checksum = part[:25], part[25:-16], part[-16:]
        assert blake(place + ciphertext, size=16) == checksum
        last = b"\x01" if number == count - 1 else b"\x00"
        assert place == number.to_bytes(8, "big") + last + backup
        yield bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            ciphertext,
            b"health-passport backup part\x01" + place,
            number.to_bytes(8, "big") + bytes(16),
            key,
        )


def contents(content, header):
    at = 0

    def take(length):
        nonlocal at
        at += length
        assert at <= len(content)
        return content[at - length : at]

    def number(length):
        return int.from_bytes(take(length), "big")

    first = json.loads(take(number(4)))
    assert first["v"] == 1
    assert first["wallet"] == header["wallet"]
    rows = []
    while (length := number(1)) != 0x80:
        table = take(length).decode()
        row, tag = number(8), take(16)
        words = take(number(4))
        rows.append((table, row, tag, words, take(number(4))))
    assert not any(content[at:])
    assert [row[:2] for row in rows] == sorted({row[:2] for row in rows})
    for table, count in first["counts"].items():
        assert sum(row[0] == table for row in rows) == count
    finding = {name: b64(key) for name, key in first["finding"].items()}
    return Book(b64(header["wallet"]), header["made"], first["counts"], finding, rows)


def ungroup(text):
    typed = text.upper().replace("-", "").replace(" ", "").replace("\n", "")
    typed = typed.replace("O", "0").replace("I", "1").replace("L", "1")
    number = bits = 0
    for place in range(len(typed) // 5):
        *values, check = [CHARACTERS.index(c) for c in typed[place * 5 : place * 5 + 5]]
        found = place + 1
        for value in values:
            found = times_x(found ^ value)
            number, bits = number << 5 | value, bits + 5
        assert found == check
    spare = bits % 8
    assert number & ((1 << spare) - 1) == 0
    return (number >> spare).to_bytes(bits // 8, "big")


def times_x(value):
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


def line_through(first, second):
    """The 16 bytes at 0 of the line through two shares' texts, over GF(2^128)."""
    points = []
    for text in (first, second):
        data = ungroup(text)
        assert data[0] == 1
        points.append((data[5], int.from_bytes(data[6:], "big")))
    (x1, y1), (x2, y2) = points
    slope = multiply(y1 ^ y2, power(x1 ^ x2, 2**128 - 2))
    return (y1 ^ multiply(slope, x1)).to_bytes(16, "big")


def multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >> 128:
            a ^= (1 << 128) | 0x87
        b >>= 1
    return product


def power(base, exponent):
    result = 1
    while exponent:
        if exponent & 1:
            result = multiply(result, base)
        base, exponent = multiply(base, base), exponent >> 1
    return result
