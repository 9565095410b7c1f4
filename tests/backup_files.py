"""Backups of made-up rows for the tests: how to make one, and how to damage it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

import pytest
from quick_kdf import quick_to_unlock

from healthpassport.errors import BackupError
from wallet.backup.content import First, Row
from wallet.backup.keys import (
    PassphraseSecret,
    RandomSecret,
    SlotKind,
    passphrase_recipient,
    recipient,
)
from wallet.backup.reading import opened
from wallet.backup.split import new_split
from wallet.backup.writing import write_backup

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
PASSPHRASE = "three made-up words"
WALLET = bytes(range(16))
WORDS = RandomSecret(b"w" * 16, SlotKind.WORDS)
PART = 65_593
ROWS = (
    Row("copies", 3, bytes(16), b"", b'{"text":"a copy"}'),
    Row("records", 1, b"t" * 16, b"words!", b'{"type":"AllergySummary"}'),
    Row("records", 2, b"t" * 16, b"", b""),
)


def refused(code):
    return pytest.raises(BackupError, match=f"^{code}: ")


def first_of(rows, *, tables=("copies", "records", "state"), wallet=WALLET):
    counts = {table: sum(row.table == table for row in rows) for table in tables}
    return First(wallet, counts, {"tags": b"k" * 32, "words records": b"r" * 32})


@pytest.fixture(scope="session")
def known():
    """Recipients that cost something to make: a passphrase's, and a split with its shares."""
    split, shares = new_split(secrets.token_bytes)
    with quick_to_unlock():
        return passphrase_recipient(PASSPHRASE, random=secrets.token_bytes), split, shares


def make(path, known, rows=ROWS, **more):
    passphrase, split, _shares = known
    return write_backup(
        path,
        **(
            {
                "first": first_of(rows),
                "rows": rows,
                "recipients": (passphrase, recipient(WORDS, {}), split),
                "now": NOW,
                "random": secrets.token_bytes,
            }
            | more
        ),
    )


def rows_of(path, secret=WORDS):
    with opened(path, secret) as content:
        return tuple(content.rows())


def passphrase_rows(path, text=PASSPHRASE):
    return rows_of(path, PassphraseSecret(text))


def header_end(data):
    """Where the header's JSON ends; MAC (32) and checksum (16) follow."""
    return 14 + int.from_bytes(data[10:14], "big")


def with_header(data, header):
    """``data`` under another header with a right checksum, and the MAC that it had."""
    end = header_end(data)
    head = data[:10] + len(header).to_bytes(4, "big") + header
    covered = head + data[end : end + 32]
    return covered + hashlib.blake2b(covered, digest_size=16).digest() + data[end + 48 :]


def with_part(data, number, change):
    """``data`` whose part ``number`` was put through ``change``, with a right checksum."""
    start = header_end(data) + 48 + number * PART
    covered = change(data[start : start + PART - 16])
    checksum = hashlib.blake2b(covered, digest_size=16).digest()
    return data[:start] + covered + checksum + data[start + PART :]
