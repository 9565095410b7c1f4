"""The record of which numbered step passed and which did not, for one presented record.

The steps are those of docs/verification.md, in its order. A step that fails ends the list: later
steps would speak about something that is not proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum

from healthpassport.credential import Check, Outcome
from healthpassport.errors import PassportError


class Step(IntEnum):
    """The steps of docs/verification.md that each presented record goes through."""

    FORMAT = 1
    TYPE = 2
    ISSUER = 3
    SIGNATURE = 4
    RECORD = 5
    VALIDITY = 6
    STATUS = 7
    QUERY = 8
    PERSON = 9


@dataclass(slots=True)
class Checklist:
    """The checks made so far, in order; ``checks`` becomes part of the verified section."""

    checks: list[Check] = field(default_factory=list)

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Run one step; an error is noted with its code and goes on upwards."""
        try:
            yield
        except PassportError as error:
            self.checks.append(Check(step, step.name.lower(), Outcome.FAILED, error.code))
            raise
        self.passed(step)

    def passed(self, step: Step) -> None:
        """Note that ``step`` passed."""
        self.checks.append(Check(step, step.name.lower(), Outcome.PASSED))

    def unsure(self, step: Step, code: str) -> None:
        """Note that ``step`` could be neither passed nor failed."""
        self.checks.append(Check(step, step.name.lower(), Outcome.COULD_NOT_CHECK, code))

    def failed(self, step: Step, code: str) -> None:
        """Note a failure that does not hide the content, such as being out of date."""
        self.checks.append(Check(step, step.name.lower(), Outcome.FAILED, code))
