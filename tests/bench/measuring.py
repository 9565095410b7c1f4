"""How the benches measure: CPU time of this process, medians, and one table.

Absolute times differ between machines, and between minutes on a shared one; the ratio to a peer or
to the bare signatures in the same run is the figure.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

ROUNDS: Final = 15
ROUND_SECONDS: Final = 0.05


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call: the median of several rounds."""
    return together([work])[0]


def together(works: Sequence[Callable[[], object]]) -> list[float]:
    """CPU milliseconds of one call of each of ``works``, which take turns in every round.

    What else the machine does then slows all of them alike.
    """
    calls = [_calls(work) for work in works]
    rounds: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, count, found in zip(works, calls, rounds, strict=True):
            begin = time.process_time()
            for _ in range(count):
                work()
            found.append((time.process_time() - begin) / count)
    return [statistics.median(found) * 1_000 for found in rounds]


def _calls(work: Callable[[], object]) -> int:
    work()
    begin = time.process_time()
    work()
    return max(3, int(ROUND_SECONDS / max(time.process_time() - begin, 1e-5)))


def each_once(works: Iterable[Callable[[], object]]) -> float:
    """CPU milliseconds of one of ``works``, each of which can be done once: their median."""
    times = []
    for work in works:
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return statistics.median(times) * 1_000


def where() -> str:
    """What ran it, and when."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{platform.machine()}, {python}; {datetime.now(UTC):%d-%b-%Y}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print ``rows`` as a table in Markdown."""
    lines = [f"{title}; {where()}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    sys.stdout.write("\n".join([*lines, "", ""]))
