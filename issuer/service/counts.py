"""How often each thing happened in this process, by the names of the audit trail's events.

Rules: names are of a closed list and record types are the issuer's own, so that the counts stay
few; nothing is counted by person, client or offer. An event is counted when it is written: where
the transaction around it is tried again it is counted again. What is *not* here: the trail.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls may come from several threads."""

    _numbers: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def add(self, event: str, record_type: str = "") -> None:
        """Count ``event`` once, of ``record_type`` where it is about one."""
        with self._lock:
            self._numbers[event, record_type] += 1

    def all(self) -> dict[tuple[str, str], int]:
        """How often, by event and record type."""
        with self._lock:
            return dict(self._numbers)
