"""Which records a patient's open report disputes.

What is *not* here: reports (``reports``), and what a disputed record says.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

SUMMARY: Final = "EmergencySummary"  # made of the others: one disputed part disputes it


def is_disputed(record_type: str, types: Collection[str]) -> bool:
    """Whether reports about ``types`` dispute a record of ``record_type``."""
    return record_type in types or (record_type == SUMMARY and bool(types))
