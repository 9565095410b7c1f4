"""Signatures a second by a key in a file and by one on a token (SoftHSM2), in one run.

One thread, wall time. An HSM on the network is bound by its distance: one signature a round trip
for each process. Run it with ``make bench``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest
from tokens import tokens

from healthpassport.keys import Signer, generate_signer, load_signer, save_signer

ROUNDS: Final = 3
SIGNATURES: Final = 2_000  # in one round
MESSAGE: Final = b"m" * 4_096  # of the size of a record's signed part
ALGORITHMS: Final = ("ES256", "EdDSA")


def rate(signer: Signer) -> float:
    """Signatures a second, the best of the rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(SIGNATURES):
            signer.sign(MESSAGE)
        best = max(best, SIGNATURES / (time.perf_counter() - begun))
    return best


def main() -> None:
    """Print a line for each algorithm and place."""
    with tempfile.TemporaryDirectory() as folder:
        for algorithm in ALGORITHMS:
            uri = save_signer(generate_signer(algorithm), Path(folder) / f"{algorithm}.pem")
            sys.stdout.write(
                f"{algorithm:6} file    {rate(load_signer(uri)):8,.0f} signatures/s" + "\n"
            )
            try:
                on_token = tokens().make("spare", algorithm, algorithm)
            except pytest.skip.Exception as absent:
                sys.stdout.write(f"{algorithm:6} pkcs11  {absent}" + "\n")
                continue
            sys.stdout.write(
                f"{algorithm:6} pkcs11  {rate(load_signer(on_token)):8,.0f} signatures/s" + "\n"
            )


if __name__ == "__main__":
    main()
