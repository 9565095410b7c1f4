"""Permissions, full disks, lost anchors, and mending what is damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest
from wallet_home import CONTENT, PASSPHRASE, change_history, open_and_read_all, refused

from healthpassport.errors import VaultError
from wallet.vault import files


def test_a_file_that_is_no_database_is_refused(home):
    home.path.parent.mkdir(mode=0o700)
    home.path.write_bytes(b"not a vault at all" * 500)
    home.path.chmod(0o600)
    with refused("vault.corrupt"):
        home.open()


def test_no_file_is_no_vault(home):
    with refused("vault.missing"):
        home.open()


def loosen(path):
    path.chmod(0o644)


def loosen_folder(path):
    path.parent.chmod(0o755)


def link(path):
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


def link_folder(path):
    target = path.parent.with_name("elsewhere")
    path.parent.rename(target)
    path.parent.symlink_to(target)


@pytest.mark.parametrize("loosened", [loosen, loosen_folder, link, link_folder])
def test_vau_014_a_vault_that_others_could_reach_is_refused(filled, loosened):
    loosened(filled.path)
    with refused("vault.permissions"):
        filled.open()


def test_vau_014_the_file_is_private_whatever_the_umask(home):
    before = os.umask(0)
    try:
        home.create().close()
    finally:
        os.umask(before)
    assert home.path.stat().st_mode & 0o777 == 0o600
    assert home.path.parent.stat().st_mode & 0o777 == 0o700


def test_vau_019_a_folder_that_cannot_be_made_is_told(home):
    home.path.parent.parent.joinpath("vault").write_text("a file stands in the way")
    with pytest.raises(VaultError) as raised:
        home.create()
    assert raised.value.code in {"vault.io", "vault.permissions"}


def test_vau_019_a_vault_inside_a_file_is_told(home, tmp_path):
    home.path = tmp_path / "file" / "vault.db"
    (tmp_path / "file").write_text("x")
    with refused("vault.io"):
        home.open()


@pytest.mark.parametrize(
    ("primary", "code"),
    [
        pytest.param(sqlite3.SQLITE_FULL, "vault.no_space", id="vau-010-disk-full"),
        pytest.param(sqlite3.SQLITE_IOERR, "vault.io", id="vau-019-io"),
        pytest.param(sqlite3.SQLITE_READONLY, "vault.io", id="vau-019-read-only"),
        pytest.param(sqlite3.SQLITE_BUSY, "vault.locked", id="vau-011-busy"),
        pytest.param(sqlite3.SQLITE_CORRUPT, "vault.corrupt", id="corrupt"),
    ],
)
def test_sqlites_errors_come_in_our_words(filled, monkeypatch, primary, code):
    vault = filled.unlocked()

    def fail(*_args):
        error = sqlite3.OperationalError("simulated")
        error.sqlite_errorcode = primary
        raise error

    monkeypatch.setattr(vault._storage._database, "execute", fail)
    with refused(code):
        vault.rows("records")
    monkeypatch.undo()
    assert len(vault.rows("records")) == 2
    vault.close()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(MemoryError(), id="an absurd length"),
        pytest.param(UnicodeDecodeError("utf-8", b"\xb1", 0, 1, "x"), id="a name that is no text"),
    ],
)
def test_what_cannot_be_is_damage(filled, monkeypatch, fault):
    vault = filled.unlocked()

    def fail(*_args):
        raise fault

    monkeypatch.setattr(vault._storage._database, "execute", fail)
    with refused("vault.corrupt"):
        vault.rows("records")
    vault.close()


def test_vau_010_a_disk_that_fills_up_keeps_what_was_there(filled):
    vault = filled.unlocked()
    pages = filled.path.stat().st_size // 4096
    vault._storage._database.execute(f"PRAGMA max_page_count = {pages + 4}")
    with refused("vault.no_space"), vault.transaction() as writer:
        writer.add("records", bytes(100_000))
    assert len(vault.rows("records")) == 2
    vault.close()
    assert open_and_read_all(filled) == CONTENT


@pytest.mark.parametrize("change", ["remove", "shorten", "flip"])
def test_an_anchor_that_is_gone_or_altered_is_told(filled, change):
    (anchor,) = filled.anchors.iterdir()
    data = anchor.read_bytes()
    if change == "remove":
        anchor.unlink()
    else:
        anchor.write_bytes(data[:-1] if change == "shorten" else bytes([data[0] ^ 1]) + data[1:])
    with refused("vault.anchor"):
        open_and_read_all(filled)


def test_an_anchor_that_cannot_be_read_is_told(filled):
    (anchor,) = filled.anchors.iterdir()
    anchor.unlink()
    anchor.mkdir()
    with refused("vault.io"):
        open_and_read_all(filled)


def test_an_anchor_that_lags_is_no_loss(filled):
    (anchor,) = filled.anchors.iterdir()
    before = anchor.read_bytes()
    change_history(filled)
    anchor.write_bytes(before)
    assert open_and_read_all(filled)["history"] == {b"changed"}


def test_a_vault_whose_anchor_cannot_be_written_is_not_left_half_made(home):
    home.anchors.parent.mkdir(exist_ok=True)
    home.anchors.write_text("a file stands in the way")
    with pytest.raises(VaultError):
        home.create()
    assert not home.path.exists()


def test_a_failing_disk_under_the_anchor_is_told_when_the_vault_is_made(home, monkeypatch):
    def fail(*_args, **_more):
        raise OSError

    monkeypatch.setattr("wallet.vault.making.write_anchor", fail)
    with refused("vault.io"):
        home.create()
    assert not home.path.exists()


def test_the_disk_refusing_a_new_file_is_told(home, monkeypatch):
    def fail(*_args):
        raise PermissionError

    home.path.parent.mkdir(mode=0o700)
    monkeypatch.setattr(files.os, "open", fail)
    with refused("vault.io"):
        home.create()


def test_where_modes_mean_nothing_only_the_kind_of_file_counts(filled, monkeypatch):
    filled.path.chmod(0o644)
    monkeypatch.setattr(files.os, "name", "nt")
    size = files.check_private_file(filled.path)
    monkeypatch.undo()
    assert size == filled.path.stat().st_size


def test_mending_keeps_what_is_sound_and_drops_the_rest(filled):
    with filled.raw() as file:
        file.execute(
            "UPDATE copies SET body = zeroblob(4112) WHERE id = (SELECT max(id) FROM copies)"
        )
        file.execute("DELETE FROM history")
    with refused("vault.corrupt"):
        open_and_read_all(filled)
    shutil.rmtree(filled.anchors)
    vault = filled.open()
    dropped = vault.mend(PASSPHRASE)
    assert {table: rows for table, rows in dropped.items() if rows} == {"copies": 1}
    kept = vault.check()
    assert {table: rows for table, rows in kept.items() if rows} == {"records": 2, "copies": 2}
    vault.close()
    assert open_and_read_all(filled)["records"] == CONTENT["records"]


def test_mending_accepts_an_older_file_and_a_lost_manifest(filled):
    yesterday = filled.path.read_bytes()
    change_history(filled)
    filled.path.write_bytes(yesterday)
    vault = filled.open()
    vault.mend(PASSPHRASE)
    vault.close()
    assert open_and_read_all(filled) == CONTENT
    with filled.raw() as file:
        file.execute("UPDATE manifest SET mac = zeroblob(32)")
    vault = filled.open()
    with refused("vault.corrupt"):
        vault.unlock(PASSPHRASE)
    vault.mend(PASSPHRASE)
    vault.close()
    assert open_and_read_all(filled) == CONTENT


def test_mending_needs_the_passphrase(filled):
    vault = filled.open()
    with refused("vault.unlock_failed"):
        vault.mend("some other made-up words")
    vault.close()


def other_program_writes(path):
    """What another process is told that wants to write to the vault's file."""
    script = (
        "import sqlite3, sys\n"
        "file = sqlite3.connect(sys.argv[1], timeout=0.1, isolation_level=None)\n"
        "file.execute('BEGIN IMMEDIATE')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, check=False, text=True
    )
    return done.stderr


def test_the_copy_before_mending_is_the_whole_file_and_private(filled, tmp_path):
    vault, kept = filled.open(), filled.path.with_name("kept.db")
    vault.keep_copy(kept)
    assert kept.read_bytes() == filled.path.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    vault.close()


def test_keeping_a_copy_drops_no_lock_that_this_program_holds(filled):
    writing, copying = filled.open(), filled.open()
    assert other_program_writes(filled.path) == ""
    with writing._storage.writing():
        copying.keep_copy(filled.path.with_name("kept.db"))
        assert "database is locked" in other_program_writes(filled.path)
    writing.close()
    copying.close()
