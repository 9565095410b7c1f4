"""A vault of version 1 becomes one of version 2, or stays as it was."""

from __future__ import annotations

import os
import secrets
import sqlite3

import pytest
from vault_version1 import FOUR, NINE, write_version_1
from wallet_home import CONTENT, PASSPHRASE, Home, open_and_read_all, refused

from healthpassport.errors import VaultError
from wallet.vault import Passkey, WayKind, kdf, migration
from wallet.vault.storage import Storage

ROWS = {
    ("records", "AllergySummary"): [b"record 0", b"record 1"],
    ("copies", None): [b"copy 0", b"copy 1", b"copy 2"],
    ("history", None): [b"shared with Example Hospital"],
}


@pytest.fixture(autouse=True)
def cheap_new_cost(monkeypatch):
    monkeypatch.setattr(migration, "NEW_COST", kdf.KdfCost())


@pytest.fixture(params=[FOUR, NINE], ids=["four tables", "nine tables"])
def old(request, tmp_path):
    return made(tmp_path, request.param)


@pytest.fixture
def nine(tmp_path):
    return made(tmp_path, NINE)


def made(folder, tables):
    home = Home(folder)
    write_version_1(
        home.path,
        home.anchors,
        passphrase=PASSPHRASE,
        rows=ROWS,
        random=secrets.token_bytes,
        tables=tables,
    )
    return home


def version_of(home):
    vault = home.open()
    version = vault._storage.check_shape(home.path)
    vault.close()
    return version


def copies_of(home):
    return sorted(home.path.parent.glob("vault-version-1-*"))


def test_an_old_vault_opens_with_all_that_it_held(old):
    assert version_of(old) == 1
    before = old.path.read_bytes()
    vault = old.unlocked()
    assert len(vault.rows("records", tag=vault.tag("AllergySummary"))) == 2
    vault.close()
    assert version_of(old) == 2
    assert open_and_read_all(old) == CONTENT
    (kept,) = copies_of(old)
    assert kept.name == "vault-version-1-at-3.db"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(rows_of(kept)) == sorted(rows_in(before, kept))


def rows_of(path):
    with sqlite3.connect(path) as file:
        found = [r for table in ROWS for r in file.execute(f"SELECT * FROM {table[0]}")]  # noqa: S608
    file.close()
    return found


def rows_in(data, beside):
    other = beside.with_name("other.db")
    other.write_bytes(data)
    found = rows_of(other)
    other.unlink()
    return found


def test_history_of_an_old_vault_needs_a_second_unlock_from_then_on(nine):
    vault = nine.unlocked()
    (row,) = vault.rows("history")
    with refused("vault.private_locked"):
        vault.read("history", row)
    vault.open_private(PASSPHRASE)
    assert vault.read("history", row) == b"shared with Example Hospital"
    vault.close()


def test_row_ids_stay_and_no_old_bytes_are_left_in_the_file(nine):
    before = rows_of(nine.path)
    nine.unlocked().close()
    with nine.raw() as file:
        ids = {row for (row,) in file.execute("SELECT id FROM records")}
    assert ids <= {row[0] for row in before}
    data = nine.path.read_bytes()
    assert not any(row[-1][:64] in data for row in before)


def test_the_ways_into_an_old_vault_are_its_passphrase(nine):
    vault = nine.open()
    assert [way.kind for way in vault.ways()] == [WayKind.PASSPHRASE]
    before = vault.passkey_input
    with refused("vault.way_unknown"):
        vault.unlock(Passkey(b"key", bytes(32)))
    vault.unlock(PASSPHRASE)
    assert [way.id != "" for way in vault.ways()] == [True]
    assert vault.passkey_input == before
    vault.close()


def test_an_old_vault_is_locked_more_dearly_from_then_on(nine, monkeypatch):
    dearer = kdf.KdfCost(kdf.MIN_PASSES, kdf.MIN_MEMORY + 1024)
    monkeypatch.setattr(migration, "NEW_COST", dearer)
    vault = nine.unlocked()
    assert vault._header().slots[0].cost == dearer
    vault.close()


def test_a_wrong_passphrase_leaves_an_old_vault_as_it_was(nine):
    before = nine.path.read_bytes()
    vault = nine.open()
    with refused("vault.unlock_failed"):
        vault.unlock("some other made-up words")
    vault.close()
    assert nine.path.read_bytes() == before
    assert not copies_of(nine)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE records SET body = zeroblob(4112)", "vault.corrupt"),
        ("DELETE FROM history", "vault.row_missing"),
        ("UPDATE copies SET version = 7 WHERE id = (SELECT max(id) FROM copies)", "vault.corrupt"),
        ("UPDATE header SET checksum = zeroblob(16)", "vault.corrupt"),
        ("UPDATE header SET wrapped = zeroblob(72)", "vault.corrupt"),
        ("UPDATE manifest SET mac = zeroblob(32)", "vault.corrupt"),
        ("CREATE VIEW v AS SELECT * FROM records", "vault.schema"),
        ("DROP TABLE helpers", "vault.schema"),
    ],
)
def test_an_old_vault_that_is_not_whole_is_refused_and_left(nine, statement, code):
    with nine.raw() as file:
        file.execute(statement)
    before = nine.path.read_bytes()
    with refused(code):
        open_and_read_all(nine)
    assert nine.path.read_bytes() == before
    assert not copies_of(nine)


