"""What an attacker, a failing disk or an old backup can do to the file, and what is said of it."""

# ruff: noqa: S311, S608 - the attacks are drawn at random and write their own SQL
from __future__ import annotations

import os
import random

import pytest
from wallet_home import CONTENT, PASSPHRASE, Home, change_history, open_and_read_all, refused

from healthpassport.encoding import jcs
from healthpassport.errors import VaultError
from wallet.vault.header import checksum as header_checksum
from wallet.vault.manifest import StoredManifest, manifest_mac, open_manifest
from wallet.vault.place import Place
from wallet.vault.sealing import checksum, pad, unpad

SAMPLE = 250  # bit flips in an ordinary run; PASSPORT_VAULT_FLIPS=10000: and the whole header
LOUD = {
    "vault.corrupt",
    "vault.schema",
    "vault.kdf",
    "vault.version",
    "vault.row_missing",
    "vault.row_binding",
    "vault.rollback",
    "vault.unlock_failed",
    "vault.io",
}


def test_vau_003_bit_flips_are_harmless_or_detected(filled):
    good = filled.path.read_bytes()
    picks = random.Random(3)
    wanted = int(os.environ.get("PASSPORT_VAULT_FLIPS", SAMPLE))
    positions = [picks.randrange(len(good) * 8) for _ in range(wanted)]
    with filled.raw() as file:
        (size,) = file.execute("SELECT length(body) + length(checksum) FROM header").fetchone()
    header = 8 * good.index(b'{"aead"')
    bits = range(header, header + 8 * size)
    positions += bits if wanted > SAMPLE else picks.sample(bits, 60)
    for position in positions:
        bad = bytearray(good)
        bad[position // 8] ^= 1 << position % 8
        filled.path.write_bytes(bad)
        try:
            assert open_and_read_all(filled) == CONTENT, position
        except VaultError as error:
            assert error.code in LOUD, (position, error)  # noqa: PT017
    filled.path.write_bytes(good)
    assert open_and_read_all(filled) == CONTENT


def test_vau_002_a_cut_file_is_refused_at_every_page_and_between(filled):
    good = filled.path.read_bytes()
    picks = random.Random(2)
    lengths = [*range(0, len(good), 4096), *(picks.randrange(len(good)) for _ in range(20))]
    for length in lengths:
        filled.path.write_bytes(good[:length])
        with refused("vault.corrupt"):
            open_and_read_all(filled)
    filled.path.write_bytes(good)
    assert open_and_read_all(filled) == CONTENT


def test_a_file_with_something_after_its_end_is_refused(filled):
    with filled.path.open("ab") as file:
        file.write(bytes(4096))
    with refused("vault.corrupt"):
        filled.open()


def swap(file, columns):
    first, second = file.execute(f"SELECT id, {columns} FROM records ORDER BY id").fetchall()
    names = [f"{name.strip()} = ?" for name in columns.split(",")]
    statement = f"UPDATE records SET {', '.join(names)} WHERE id = ?"
    file.execute(statement, (*second[1:], first[0]))
    file.execute(statement, (*first[1:], second[0]))


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        pytest.param("nonce, row_key, checksum, body", "vault.corrupt", id="vau-004-whole-rows"),
        pytest.param("checksum, body", "vault.corrupt", id="vau-004-bodies"),
        pytest.param("body", "vault.corrupt", id="vau-004-bodies-alone"),
    ],
)
def test_swapped_rows_without_new_checksums_look_damaged(filled, columns, code):
    with filled.raw() as file:
        swap(file, columns)
    with refused(code):
        open_and_read_all(filled)


def wallet_of(home):
    vault = home.open()
    wallet = vault._header().wallet
    vault.close()
    return wallet


