"""How many places, lists, rows and bytes a number of people make: arithmetic alone.

Each person has one record of each type, in several copies; all are made anew each month, the copies
of before that have not expired are then marked as replaced where the record changed, and some
people miss a month. ``scale_simulation`` does the same to the real database, and a test holds the
two together. What is *not* here: measured figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from issuer.settings import VALIDITY_DAYS

# Share of people in whose record something changed since last month: assumed, not measured.
CHANGED = {
    "PatientIdentity": 0.01,
    "AllergySummary": 0.01,
    "MedicationSummary": 0.3,
    "ProblemSummary": 0.05,
    "ImmunisationSummary": 0.04,
    "ProcedureSummary": 0.02,
    "DeviceImplant": 0.002,
    "PregnancyStatus": 0.02,
    "ProxyAuthority": 1.0,  # replaced at each reading
}
OTHERS = 0.05  # of a type that is not named above
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
    kept: int = 90  # days that an offer is kept (kept_days)
    withdrawn: float = 0.01  # share of records that are withdrawn soon after they were issued
    changed: dict[str, float] = field(default_factory=lambda: dict(CHANGED))

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
        """Full lists that have not ended, and the one that is being filled."""
        return self.lists * (max(self.validity.values()) + self.margin) / MONTH + 1

    @property
    def outlived(self) -> float:
        """Marks of published lists whose entries are forgotten, once lists end."""
        return self.outlived_after(self.list_months)

    @property
    def offers(self) -> float:
        """Rows of offers, each kept while something that was issued for it is."""
        days = max(max(self.validity.values()) + self.margin, self.kept)
        return self.coming * days / MONTH

    def share(self, months: int) -> float:
        """Share of places of an age of ``months`` that are marked as replaced by then."""
        return sum(self.marked(name, months) for name in self.validity) / self.types

    def marked(self, name: str, months: int) -> float:
        """The same for one record type: what expired before the next change is not marked."""
        refreshes = min(months, (self.validity[name] - 1) // MONTH)
        return 1.0 - (1.0 - self.changed.get(name, OTHERS)) ** refreshes

    def changes(self, person: int, name: str, number: int) -> bool:
        """Whether a person's record changed in month ``number``, for a simulation."""
        return _drawn("change", person, name, number) < self.changed.get(name, OTHERS)

    def withdraws(self, person: int, name: str, number: int) -> bool:
        """Whether what a person got in month ``number`` is withdrawn, for a simulation."""
        return _drawn("withdraw", person, name, number) < self.withdrawn

    def away(self, number: int) -> set[int]:
        """Who does not come in month ``number``, for a simulation; all come in the first."""
        missing = self.people - self.coming if number else 0
        return {(number * missing + step) % self.people for step in range(missing)}

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

    def marked_after(self, months: int) -> int:
        """Places of published lists that say something."""
        numbers = range(self.ended_after(months) + 1, self.begun_after(months) + 1)
        return round(sum(self.marked_in(number, months) for number in numbers))

    def silent_after(self, months: int) -> int:
        """Places of published lists that were given and say nothing."""
        published = self.given(months) - self.ended_after(months) * self.list_size
        return published - self.marked_after(months)

    def offers_after(self, months: int) -> int:
        """Rows of offers at the end of the last of ``months``."""
        days = max(max(self.validity.values()) + self.margin, self.kept)
        kept = min(days // MONTH, months)
        return (self.people if kept == months else self.coming) + (kept - 1) * self.coming

    def marked_in(self, number: int, months: int) -> float:
        """Entries of list ``number``, from 1, that say something once ``months`` people came."""
        start, end, found = (number - 1) * self.list_size, number * self.list_size, 0.0
        for month in range(months):
            begun = self.given(month) if month else 0
            places = min(end, self.given(month + 1)) - max(start, begun)
            replaced = self.share(months - 1 - month)
            found += max(0, places) * (self.withdrawn + (1 - self.withdrawn) * replaced)
        return found

    def outlived_after(self, months: int) -> float:
        """Marks whose entries are forgotten at the end of the last of ``months``, no list ended."""
        found = 0.0
        for name, days in self.validity.items():
            for age in range((days + self.margin) // MONTH, months):
                came = self.people if age == months - 1 else self.coming
                share = self.withdrawn + (1 - self.withdrawn) * self.marked(name, age)
                found += came * self.copies * share
        return found


def _drawn(*what: object) -> float:
    """A number from 0 to 1 that is always the same for ``what``."""
    said = "/".join(map(str, what)).encode()
    return int.from_bytes(blake2b(said, digest_size=6).digest(), "big") / (1 << 48)