def test_vau_006_an_older_old_vault_is_refused(nine):
    (anchor,) = nine.anchors.iterdir()
    other = made(nine.path.parents[1] / "other", NINE)
    yesterday = nine.path.read_bytes()
    nine.unlocked().close()
    vault = nine.unlocked()
    with vault.transaction() as writer:
        writer.add("state", b"today")
    vault.close()
    nine.path.write_bytes(yesterday)
    with refused("vault.rollback"):
        open_and_read_all(nine)
    assert anchor.exists()
    assert open_and_read_all(other) == CONTENT


def test_an_old_vault_without_its_anchor_is_told(nine):
    for file in nine.anchors.iterdir():
        file.unlink()
    with refused("vault.anchor"):
        open_and_read_all(nine)
    assert version_of(nine) == 1


def test_mending_brings_what_is_sound_of_an_old_vault_over(nine):
    with nine.raw() as file:
        file.execute("UPDATE copies SET body = x'00' WHERE id = (SELECT max(id) FROM copies)")
        file.execute("DELETE FROM history")
    vault = nine.open()
    dropped = vault.mend(PASSPHRASE)
    assert {table: rows for table, rows in dropped.items() if rows} == {"copies": 1}
    kept = {table: rows for table, rows in vault.check().items() if rows}
    assert kept == {"records": 2, "copies": 2}
    vault.close()
    assert version_of(nine) == 2


@pytest.mark.parametrize("point", ["create_tables", "write_row", "write_manifest", "image"])
@pytest.mark.parametrize("code", ["vault.no_space", "vault.io"])
def test_vau_010_a_disk_that_fails_in_the_middle_leaves_an_old_vault(
    nine, monkeypatch, point, code
):
    before = nine.path.read_bytes()

    def fail(*_args):
        raise VaultError(code)

    monkeypatch.setattr(Storage, point, fail)
    with refused(code):
        open_and_read_all(nine)
    monkeypatch.undo()
    monkeypatch.setattr(migration, "NEW_COST", kdf.KdfCost())
    assert nine.path.read_bytes() == before
    assert not list(nine.path.parent.glob("*.new"))
    assert open_and_read_all(nine) == CONTENT


def test_a_copy_that_cannot_be_kept_stops_the_change(nine, monkeypatch):
    def fail(*_args):
        raise PermissionError

    monkeypatch.setattr("wallet.vault.files._sync_folder", fail)
    with refused("vault.io"):
        open_and_read_all(nine)
    assert version_of(nine) == 1


def test_an_anchor_that_lags_behind_the_change_is_no_loss(nine):
    (anchor,) = nine.anchors.iterdir()
    before = anchor.read_bytes()
    nine.unlocked().close()
    anchor.write_bytes(before)
    assert open_and_read_all(nine) == CONTENT


def test_two_programs_that_open_an_old_vault_both_end_with_the_new(nine):
    first, second = nine.open(), nine.open()
    first.unlock(PASSPHRASE)
    second.unlock(PASSPHRASE)
    assert first.rows("records") == second.rows("records")
    first.close()
    second.close()
    assert len(copies_of(nine)) == 1


def test_the_faster_of_two_programs_brings_the_vault_over(nine, monkeypatch):
    slow = nine.open()
    run = migration.Migration.run

    def overtaken(self, *given):
        monkeypatch.setattr(migration.Migration, "run", run)
        nine.unlocked().close()
        return run(self, *given)

    monkeypatch.setattr(migration.Migration, "run", overtaken)
    slow.unlock(PASSPHRASE)
    assert len(slow.rows("records")) == 2
    slow.close()


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE header SET body = ?, checksum = ?"],
        ["UPDATE header SET body = ?, checksum = ?", "CREATE TABLE letters (id, more)"],
        [
            "ALTER TABLE header ADD COLUMN more",
            "UPDATE header SET body = ?, checksum = ?",
            "DROP TABLE manifest",
        ],
    ],
)
def test_a_vault_of_a_newer_wallet_is_told_apart_and_left(filled, statements):
    import hashlib  # noqa: PLC0415

    body = b'{"v":3,"anything":"else"}'
    check = hashlib.blake2b(body, digest_size=16).digest()
    with filled.raw() as file:
        for statement in statements:
            file.execute(statement, (body, check) if "?" in statement else ())
    before = filled.path.read_bytes()
    with refused("vault.version"):
        filled.open()
    assert filled.path.read_bytes() == before


def test_vau_014_no_copy_is_made_where_others_could_read_it(nine):
    before = os.umask(0)
    try:
        nine.unlocked().close()
    finally:
        os.umask(before)
    (kept,) = copies_of(nine)
    assert kept.stat().st_mode & 0o777 == 0o600
