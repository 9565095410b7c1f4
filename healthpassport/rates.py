"""How often one caller may do something: a token bucket each, in memory, bounded in number.

What is *not* here: who a caller is (``asgi.client_address``), and clocks.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from .errors import ServiceError

MAX_CALLERS: Final = 10_000  # callers remembered, some 200 bytes each


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``per_second`` times in the long run, ``burst`` at once. Calls may come from many threads.

    Where there are more than ``most`` callers the longest silent is forgotten, and begins anew.
    """

    per_second: float
    burst: int
    most: int = MAX_CALLERS
    _buckets: OrderedDict[str, tuple[float, datetime]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._buckets)

    def take(self, caller: str, now: datetime) -> None:
        """Count one time of ``caller``.

        Raises:
            ServiceError: ``rate_limited``.
        """
        with self._lock:
            left, then = self._buckets.pop(caller, (float(self.burst), now))
            passed = max((now - then).total_seconds(), 0.0)  # a clock that went back gives nothing
            left = min(left + passed * self.per_second, float(self.burst))
            allowed = left >= 1
            self._buckets[caller] = (left - 1 if allowed else left, now)
            if len(self._buckets) > self.most:
                self._buckets.popitem(last=False)
        if not allowed:
            raise ServiceError("rate_limited")
