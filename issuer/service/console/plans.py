"""Lists that were brought for a run, with what was found of their lines so far, in memory alone.

Rules: bounded, for a short time, and only for whoever brought it. What is *not* here: reading the
lines and starting the run (``many``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.errors import ServiceError
from issuer.service.bulk import Planned
from issuer.service.bulk_lines import Line

HELD: Final = timedelta(minutes=60)  # from the last step
MAX_PLANS: Final = 20  # the oldest leave where there are more


@dataclass(frozen=True, slots=True)
class Plan:
    """A list, and what was found of its lines so far; ``run`` is what it became."""

    id: str
    lines: tuple[Line, ...] = field(repr=False)
    by: str
    ends_at: datetime
    rest: Iterator[Planned] = field(repr=False)
    told: tuple[Planned, ...] = ()
    run: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every line was read."""
        return len(self.told) == len(self.lines)

    @property
    def refused(self) -> int:
        """How many lines would be refused."""
        return sum(one.problem is not None for one in self.told)


class HeldPlans:
    """The plans of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._plans: dict[str, Plan] = {}
        self._lock = Lock()

    def change(self, name: str, by: str, step: Callable[[Plan], Plan]) -> Plan:
        """Take a step with the plan ``name`` of ``by``; nobody else takes one meanwhile.

        Raises:
            ServiceError: ``console.gone``, and what ``step`` refuses.
        """
        with self._lock:
            self._forget()
            found = self._plans.get(name)
            if found is None or found.by != by:
                raise ServiceError("console.gone")
            changed = replace(step(found), ends_at=self._clock() + HELD)
            self._plans[name] = changed
            return changed

    def add(self, plan: Plan) -> None:
        """Hold ``plan``."""
        with self._lock:
            self._forget()
            while len(self._plans) >= MAX_PLANS:
                del self._plans[next(iter(self._plans))]
            self._plans[plan.id] = plan

    def _forget(self) -> None:
        now = self._clock()
        for name in [name for name, plan in self._plans.items() if plan.ends_at <= now]:
            del self._plans[name]
