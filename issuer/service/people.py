"""Whom records are about, for the audit trail alone, which keeps a keyed digest of it.

What is *not* here: whether two records are of one person (``healthpassport.verification.person``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from healthpassport.summary import Record


def nhs_number(records: Iterable[Record]) -> str:
    """The NHS number that ``records`` tell, empty where they tell none."""
    for record in records:
        number = record.subject.get("nhsNumber")
        value = number.get("value") if isinstance(number, Mapping) else None
        if isinstance(value, str):
            return value
    return ""
