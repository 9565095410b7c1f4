"""How long a status list that was verified may be relied on, and when a fresh one is due.

The same for both kinds: draft-ietf-oauth-status-list-20 sections 8.3 and 11.5; Bitstring Status
List 1.0 section 2.2 for ``validUntil`` and ``ttl``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.errors import StatusError
from healthpassport.jose.times import CLOCK_SKEW

MIN_TTL: Final = timedelta(minutes=1)  # section 11.5: bounds, so that no issuer makes a storm
MAX_TTL: Final = timedelta(days=1)  # the longest that a consumer waits before it asks again


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a list was issued, when it ends (None: never by itself), how long it may be cached."""

    issued_at: datetime
    expires_at: datetime | None
    ttl: timedelta | None

    def require_current(self, *, now: datetime, max_age: timedelta | None = None) -> None:
        """Return only while the list may be relied on.

        Raises:
            StatusError: ``status.expired`` after its end (section 8.3 step 4c), ``status.stale``
                when issued longer ago than our policy allows (step 4b).
        """
        if self.expires_at is not None and now >= self.expires_at + CLOCK_SKEW:
            raise StatusError("status.expired")
        if max_age is not None and now - self.issued_at > max_age:
            raise StatusError("status.stale")

    def refresh_at(self, fetched_at: datetime) -> datetime:
        """When a fresh copy is due (section 8.3 step 4d), within our bounds for ``ttl``."""
        ttl = MAX_TTL if self.ttl is None else self.ttl
        return fetched_at + min(max(ttl, MIN_TTL), MAX_TTL)
