"""kill -9 at any moment: what was acknowledged is there, and the vault opens.

Four programs are killed: one adds records, one shares copies, one changes the passphrase and the
recovery words, one brings a vault of version 1 over. ``PASSPORT_VAULT_KILLS=500`` for the figure.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vault_version1 import NINE, write_version_1
from wallet_home import PASSPHRASE, WORDS, Home

from healthpassport.errors import VaultError
from wallet.vault import RecoveryWords, kdf, migration, new_words

KILLS = int(os.environ.get("PASSPORT_VAULT_KILLS", "8"))  # all four programs together
OTHER = "four other made-up words"
OTHER_WORDS = new_words(bytes)
START = """
import hashlib, secrets, sys
from datetime import datetime, UTC
from pathlib import Path
from wallet.vault import Passphrase, RecoveryWords, Vault, kdf, migration, new_words
kdf.argon2id.kdf = lambda size, secret, salt, opslimit, memlimit: hashlib.blake2b(
    secret + salt, digest_size=size).digest()
migration.NEW_COST = kdf.KdfCost()
vault = Vault(Path(sys.argv[1]), anchor_folder=Path(sys.argv[2]),
              clock=lambda: datetime.now(UTC), random=secrets.token_bytes)
given = sys.argv[3]
"""
ADD = """
vault.unlock(given)
print("ready", flush=True)
while True:
    with vault.transaction() as writer:
        row = writer.add("records", b"a record", words=["penicillin"])
        writer.add("copies", b"a copy", tag=vault.tag(str(row)))
    print(row, flush=True)
"""
SHARE = """
vault.unlock(given)
print("ready", flush=True)
while True:
    with vault.transaction() as writer:
        for row in vault_rows[:1] if (vault_rows := tuple(writer.index.tables["copies"])) else ():
            writer.replace("copies", row, b"used")
        for row in tuple(writer.index.tables["state"])[5:]:
            writer.delete("state", row)
        writer.add("state", b"a choice")
        row = writer.add("history", b"shared")
    print(row, flush=True)
"""
WAYS = """
vault.unlock(given)
print("ready", flush=True)
others = [sys.argv[4], sys.argv[3]]
sets = [new_words(bytes), new_words(lambda size: bytes(range(size)))]
for turn in range(10**6):
    passphrase, words = (way.id for way in vault.ways())
    vault.change_way(passphrase, Passphrase(others[turn % 2]), given=given)
    given = others[turn % 2]
    print(given, flush=True)
    vault.change_way(words, RecoveryWords(sets[turn % 2]), given=given)
"""
MIGRATE = """
print("ready", flush=True)
vault.unlock(given)
print("done", flush=True)
"""


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """The key derivation is not what is tested here, and takes the time from what is."""

    def quick(size, secret, salt, opslimit, memlimit):
        return hashlib.blake2b(secret + salt, digest_size=size).digest()

    monkeypatch.setattr(kdf.argon2id, "kdf", quick)
    monkeypatch.setattr(migration, "NEW_COST", kdf.KdfCost())


@pytest.fixture
def picks():
    return random.Random(9)  # noqa: S311 - moments, not secrets


def killed(home, program, picks, *given, first=2, seconds=0.08):
    """What a program had acknowledged when it was killed.

    That is within ``seconds`` of one of its ``first`` acknowledgements, or of its being ready.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", START + program, home.path, home.anchors, *given],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert process.stdout.readline() == b"ready\n"
    head = [process.stdout.readline() for _ in range(picks.randint(min(first, 1), first))]
    time.sleep(picks.uniform(0, seconds))
    process.send_signal(signal.SIGKILL)
    lines = head + process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait(timeout=60)
    return [line.decode().strip() for line in lines if line.endswith(b"\n")]


def test_vau_009_acknowledged_records_survive_kill_9(home, picks):
    home.create().close()
    acknowledged: set[int] = set()
    for _ in range(KILLS // 4):
        acknowledged |= set(map(int, killed(home, ADD, picks, PASSPHRASE)))
        vault = home.unlocked()
        found = set(vault.rows("records"))
        assert acknowledged <= found
        assert len(found) == len(vault.rows("copies"))
        assert set(vault.search("records", "penicillin")) == found
        vault.check()
        vault.close()
    assert acknowledged


def test_vau_009_acknowledged_history_survives_kill_9_while_sharing(home, picks):
    vault = home.create()
    vault.unlock(PASSPHRASE)
    with vault.transaction() as writer:
        writer.add("copies", b"fresh")
    vault.close()
    acknowledged: set[int] = set()
    for _ in range(KILLS // 4):
        acknowledged |= set(map(int, killed(home, SHARE, picks, PASSPHRASE)))
        vault = home.wide_open()
        assert acknowledged <= set(vault.rows("history"))
        assert {vault.read("history", row) for row in vault.rows("history")} <= {b"shared"}
        assert len(vault.rows("state")) <= 6
        vault.check()
        vault.close()
    assert acknowledged


def test_vau_012_a_change_of_ways_killed_in_the_middle_leaves_exactly_one_of_old_and_new(
    home, picks
):
    vault = home.create()
    vault.unlock(PASSPHRASE)
    vault.add_way(RecoveryWords(WORDS), given=PASSPHRASE)
    with vault.transaction() as writer:
        writer.add("records", b"still there")
    vault.close()
    now, changes = PASSPHRASE, 0
    for _ in range(KILLS // 4):
        later = OTHER if now == PASSPHRASE else PASSPHRASE
        told = killed(home, WAYS, picks, now, later)
        changes += len(told)
        opens = [way for way in (PASSPHRASE, OTHER) if opened_by(home, way)]
        assert len(opens) == 1
        last = told[-1] if told else now
        assert opens[0] in {last, OTHER if last == PASSPHRASE else PASSPHRASE}
        assert sum(opened_by(home, RecoveryWords(w)) for w in (WORDS, OTHER_WORDS)) == 1
        now = opens[0]
    assert changes


def opened_by(home, way):
    vault = home.open()
    try:
        vault.unlock(way)
        vault.open_private(way)
        (row,) = vault.rows("records")
        assert vault.read("records", row) == b"still there"
    except VaultError as error:
        assert error.code == "vault.unlock_failed"  # noqa: PT017
        return False
    finally:
        vault.close()
    return True


def test_vau_009_a_vault_of_version_1_survives_kill_9_while_it_is_brought_over(tmp_path, picks):
    rows = {("records", "a"): [b"record %d" % n for n in range(40)], ("history", None): [b"past"]}
    done = 0
    for number in range(KILLS // 4):
        home = Home(tmp_path / str(number))
        write_version_1(
            home.path,
            home.anchors,
            passphrase=PASSPHRASE,
            rows=rows,
            random=secrets.token_bytes,
            tables=NINE,
        )
        done += len(killed(home, MIGRATE, picks, PASSPHRASE, first=0, seconds=0.06))
        vault = home.wide_open()
        values = {vault.read("records", row) for row in vault.rows("records")}
        assert values == set(rows["records", "a"])
        assert [vault.read("history", row) for row in vault.rows("history")] == [b"past"]
        assert vault.check()["records"] == 40
        vault.close()
        assert len(list(home.path.parent.glob("vault-version-1-*.db"))) == 1
    assert done <= KILLS
