"""The vault with 10,000 records: opening after the key derivation, search, memory, one change.

A process of its own opens it, so that its memory is its own. ``PASSPORT_BENCH_RECORDS`` sets the
number. CPU time, as in docs/performance.md. Targets: open <= 1 s, search <= 200 ms, <= 300 MB.
"""

# ruff: noqa: T201 - a benchmark prints
from __future__ import annotations

import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from nacl.pwhash import argon2id

from wallet.vault import Vault

PASSPHRASE = "three made-up words"
RECORDS = int(os.environ.get("PASSPORT_BENCH_RECORDS", "10000"))
DRUGS = ("penicillin", "amoxicillin", "ibuprofen", "latex", "peanut", "salbutamol", "warfarin")
VALUE = b'{"text":"a record of middling length"}' * 40


def vault_in(folder: Path, *, new: bool = False) -> Vault:
    options = {
        "anchor_folder": folder / "anchors",
        "clock": lambda: datetime.now(UTC),
        "random": secrets.token_bytes,
    }
    path = folder / "v" / "vault.db"
    return Vault.create(path, passphrase=PASSPHRASE, **options) if new else Vault(path, **options)


def fill(folder: Path) -> None:
    vault = vault_in(folder, new=True)
    vault.unlock(PASSPHRASE)
    with vault.transaction() as writer:
        for number in range(RECORDS):
            drug = DRUGS[number % len(DRUGS)]
            texts = [f"Allergy to {drug}", f"Example Surgery number {number % 500}", "active"]
            row = writer.add("records", VALUE, tag=vault.tag("AllergySummary"), words=texts)
            writer.add("copies", VALUE, tag=vault.tag(f"copies {row}"))
    vault.close()


def measure(folder: Path) -> None:
    stretching, slow = [], argon2id.kdf

    def timed(*given, **more):
        begun = time.process_time()
        key = slow(*given, **more)
        stretching.append(time.process_time() - begun)
        return key

    argon2id.kdf = timed
    begun = time.process_time()
    vault = vault_in(folder)
    vault.unlock(PASSPHRASE)
    opened = time.process_time() - begun
    say("key derivation", stretching[0])
    say("open after it", opened - stretching[0])
    for text in ("penicillin", "warf surg", "salbutamol 499", "nothing like it"):
        begun = time.process_time()
        found = vault.search("records", text)
        say(f"search {text!r}: {len(found)}", time.process_time() - begun)
    begun = time.process_time()
    vault.read("records", vault.rows("records")[0])
    say("read one", time.process_time() - begun)
    begun = time.process_time()
    with vault.transaction() as writer:
        writer.add("records", VALUE, words=["one more"])
    say("add one", time.process_time() - begun)
    begun = time.process_time()
    vault.open_private(PASSPHRASE)
    say("second unlock", time.process_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'peak memory, key derivation and all':40} {peak:8.0f} MB")
    vault.close()


def say(what: str, seconds: float) -> None:
    print(f"{what:40} {seconds * 1000:8.1f} ms")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            begun = time.process_time()
            fill(Path(made))
            size = (Path(made) / "v" / "vault.db").stat().st_size / 1e6
            print(f"{RECORDS} records and as many copies, {size:.0f} MB on disk")
            say("written in one transaction", time.process_time() - begun)
            command = [sys.executable, __file__, made]
            subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
