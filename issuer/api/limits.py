"""How often one address may ask: a token bucket each, in memory, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from healthpassport.errors import ServiceError
from issuer.service import IssuerContext

MAX_ADDRESSES: Final = 10_000  # addresses remembered; the longest silent is forgotten first


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``per_second`` requests in the long run, ``burst`` at once; ``told`` hears of a refusal."""

    per_second: float
    burst: int
    told: Callable[[], None] | None = None
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
        if not allowed and self.told is not None:
            self.told()
        if not allowed:
            raise ServiceError("rate_limited")


def limit_of(issuer: IssuerContext) -> RateLimit:
    """The limit of one address at the routes that need no access token; it is told of, counted."""
    audit = issuer.audit

    def told() -> None:
        audit.refused("api.limited", who=audit.wallet, at_once=False)

    return RateLimit(issuer.settings.requests_per_second, issuer.settings.request_burst, told)
