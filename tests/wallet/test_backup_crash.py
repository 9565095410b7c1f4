"""kill -9 while a backup is made or brought back: all of it is there, or nothing is."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time

import pytest
from backup_files import refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repository import ROOT
from wallet_alone import alone
from wallet_world import PASSPHRASE

from wallet.backup.reading import look
from wallet.service.backups import Backups
from wallet.vault import KdfCost, Vault
from wallet.vault.schema import PRIVATE_TABLES, TABLES

ROUNDS = 3  # an ordinary run; PASSPORT_BACKUP_KILLS=100 for the figure
KILLS = int(os.environ.get("PASSPORT_BACKUP_KILLS", str(ROUNDS)))
START = """
import secrets, sys
from pathlib import Path
sys.path[:0] = ["tests"]
from quick_kdf import quick
from wallet_alone import alone
from wallet.service.backups import Backups
from wallet.vault import KdfCost, kdf
kdf.argon2id.kdf = quick
wallet, path, words = alone(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
backups = Backups(wallet._opened, wallet._around, cost=KdfCost())
"""
MAKE = (
    START
    + """
wallet.unlock(words)
print("ready", flush=True)
while True:
    made = backups.make(path, way=words, replace=True)
    print(made.made.isoformat(), flush=True)
"""
)
RESTORE = (
    START
    + """
print("ready", flush=True)
backups.restore(path, words, new=words, cost=KdfCost())
print("restored", flush=True)
"""
)


@pytest.fixture
def wallet(tmp_path):
    made = alone(tmp_path / "first")
    made.init(PASSPHRASE, cost=KdfCost())
    vault = made._opened()
    with vault.transaction() as writer:
        for number in range(200):
            writer.add("cards", b"%d " % number * 500, tag=vault.tag(str(number % 7)))
    yield made
    made.close()


def backups_of(wallet):
    return Backups(wallet._opened, wallet._around, cost=KdfCost())


def killed(program, folder, path, seconds):
    """What the program said before it was killed, ``seconds`` after it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, folder, path, PASSPHRASE],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines = process.stdout.read().decode().splitlines()
    process.stdout.close()
    process.wait(timeout=60)
    return lines


def test_a_backup_is_the_old_or_the_new_one_whenever_it_was_killed(wallet, tmp_path):
    path, picks = tmp_path / "a.hpb", random.Random(11)  # noqa: S311 - moments, not secrets
    last = backups_of(wallet).make(path, way=PASSPHRASE).made.isoformat()
    for _ in range(KILLS):
        said = killed(MAKE, tmp_path / "first", path, picks.uniform(0, 1.5))
        last = said[-1] if said else last
        assert look(path).header.made.isoformat() >= last
        found = backups_of(wallet).test(path, PASSPHRASE)
        assert found.newest
        assert sum(wallet.check().values()) >= 200


def test_a_wallet_is_back_whole_or_not_at_all_whenever_it_was_killed(wallet, tmp_path):
    path, picks = tmp_path / "a.hpb", random.Random(12)  # noqa: S311 - moments, not secrets
    backups_of(wallet).make(path, way=PASSPHRASE)
    before = rows(wallet)
    outcomes = set()
    for number in range(KILLS):
        folder = tmp_path / f"device {number}"
        said = killed(RESTORE, folder, path, picks.uniform(0, 1.5))
        device = alone(folder)
        if not device.exists:
            assert said == []
            backups_of(device).restore(path, PASSPHRASE, new=PASSPHRASE, cost=KdfCost())
        outcomes.add(bool(said))
        device.unlock(PASSPHRASE)
        device.check()
        assert before <= rows(device)
        device.close()
    assert outcomes


def rows(wallet):
    vault = wallet._opened()
    with vault.snapshot(sorted(set(TABLES) - PRIVATE_TABLES)) as snapshot:
        return {
            (row.table, row.row, row.tag, row.words, row.value)
            for row in snapshot.rows()
            if row.table != "state"
        }


# Tables whose rows are looked into when a wallet is unlocked or brought back: no free bytes there.
LOOKED_INTO = {"state", "copies", "grants", "people", "helpers"}
FREE = sorted(set(TABLES) - PRIVATE_TABLES - LOOKED_INTO)
values = st.binary(max_size=40) | st.integers(3_000, 200_000).map(bytes)
contents = st.lists(
    st.tuples(
        st.sampled_from(FREE),
        values,
        st.text(max_size=5),
        st.lists(st.text(max_size=8), max_size=3),
    ),
    max_size=8,
)


@given(content=contents)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_a_wallet_holds_comes_back(tmp_path, content):
    folder = tmp_path / secrets.token_hex(4)
    first, second = alone(folder / "first"), alone(folder / "second")
    first.init(PASSPHRASE, cost=KdfCost())
    vault = first._opened()
    with vault.transaction() as writer:
        for table, value, kind, words in content:
            writer.add(table, value, tag=vault.tag(kind), words=words)
    path = folder / "a.hpb"
    backups_of(first).make(path, way=PASSPHRASE)
    assert backups_of(first).test(path, PASSPHRASE).newest
    backups_of(second).restore(path, PASSPHRASE, new=PASSPHRASE, cost=KdfCost())
    second.unlock(PASSPHRASE)
    assert rows(second) == rows(first)
    for table, _value, kind, words in content:
        back = second._opened()
        assert set(back.rows(table, tag=back.tag(kind))) == set(
            vault.rows(table, tag=vault.tag(kind))
        )
        for word in words:
            assert set(back.search(table, word)) == set(vault.search(table, word))
    first.close()
    second.close()


def test_a_full_disk_while_restoring_is_told_and_leaves_no_wallet(wallet, tmp_path, monkeypatch):
    path = tmp_path / "a.hpb"
    backups_of(wallet).make(path, way=PASSPHRASE)
    device = alone(tmp_path / "second")

    def small(self, rows, finding):
        self._storage._database.execute("PRAGMA max_page_count = 60")
        fill(self, rows, finding)

    fill = Vault.fill
    monkeypatch.setattr(Vault, "fill", small)
    with refused("backup.no_space"):
        backups_of(device).restore(path, PASSPHRASE, new=PASSPHRASE, cost=KdfCost())
    assert not device.exists
    assert list(device._around.vault_file.parent.iterdir()) == []
