"""Lists that were brought for a run, with what was found of their lines so far, sealed.

Rules: bounded, for a short time, and only for whoever brought it. What is *not* here: reading the
lines and starting the run (``many``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from healthpassport.errors import ServiceError
from issuer.service.bulk import Planned
from issuer.service.bulk_lines import Line
from issuer.service.context import IssuerContext
from issuer.service.shelves import Kind, Shelf

HELD: Final = timedelta(minutes=60)  # from the last step
MAX_PLANS: Final = 50  # the oldest leave where there are more


@dataclass(frozen=True, slots=True)
class Plan:
    """A list, what is to be offered, and what was found of its lines so far.

    ``wanted`` are record types, none for all that the source gives; ``days`` until the offers
    expire, 0 for the setting; ``run`` is what it became.
    """

    id: str
    lines: tuple[Line, ...] = field(repr=False)
    by: str
    wanted: tuple[str, ...] = ()
    days: int = 0
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


PLANS: Final = Kind("plan", TypeAdapter(Plan), MAX_PLANS)


class HeldPlans:
    """The plans of one issuer, whichever process they began in."""

    def __init__(self, issuer: IssuerContext) -> None:
        self._issuer = issuer
        self._plans = Shelf(issuer, PLANS)

    def add(self, plan: Plan) -> None:
        """Hold ``plan``."""
        self._plans.add(plan.id, plan, ends_at=self._issuer.clock() + HELD)

    def find(self, name: str, by: str) -> Plan:
        """The plan ``name`` of ``by``.

        Raises:
            ServiceError: ``console.gone``.
        """
        return _of(self._plans.find(name), by)

    @contextmanager
    def alone(self, name: str, by: str) -> Iterator[Plan]:
        """The plan for a long step; nobody else takes one meanwhile.

        Raises:
            ServiceError: ``console.gone``; ``console.busy`` while somebody else takes one.
        """
        with self._plans.alone(name) as held:
            yield _of(held, by)

    def change(self, name: str, by: str, step: Callable[[Plan], Plan]) -> Plan:
        """Keep what ``step`` makes of the plan ``name``.

        Raises:
            ServiceError: ``console.gone``.
        """
        ends_at = self._issuer.clock() + HELD
        return self._plans.change(name, lambda one: step(_of(one, by)), ends_at=ends_at)


def _of(plan: Plan, by: str) -> Plan:
    if plan.by != by:
        raise ServiceError("console.gone")
    return plan
