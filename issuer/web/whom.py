"""Whom staff look for, as they typed it: what cannot be right is said beside its field.

What is *not* here: looking (``service.console.finding``) and HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from fastapi import Form

from healthpassport.languages import msg
from healthpassport.nhs_numbers import is_nhs_number
from issuer.client import Person

MAX_NAME: Final = 200  # characters
MAX_NUMBER: Final = 40  # characters of one field with digits, spaces and all
WRONG_DATE: Final = msg("Birth date must be a real date with day, month and year")
WRONG_NUMBER: Final = msg("NHS number must have 10 digits that belong together")
TOO_LITTLE: Final = msg("Type the NHS number, or the last name and the birth date")


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they were typed, so that a page can show them again beside its errors."""

    family_name: str = ""
    given_name: str = ""
    day: str = ""
    month: str = ""
    year: str = ""
    nhs_number: str = ""
    birth_date: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Whom to look for."""
        given = (self.given_name,) if self.given_name else ()
        return Person(self.nhs_number, self.family_name, given, self.birth_date)

    @property
    def enough(self) -> bool:
        """Whether somebody can be looked for by this."""
        return bool(self.nhs_number or (self.family_name and self.birth_date))


def typed(
    *,
    family_name: Annotated[str, Form(max_length=MAX_NAME)] = "",
    given_name: Annotated[str, Form(max_length=MAX_NAME)] = "",
    birth_day: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    birth_month: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    birth_year: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
    nhs_number: Annotated[str, Form(max_length=MAX_NUMBER)] = "",
) -> Typed:
    """The form's fields, read; ``errors`` has the message for each that cannot be right."""
    day, month, year = (part.strip() for part in (birth_day, birth_month, birth_year))
    born = iso_day((day, month, year)) if day or month or year else ""
    number = nhs_number.strip()
    errors = {}
    if born is None:
        errors["birth_date"] = WRONG_DATE
    if number and not is_nhs_number(number):
        errors["nhs_number"] = WRONG_NUMBER
    return Typed(
        family_name=family_name.strip(),
        given_name=given_name.strip(),
        day=day,
        month=month,
        year=year,
        nhs_number=number,
        birth_date=born or "",
        errors=errors,
    )


def iso_day(parts: Sequence[str]) -> str | None:
    """The ISO date of day, month and year; None where there is no such day."""
    if not all(part.isascii() and part.isdigit() for part in parts):
        return None
    day, month, year = map(int, parts)
    try:
        return date(year, month, day).isoformat()
    except (ValueError, OverflowError):
        return None