def rechecksum(file, wallet, table):
    """What a careful attacker does: the plain checksums are made to fit."""
    rows = file.execute(
        f"SELECT id, version, tag, words, nonce, row_key, body FROM {table}"
    ).fetchall()
    for row, version, tag, words, *sealed in rows:
        fitted = checksum(Place(wallet, table, row, version, tag, words), *sealed)
        file.execute(f"UPDATE {table} SET checksum = ? WHERE id = ?", (fitted, row))


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param("nonce, row_key, body", id="vau-004-swap-seen-at-unlock"),
        pytest.param("body", id="vau-004-swap-seen-at-read"),
        pytest.param("row_key", id="vau-004-keys-alone"),
        pytest.param("row_key, body", id="vau-004-keys-and-bodies"),
    ],
)
def test_swapped_rows_with_new_checksums_are_seen(filled, columns):
    wallet = wallet_of(filled)
    with filled.raw() as file:
        swap(file, columns)
        rechecksum(file, wallet, "records")
    with refused("vault.row_binding"):
        open_and_read_all(filled)


def test_vau_005_a_row_of_another_vault_with_the_same_passphrase_is_refused(filled, tmp_path):
    other = Home(tmp_path / "other")
    vault = other.create()
    vault.unlock(PASSPHRASE)
    with vault.transaction() as writer:
        writer.add("records", b"planted")
    vault.close()
    with other.raw() as file:
        row = file.execute("SELECT * FROM records").fetchone()
    with filled.raw() as file:
        file.execute("DELETE FROM records WHERE id = (SELECT max(id) FROM records)")
        file.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        rechecksum(file, wallet_of(filled), "records")
    with refused("vault.row_binding"):
        open_and_read_all(filled)


@pytest.mark.parametrize("table", ["records", "copies", "history"])
def test_vau_007_a_deleted_row_is_missed(filled, table):
    with filled.raw() as file:
        file.execute(f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})")
    with refused("vault.row_missing"):
        open_and_read_all(filled)


def test_vau_006_yesterdays_file_is_refused_and_kept(filled):
    yesterday = filled.path.read_bytes()
    vault = filled.unlocked()
    with vault.transaction() as writer:
        writer.add("history", b"shared today")
    vault.close()
    filled.path.write_bytes(yesterday)
    with refused("vault.rollback"):
        open_and_read_all(filled)
    assert filled.path.read_bytes() == yesterday


def test_a_file_put_back_while_the_vault_is_open_is_seen(filled):
    vault = filled.wide_open()
    yesterday = filled.path.read_bytes()
    with vault.transaction() as writer:
        row = writer.add("history", b"shared today")
    with filled.path.open("r+b") as file:
        file.write(yesterday)
        file.truncate(len(yesterday))
    with pytest.raises(VaultError) as raised:
        vault.read("history", row)
    assert raised.value.code in {"vault.rollback", "vault.corrupt"}
    vault.close()


def put_back(home, table, verb):
    """Change the vault, then put ``table``'s bytes back to before the change."""
    with home.raw() as file:
        before = file.execute(f"SELECT * FROM {table}").fetchall()
    verb()
    marks = ", ".join("?" * len(before[0]))
    with home.raw() as file:
        file.execute(f"DELETE FROM {table}")
        file.executemany(f"INSERT INTO {table} VALUES ({marks})", before)


def test_an_older_manifest_is_refused(filled):
    put_back(filled, "manifest", lambda: change_history(filled))
    with refused("vault.rollback"):
        open_and_read_all(filled)


def test_an_older_version_of_one_row_is_refused(filled):
    put_back(filled, "history", lambda: change_history(filled))
    with refused("vault.row_binding"):
        open_and_read_all(filled)


def test_an_older_row_put_back_while_open_is_refused(filled):
    vault = filled.wide_open()
    (row,) = vault.rows("history")
    with filled.raw() as file:
        before = file.execute("SELECT * FROM history").fetchone()
    with vault.transaction() as writer:
        writer.replace("history", row, b"changed")
    with filled.raw() as file:
        file.execute("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)", before)
    with refused("vault.row_binding"):
        vault.read("history", row)
    with filled.raw() as file:
        file.execute("DELETE FROM history")
    with refused("vault.row_missing"):
        vault.read("history", row)
    vault.close()


