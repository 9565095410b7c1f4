"""Whom staff expect, as they typed it: compared with what is shared, kept nowhere, never logged.

Rules: every field may stay empty and is then not compared; what cannot be right (a day that no
calendar has, a number that is no NHS number) is said at once, since it could only warn wrongly
later. What is *not* here: the comparison (``service.matching``) and HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from fastapi import Form

from healthpassport.languages import msg
from healthpassport.nhs_numbers import is_nhs_number
from verifier.service import Expected

MAX_NAME: Final = 200  # characters
MAX_NUMBER: Final = 40  # characters of one field with digits, spaces and all
WRONG_DATE: Final = msg("Birth date must be a real date with day, month and year, or empty")
WRONG_NUMBER: Final = msg("NHS number must have 10 digits that belong together, or be empty")


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they were typed, so that a page can show them again beside its errors."""

    family_name: str = ""
    day: str = ""
    month: str = ""
    year: str = ""
    nhs_number: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    birth_date: str = ""

    @property
    def expected(self) -> Expected | None:
        """The person to compare with; None where nothing was typed."""
        if not (self.family_name or self.birth_date or self.nhs_number):
            return None
        return Expected(self.family_name, self.birth_date, self.nhs_number)


def typed(
    family_name: Annotated[str, Form(max_length=MAX_NAME)] = "",
    birth_day: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    birth_month: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    birth_year: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    nhs_number: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
) -> Typed:
    """The form's fields, read; ``errors`` has the message for each that cannot be right."""
    parts = [part.strip() for part in (birth_day, birth_month, birth_year)]
    born = _day(parts) if any(parts) else ""
    number = nhs_number.strip()
    errors = {}
    if born is None:
        errors["birth_date"] = WRONG_DATE
    if number and not is_nhs_number(number):
        errors["nhs_number"] = WRONG_NUMBER
    day, month, year = parts
    return Typed(family_name.strip(), day, month, year, number, errors, born or "")


def _day(parts: Sequence[str]) -> str | None:
    """The ISO date of day, month and year; None where there is no such day."""
    if not all(part.isascii() and part.isdigit() for part in parts):
        return None
    day, month, year = map(int, parts)
    try:
        return date(year, month, day).isoformat()
    except (ValueError, OverflowError):
        return None
