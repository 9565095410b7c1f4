"""How often one address may ask: a token bucket each, in memory, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from healthpassport.errors import ServiceError

MAX_ADDRESSES: Final = 10_000  # addresses remembered; the longest silent is forgotten first


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``per_second`` requests in the long run, ``burst`` at once."""

    per_second: float
    burst: int
    _buckets: OrderedDict[str, tuple[float, datetime]] = field(default_factory=OrderedDict)

    def take(self, address: str, now: datetime) -> None:
        """Count one request of ``address``.

        Raises:
            ServiceError: ``rate_limited``.
        """
        tokens, then = self._buckets.pop(address, (float(self.burst), now))
        passed = max((now - then).total_seconds(), 0.0)
        tokens = min(tokens + passed * self.per_second, float(self.burst))
        allowed = tokens >= 1
        self._buckets[address] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        if not allowed:
            raise ServiceError("rate_limited")
