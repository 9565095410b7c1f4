"""Whether the clock of a living process leapt, by a counter that nobody sets.

Rules: the counter goes on while the machine sleeps, where the system has such a one, since a lid
that was closed for weeks is no leap; what was noticed stays until the clock is right again. What is
*not* here: what a leap stops (``clock_watch``), and how long nothing ran: no process can tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Linux, and macOS: both go on in sleep there. Elsewhere ``time.monotonic`` does.
_COUNTERS: Final = ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC")


def counted() -> float:
    """Seconds since some moment of the machine's own, asleep or awake; nobody can set them."""
    for name in _COUNTERS:
        if (number := getattr(time, name, None)) is not None:
            return time.clock_gettime(number)
    return time.monotonic()


@dataclass(slots=True)
class Pace:
    """How the clock of one process goes beside ``counter``; without a counter nothing is noticed.

    ``leapt`` is whether it leapt while the process lived, and has not been right since.
    """

    counter: Callable[[], float] | None = None
    leapt: bool = False
    _last: tuple[int, float] | None = None

    def look(self, now: int, *, bound: int) -> None:
        """Compare ``now``, in seconds since 1970, with the last look; ``bound`` is in seconds."""
        if self.counter is None:
            return
        count = self.counter()
        if self._last is not None:
            moved, went = now - self._last[0], count - self._last[1]
            self.leapt = self.leapt or abs(moved - went) > bound
        self._last = (now, count)
