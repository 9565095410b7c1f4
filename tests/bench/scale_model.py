"""How many places, lists, rows and bytes a number of people make: arithmetic alone.

Each person has one record of each type, in several copies; all are made anew each month, the copies
of before are then marked as replaced, and some people miss a month. ``scale_simulation`` does the
same to the real database, and a test holds the two together. What is *not* here: measured figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from issuer.settings import VALIDITY_DAYS

MONTH = 30  # days, so that a year of refreshing is 12.2 of them
LIST_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """Who has what: ``missing`` is the share of people who do not come in a month."""

    people: int
    validity: dict[str, int] = field(default_factory=lambda: dict(VALIDITY_DAYS))
    copies: int = 5
    missing: float = 0.02
    list_size: int = LIST_SIZE
    margin: int = 30  # days that an entry outlives its record (status_retire_days)

    @property
    def types(self) -> int:
        return len(self.validity)

    @property
    def coming(self) -> int:
        """People who come in one month."""
        return self.people - round(self.people * self.missing)

    @property
    def issuances(self) -> int:
        """Records made in one month, each in several copies."""
        return self.coming * self.types

    @property
    def places(self) -> int:
        """Places of status lists given in one month."""
        return self.issuances * self.copies

    @property
    def lists(self) -> float:
        """Lists filled in one month."""
        return self.places / self.list_size

    @property
    def entries(self) -> float:
        """Rows of entries once as many are forgotten as are made, people coming all month."""
        months = sum((days + self.margin) / MONTH for days in self.validity.values())
        return self.coming * self.copies * months

    @property
    def list_months(self) -> int:
        """Months that a full list is published: its longest record and the margin, rounded up."""
        return (max(self.validity.values()) + self.margin) // MONTH + 1

    @property
    def lists_published(self) -> float:
        return self.lists * self.list_months

    def given(self, months: int) -> int:
        """Places given after ``months``, of which everybody comes in the first."""
        return (self.people + (months - 1) * self.coming) * self.types * self.copies

    def entries_after(self, months: int) -> int:
        """Rows of entries at the end of the last of ``months``, on whose first day people came."""
        found = 0
        for days in self.validity.values():
            kept = min((days + self.margin) // MONTH, months)
            first = self.people if kept == months else self.coming
            found += (first + (kept - 1) * self.coming) * self.copies
        return found

    def begun_after(self, months: int) -> int:
        """Lists that have been opened by then."""
        return -(-self.given(months) // self.list_size)

    def ended_after(self, months: int) -> int:
        """Lists that have ended by then: those filled more than ``list_months`` ago."""
        return (
            self.given(months - self.list_months + 1) // self.list_size
            if months >= self.list_months
            else 0
        )

    def silent_after(self, months: int) -> int:
        """Places that say nothing: everybody's newest copies, and older ones of who missed a month.

        What those had for a month was forgotten before the next copies came to replace it. Places
        that were withdrawn are not taken off.
        """
        short = sum(days + self.margin < 2 * MONTH for days in self.validity.values())
        missed = (self.people - self.coming) * max(0, months - 2)
        return (self.people * self.types + missed * short) * self.copies