def test_vau_012_an_older_header_and_passphrase_are_refused(filled):
    def change():
        vault = filled.open()
        vault.change_passphrase(PASSPHRASE, "four other made-up words")
        vault.close()

    put_back(filled, "header", change)
    with refused("vault.rollback"):
        open_and_read_all(filled)


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        (b'"passes":3', b'"passes":1', "vault.kdf"),
        (b'"memory":67108864', b'"memory":8192', "vault.kdf"),
        (b'"memory":67108864', b'"memory":9007199254740991', "vault.kdf"),
        (b'"v":2', b'"v":3', "vault.version"),
        (b'"lanes":1', b'"lanes":2', "vault.corrupt"),
        (b'"lanes":1', b'"lanes":1,"more":1', "vault.corrupt"),
        (b'"passes":3', b'"passes":"3"', "vault.corrupt"),
        (b'"kdf":{', b'"kdg":{', "vault.corrupt"),
        (b'"salt":"', b'"salt":"AAAA', "vault.corrupt"),
        (b'"salt":"', b'"salt":"=', "vault.corrupt"),
        (b'"passes":3', b'"passes":4', "vault.unlock_failed"),
    ],
)
def test_a_header_that_was_rewritten_with_its_checksum_is_refused(filled, member, value, code):
    with filled.raw() as file:
        (body,) = file.execute("SELECT body FROM header").fetchone()
        assert member in body
        body = body.replace(member, value)
        sealed = (body, header_checksum(body))
        file.execute("UPDATE header SET body = ?, checksum = ?", sealed)
    with refused(code):
        open_and_read_all(filled)


@pytest.mark.parametrize("table", ["header", "manifest"])
def test_a_missing_header_or_manifest_is_damage(filled, table):
    with filled.raw() as file:
        file.execute(f"DELETE FROM {table}")
    with refused("vault.corrupt"):
        open_and_read_all(filled)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON copies BEGIN DELETE FROM records; END",
        "CREATE VIEW v AS SELECT * FROM records",
        "CREATE TABLE extra (x)",
        "CREATE INDEX i ON records (tag)",
        "DROP TABLE history",
        "ALTER TABLE state ADD COLUMN x",
    ],
)
def test_vau_024_a_foreign_schema_is_refused(filled, statement):
    with filled.raw() as file:
        file.execute(statement)
    with refused("vault.schema"):
        filled.open()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET version = -1",
        "UPDATE records SET version = 'x'",
        "UPDATE records SET nonce = 1.5",
        "PRAGMA application_id = 7",
    ],
)
def test_values_of_a_wrong_kind_are_damage(filled, statement):
    with filled.raw() as file:
        file.execute(statement)
    with refused("vault.corrupt"):
        open_and_read_all(filled)


@pytest.mark.parametrize(
    "body",
    [
        b"not JSON",
        jcs({"counter": "1", "counts": {}}),
        jcs({"counter": 1, "counts": {}, "rows": 1, "header": ""}),
        jcs({"counter": 1, "counts": {}, "rows": "=", "header": ""}),
    ],
)
def test_a_manifest_of_another_shape_is_a_newer_wallets(body):
    key = bytes(32)
    with refused("vault.version"):
        open_manifest(StoredManifest(body, manifest_mac(body, key)), key=key)


@pytest.mark.parametrize("size", [0, 1, 4094, 4095, 4096, 8191, 65535, 65536, 200_000])
def test_padding_is_undone_and_lengths_are_few(size):
    padded = pad(b"\x80" * size)
    assert unpad(padded) == b"\x80" * size
    assert len(padded) in {4096, 8192, 65536, 131072, 262144}


def test_padding_without_its_mark_is_refused():
    with refused("vault.corrupt"):
        unpad(bytes(4096))
