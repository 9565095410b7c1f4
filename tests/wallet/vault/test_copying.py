"""Copying all rows into a new vault: the same rows, found by the same tags and words."""

from __future__ import annotations

import pytest
from wallet_home import PASSPHRASE, Home, refused

from wallet.vault import PRIVATE_TABLES
from wallet.vault.schema import TABLES

OPEN_TABLES = tuple(sorted(set(TABLES) - PRIVATE_TABLES))


@pytest.fixture
def source(filled):
    vault = filled.wide_open()
    with vault.transaction() as writer:
        writer.add("records", b"spoken", tag=vault.tag("kind"), words=["Penicillin V"])
    yield vault
    vault.close()


@pytest.fixture
def target(tmp_path):
    home = Home(tmp_path / "new")
    vault = home.create()
    vault.unlock(PASSPHRASE)
    yield home, vault
    vault.close()


def copy(source, target, tables=OPEN_TABLES, **more):
    with source.snapshot(tables, **more) as snapshot:
        target.fill(snapshot.rows(), snapshot.finding)


def all_rows(vault, tables=OPEN_TABLES):
    return {(table, row, vault.read(table, row)) for table in tables for row in vault.rows(table)}


def test_a_copy_holds_the_same_rows_and_finds_them_alike(source, target):
    home, vault = target
    copy(source, vault)
    vault.close()
    vault = home.unlocked()
    carried = set(vault.rows("state"))
    assert {row for row in all_rows(vault) if row[1] not in carried} == all_rows(source)
    for kind in ("AllergySummary", "kind", "nothing"):
        found = vault.rows("records", tag=vault.tag(kind))
        assert set(found) == set(source.rows("records", tag=source.tag(kind)))
    assert vault.search("records", "penic") == source.search("records", "penic") != ()
    assert vault.wallet_id != source.wallet_id
    vault.close()


def test_new_rows_of_a_copy_are_found_beside_the_old_ones(source, target):
    _home, vault = target
    copy(source, vault)
    with vault.transaction() as writer:
        new = writer.add("records", b"new", tag=vault.tag("kind"), words=["Penicillin G"])
    assert new in vault.search("records", "penicillin")
    assert len(vault.search("records", "penicillin")) == 2
    assert len(vault.rows("records", tag=vault.tag("kind"))) == 2


def test_a_copy_of_a_copy_is_found_by_the_first_ones_keys(source, target, tmp_path):
    _home, vault = target
    copy(source, vault)
    third = Home(tmp_path / "third").create()
    third.unlock(PASSPHRASE)
    copy(vault, third)
    assert third.tag("kind") == source.tag("kind")
    assert len(third.rows("state")) == 1
    third.close()


def test_private_tables_need_the_second_unlock(source):
    with source.snapshot(TABLES) as snapshot:
        assert [row.value for row in snapshot.rows() if row.table == "history"]
    source.close_private()
    with refused("vault.private_locked"), source.snapshot(TABLES):
        pass


def test_rows_with_a_tag_can_be_left_out(source, target):
    _home, vault = target
    copy(source, vault, without=[source.tag("kind")])
    assert vault.search("records", "penicillin") == ()
    assert len(vault.rows("records")) == 2


def test_a_vault_that_holds_something_is_not_filled(source):
    with refused("vault.exists"):
        source.fill((), {})


def test_a_copy_that_breaks_off_leaves_the_vault_empty(source, target):
    _home, vault = target

    def broken(rows):
        yield next(rows)
        raise RuntimeError("the file ends here")

    with source.snapshot(OPEN_TABLES) as snapshot, pytest.raises(RuntimeError):
        vault.fill(broken(snapshot.rows()), snapshot.finding)
    assert set(vault.check().values()) == {0}


def test_nobody_writes_while_rows_are_copied(source, filled):
    with source.snapshot(OPEN_TABLES) as snapshot:
        before = snapshot.counts
        rows = snapshot.rows()
        next(rows)
        other = filled.open()
        other._storage._database.execute("PRAGMA busy_timeout = 0")
        other.unlock(PASSPHRASE)
        with refused("vault.locked"), other.transaction() as writer:
            writer.add("records", b"meanwhile")
        other.close()
        assert len(list(rows)) == sum(before.values()) - 1


def test_a_copied_row_never_replaces_another(source):
    (row, *_others) = source.rows("records")
    with pytest.raises(ValueError, match="never"), source.transaction() as writer:
        writer.put("records", row, b"", tag=bytes(16), words=b"")


def test_mending_keeps_the_keys_that_find_rows(source, target):
    home, vault = target
    copy(source, vault)
    vault.mend(PASSPHRASE)
    assert vault.tag("kind") == source.tag("kind")
    vault.close()
    vault = home.unlocked()
    assert len(vault.rows("records", tag=vault.tag("kind"))) == 1
    vault.close()


def test_locking_forgets_the_carried_keys(source, target):
    _home, vault = target
    copy(source, vault)
    keys = vault._open.keys
    vault.lock()
    assert not any(any(key) for key in keys.carried.values())
