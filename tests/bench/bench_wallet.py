"""From the scan of a code to the question, and from yes to done, over real TLS on loopback.

Authority, surgery and hospital of the demonstration run in this process, on this machine; the
wallet holds a made-up patient's records and answers the fullest request. The issue asks for a
second each. Run it: ``python tests/bench/bench_wallet.py [ROUNDS]``.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from measuring import table

from demo.script import PATIENT, TEMPLATE, Journey, read_record
from demo.world import Ports, World

ROUNDS: Final = 20
LIMIT: Final = 1.0  # seconds, of each step


def timed(into: list[float], action: Callable[..., Any], *given: object) -> Any:
    """What ``action`` returns; its wall-clock seconds go ``into`` the list."""
    begun = time.perf_counter()
    found = action(*given)
    into.append(time.perf_counter() - begun)
    return found


def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each step in each round."""
    world = World(folder / "world", ports=Ports.free(), patience=60)
    found: dict[str, list[float]] = {
        "link to question": [],
        "typed code to question": [],
        "preview after a change": [],
        "share to done": [],
    }
    try:
        journey = Journey(world, read_record(PATIENT), lambda _line: None)
        journey.prepare()
        for _ in range(rounds):
            request = journey.hospital.post("/requests", {"template": TEMPLATE})
            wallet, link, code = world.wallet, str(request["link"]), str(request["short_code"])
            timed(found["typed code to question"], wallet.prepare, code)
            question = timed(found["link to question"], wallet.prepare, link)
            timed(found["preview after a change"], wallet.preview, question)
            timed(found["share to done"], wallet.share, question)
    finally:
        world.stop()
    return found


def main() -> None:
    """Print the table; fail where a median is over the limit."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), rounds)
    rows = []
    for name, seconds in found.items():
        ordered = sorted(seconds)
        p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
        rows.append((name, f"{statistics.median(seconds):.3f}", f"{p95:.3f}", f"{LIMIT:.0f}"))
    table("Wallet on loopback, seconds", ("step", "median", "p95", "limit"), rows)
    if any(statistics.median(seconds) > LIMIT for seconds in found.values()):
        sys.exit("a step took longer than the limit")


if __name__ == "__main__":
    main()
