"""Refusals as they are counted: the first is told at once, those that follow as one number.

Rules: whoever tries a thing a thousand times a second cannot fill the trail. What is *not* here:
writing, and when the counts are told (``audit``, ``audit_keeping``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.audit import Actor

EVERY: Final = timedelta(minutes=1)  # between two entries of the same refusal
MAX_KINDS: Final = 1000  # refusals told apart at once; behind, what they are about is not


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of refusal: the event, who met it, why, and what it was about."""

    event: str
    who: Actor
    code: str = ""
    subject: str = ""


@dataclass(slots=True)
class _Count:
    since: datetime
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is counted in this process. Calls may come from several threads."""

    _counts: dict[Refusal, _Count] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def seen(self, refusal: Refusal, now: datetime, *, told: bool) -> bool:
        """Count one; whether it is the first, which ``told`` says will be told at once."""
        with self._lock:
            known = self._counts.get(refusal)
            if known is None and len(self._counts) >= MAX_KINDS:
                refusal = Refusal(refusal.event, refusal.who, refusal.code)
                known = self._counts.get(refusal)
            if known is not None:
                known.untold += 1
                return False
            self._counts[refusal] = _Count(now, 0 if told else 1)
            return True

    def due(self, now: datetime | None = None) -> Iterator[tuple[Refusal, int]]:
        """Those whose time is over at ``now``, or all, each with how many were not told yet."""
        with self._lock:
            late = [
                refusal
                for refusal, count in self._counts.items()
                if now is None or now - count.since >= EVERY
            ]
            counts = [(refusal, self._counts.pop(refusal).untold) for refusal in late]
        return ((refusal, untold) for refusal, untold in counts if untold)
