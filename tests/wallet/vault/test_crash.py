"""kill -9 at any moment: what was acknowledged is there, and the vault opens."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from wallet_home import PASSPHRASE

ROUNDS = 6  # an ordinary run; PASSPORT_VAULT_KILLS=500 for the figure of security.md
WRITER = """
import secrets, sys
from datetime import datetime, UTC
from pathlib import Path
from wallet.vault import Vault
vault = Vault(Path(sys.argv[1]), anchor_folder=Path(sys.argv[2]),
              clock=lambda: datetime.now(UTC), random=secrets.token_bytes)
vault.unlock(sys.argv[3])
print("ready", flush=True)
for number in range(100000):
    with vault.transaction() as writer:
        row = writer.add("records", b"%d" % number)
        writer.add("copies", b"%d" % number)
    print(row, flush=True)
"""


def test_vau_009_acknowledged_records_survive_kill_9(home):
    vault = home.create()
    vault.close()
    picks = random.Random(9)  # noqa: S311 - moments, not secrets
    acknowledged: set[int] = set()
    for _ in range(int(os.environ.get("PASSPORT_VAULT_KILLS", str(ROUNDS)))):
        acknowledged |= write_until_killed(home, picks.uniform(0, 0.08))
        vault = home.unlocked()
        assert acknowledged <= set(vault.rows("records"))
        assert len(vault.rows("records")) == len(vault.rows("copies"))
        vault.check()
        vault.close()
    assert acknowledged


def write_until_killed(home, seconds):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, home.path, home.anchors, PASSPHRASE],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines = process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait(timeout=10)
    return {int(line) for line in lines if line.endswith(b"\n")}
