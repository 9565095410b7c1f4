"""Real disks that end: a tmpfs of 2 MB, a limit on the size of files, a disk that is read-only.

A program of its own fills the disk and says what happened; where the system lets nobody mount a
tmpfs, the limit on the size of files stands in.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wallet_home import PASSPHRASE, Home

from healthpassport.errors import VaultError
from wallet.vault import Passkey

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import hashlib, json, resource, secrets, signal, sys
from datetime import datetime, UTC
from pathlib import Path
sys.path[:0] = [".", "tests"]
from healthpassport.errors import VaultError
from vault_version1 import NINE, write_version_1
from wallet.vault import KdfCost, Passphrase, Vault, kdf, migration
kdf.argon2id.kdf = lambda size, secret, salt, opslimit, memlimit: hashlib.blake2b(
    secret + salt, digest_size=size).digest()
migration.NEW_COST = KdfCost()
folder, mode, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, given = folder / "v" / "vault.db", "three made-up words"
options = dict(anchor_folder=folder / "a", clock=lambda: datetime.now(UTC),
               random=secrets.token_bytes)
def bounded():
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
told = []
def tell(change):
    try:
        change()
    except VaultError as error:
        told.append(error.code)
if mode == "migrate":
    rows = {("records", "a"): [b"record %d" % n for n in range(150)]}
    write_version_1(path, folder / "a", passphrase=given, rows=rows,
                    random=secrets.token_bytes, tables=NINE)
    bounded()
    vault = Vault(path, **options)
    tell(lambda: vault.unlock(given))
    version = vault._storage.check_shape(path)
    print(json.dumps({"told": told, "version": version}))
    sys.exit()
vault = Vault.create(path, passphrase=given, cost=KdfCost(), **options)
vault.unlock(given)
bounded()
kept = []
def add():
    with vault.transaction() as writer:
        row = writer.add("records", bytes(30000))
    kept.append(row)
while not told:
    tell(add)
way = vault.ways()[0].id
tell(lambda: [vault.change_way(way, Passphrase(given + "!" * 900), given=given)])
vault.close()
vault = Vault(path, **options)
opens = []
for candidate in (given, given + "!" * 900):
    try:
        vault.unlock(candidate)
        opens.append(candidate)
    except VaultError:
        pass
assert set(kept) == set(vault.rows("records")), "a record is missing"
vault.check()
print(json.dumps({"told": told, "kept": len(kept), "opens": len(opens)}))
"""


def run(folder, mode, *, limit=0, small_disk=False):
    command = [sys.executable, "-c", PROGRAM, str(folder), mode, str(limit)]
    if small_disk:
        mount = 'mount -t tmpfs -o size=2m,mode=700 none "$1" && shift && exec "$@"'
        command = ["unshare", "-rm", "sh", "-c", mount, "sh", str(folder), *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if small_disk and "unshare" in done.stderr:
        pytest.skip("no tmpfs can be mounted here")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_unshare = pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")


@needs_unshare
def test_vau_010_a_disk_of_2_mb_that_fills_up_loses_nothing(tmp_path):
    told = run(tmp_path, "add", small_disk=True)
    assert told["told"][0] == "vault.no_space"
    assert set(told["told"]) == {"vault.no_space"}
    assert told["kept"] > 10
    assert told["opens"] == 1


@needs_unshare
def test_vau_010_a_full_disk_leaves_a_vault_of_version_1_as_it_was(tmp_path):
    told = run(tmp_path, "migrate", small_disk=True)
    assert told == {"told": ["vault.no_space"], "version": 1}


def test_vau_019_a_disk_that_fails_to_write_loses_nothing(tmp_path):
    told = run(tmp_path, "add", limit=600_000)
    assert told["told"][0] in {"vault.io", "vault.no_space"}
    assert told["kept"] > 3
    assert told["opens"] == 1


def test_vau_010_a_change_of_ways_without_room_keeps_the_old_ways(filled):
    vault = filled.unlocked()
    pages = filled.path.stat().st_size // 4096
    vault._storage._database.execute(f"PRAGMA max_page_count = {pages}")
    codes = set()
    for number in range(11):
        try:
            key = Passkey(b"%d" % number * 500, bytes([number + 1] * 32))
            vault.add_way(key, given=PASSPHRASE)
        except VaultError as error:
            codes.add(error.code)
    assert codes == {"vault.no_space"}
    ways = vault.ways()
    vault.close()
    again = filled.unlocked()
    assert again.ways() == ways
    again.check()
    again.close()


def test_vau_019_a_file_that_may_only_be_read_is_told(tmp_path, monkeypatch):
    home = Home(tmp_path)
    vault = home.create()
    vault.unlock(PASSPHRASE)
    vault._storage._database.execute("PRAGMA query_only = ON")
    for change in (
        lambda: vault.transaction().__enter__().add("records", b"x"),
        lambda: vault.add_way(Passkey(b"key", bytes([1] * 32)), given=PASSPHRASE),
    ):
        with pytest.raises(VaultError, match=r"^vault\.io"):
            change()
    vault.close()
    home.unlocked().close()
