"""BBS signatures and proofs beside the peer for Node, for growing numbers of messages, in one run.

CPU time, the median of several rounds, every second message disclosed. The peer is measured where
there are node and npm. Run it with ``make bench``.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from measuring import table, together

from healthpassport.suites import bbs

SOURCE: Final = Path(__file__).parent / "pairing_crypto"
SIZES: Final = (10, 50, 200, 1_000)
PEER_SIZE: Final = 200
PEER_ROUNDS: Final = 5
NPM_INSTALL: Final = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
OPERATIONS: Final = ("sign", "verify", "proofGen", "proofVerify")


def works(count: int) -> dict[str, Callable[[], object]]:
    """What is measured, on ``count`` messages."""
    secret = bbs.key_gen(secrets.token_bytes(32))
    public, header, shown_to = bbs.public_key(secret), b"header", b"presentation header"
    messages = [f"statement {number} of a record".encode() for number in range(count)]
    chosen = range(0, count, 2)
    random = secrets.token_bytes

    def sign() -> bytes:
        return bbs.sign(secret, public, header, messages, randomness=random)

    def prove() -> bytes:
        return bbs.proof_gen(
            public, signature, header, shown_to, messages, chosen, randomness=random
        )

    signature = sign()
    proof, disclosed = prove(), {index: messages[index] for index in chosen}
    checks = (
        lambda: bbs.verify(public, signature, header, messages),
        lambda: bbs.proof_verify(public, proof, header, shown_to, disclosed),
    )
    return dict(zip(OPERATIONS, (sign, checks[0], prove, checks[1]), strict=True))


def peer() -> dict[str, float]:
    """The peer's CPU milliseconds, or nothing where it cannot be installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
        try:
            subprocess.run([npm, *NPM_INSTALL], cwd=folder, check=True, capture_output=True)
        except subprocess.CalledProcessError:
            return {}
        command = [node, "bbs.mjs", str(PEER_SIZE), str(PEER_ROUNDS)]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print one table: each operation, each size, and the peer at one of them."""
    measured = {size: together(list(works(size).values())) for size in SIZES}
    of_peer = peer()
    if not of_peer:
        sys.stdout.write("The peer cannot be installed here.\n")
    rows = []
    for at, name in enumerate(OPERATIONS):
        theirs = of_peer.get(name)
        ratio = "-" if theirs is None else f"{theirs / measured[PEER_SIZE][at]:.1f}"
        ours = (f"{measured[size][at]:.2f}" for size in SIZES)
        rows.append((name, *ours, "-" if theirs is None else f"{theirs:.0f}", ratio))
    sizes = (f"{size} messages" for size in SIZES)
    columns = ("operation", *sizes, f"pairing-crypto 0.4.2, {PEER_SIZE}", "peer / ours")
    table("BBS, BLS12-381-SHA-256, every second message disclosed; CPU ms", columns, rows)


if __name__ == "__main__":
    main()
