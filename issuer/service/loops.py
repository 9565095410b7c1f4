"""What a process does again and again beside its requests, and how often that broke off.

Rules: what nobody expected ends a loop and never silently; it is begun again, later and later. A
loop that broke off lately is a warning; a vital one that breaks off again and again makes the
process unready. Vital to a server is what erases clinical content in time and what sees that places
are given once; to a worker, its work. What is *not* here: running them (``issuer.api.going_on``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SWEEP: Final = "sweep"  # offers whose time is over, the audit trail
TELL: Final = "tell"  # messages to record systems
WORK: Final = "work"  # jobs
WATCH: Final = "watch"  # whether the database was set back
LOOPS: Final = (SWEEP, TELL, WORK, WATCH)

FIRST_PAUSE: Final = 1.0  # seconds before it begins again; each further pause is four times as long
LONGEST_PAUSE: Final = 60.0
STEADY: Final = 300.0  # seconds without trouble, after which it is forgotten
UNREADY: Final = 5  # times in a row: after two and a half minutes, mostly
SERVING: Final = frozenset({SWEEP, WATCH})
WORKING: Final = frozenset({WORK, WATCH})


@dataclass(slots=True)
class _Broke:
    times: int
    last: float


@dataclass(slots=True)
class Loops:
    """The loops of one process that broke off; ``clock`` counts seconds and never goes back."""

    vital: frozenset[str] = SERVING
    clock: Callable[[], float] = time.monotonic
    _broke: dict[str, _Broke] = field(default_factory=dict)

    def broke_off(self, name: str) -> float:
        """Note that loop ``name`` broke off; seconds until it is to begin again."""
        times = self.times(name) + 1
        self._broke[name] = _Broke(times, self.clock())
        return min(FIRST_PAUSE * 4.0 ** min(times - 1, 9), LONGEST_PAUSE)

    def times(self, name: str) -> int:
        """How often in a row it broke off, each time soon after the last."""
        found = self._broke.get(name)
        lately = found is not None and self.clock() - found.last < STEADY + LONGEST_PAUSE
        return found.times if found is not None and lately else 0

    @property
    def in_trouble(self) -> bool:
        """Whether any broke off lately."""
        return any(self.times(name) for name in LOOPS)

    @property
    def given_up(self) -> bool:
        """Whether a vital one breaks off again and again."""
        return any(self.times(name) >= UNREADY for name in self.vital)
