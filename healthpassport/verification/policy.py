"""How old a record, a trust list and a status list may be, and what a desk requires beyond.

The defaults are clinical.md rule 14 (for a clinical safety officer to sign); a hospital may set its
own. What is *not* here: a switch that turns a check off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from healthpassport.credential import FiredRule, Rule

OTHER_RECORDS: Final = timedelta(days=365)
RECORD_AGES: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "MedicationSummary": timedelta(days=7),
        "EmergencySummary": timedelta(days=7),  # as old as the first of its parts to grow old
        "PregnancyStatus": timedelta(days=14),
        "AllergySummary": timedelta(days=30),
        "AdvanceCarePlan": timedelta(days=90),
    }
)
NO_TIME: Final = timedelta()
ANY_TIME_ZONE: Final = timedelta(days=1)  # where a day begins before it does in UTC
TRUST_LIST_AGE: Final = timedelta(days=7)
STATUS_LIST_AGE: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """Greatest ages before ``old`` (records) or ``could_not_check`` (lists).

    ``require_post_quantum`` refuses a record without the second signature of docs/adr/0025.
    """

    records: Mapping[str, timedelta] = field(default_factory=lambda: RECORD_AGES)
    other_records: timedelta = OTHER_RECORDS
    trust_list: timedelta = TRUST_LIST_AGE
    status_list: timedelta = STATUS_LIST_AGE
    require_post_quantum: bool = False

    def limit(self, record_type: str) -> timedelta:
        """The greatest age of a record of ``record_type``."""
        return self.records.get(record_type, self.other_records)

    def age_rule(self, record_type: str, *, as_of: date, now: datetime) -> FiredRule | None:
        """The rule that calls a record of ``record_type`` that speaks for ``as_of`` old, or None.

        A day that has not come says nothing about age: such a record would never grow old.
        """
        age = now.date() - as_of
        if age < -ANY_TIME_ZONE:
            return FiredRule(Rule.RECORD_DATE, ANY_TIME_ZONE, -age)
        limit = self.limit(record_type)
        return FiredRule(Rule.RECORD_AGE, limit, age) if age > limit else None
