"""Dates as sources write them: any precision, several spellings, never completed by a guess.

``12-May-2020``, ``09 Oct 2016`` and instants without seconds stand in published summaries. What is
not a date stays in its own words. What is *not* here: which date of a resource counts.
"""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import Final

from healthpassport.encoding import Json, JsonObject

from .values import obj, string

_ISO: Final = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?)?)?\Z"
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{2,6})?(?:[+-]\d{4})?\Z")
_NAMED: Final = re.compile(r"(\d{1,2})[- /]([A-Za-z]{3,9})[- /](\d{4})\b")
_LENGTHS: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2
_MONTHS: Final = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}


def normal(text: str | None) -> str | None:
    """``text`` where it is an ISO 8601 date of any precision, a known spelling turned into one.

    Returns:
        The date, or None where ``text`` is not one that a calendar holds.
    """
    if text is None:
        return None
    text = text.strip()
    if found := _ISO.match(text):
        year, month, day = found.groups()
        return text if _exists(int(year), int(month or 1), int(day or 1)) else None
    if found := _COMPACT.match(text):
        year, month, day = found.groups()
        return f"{year}-{month}-{day}" if _exists(int(year), int(month), int(day)) else None
    if found := _NAMED.search(text):
        month_number = _MONTHS.get(found[2][:3].lower(), 0)
        if _exists(int(found[3]), month_number, int(found[1])):
            return f"{found[3]}-{month_number:02}-{int(found[1]):02}"
    return None


def day(text: str | None) -> date | None:
    """The day of ``text`` where its precision reaches a day."""
    found = normal(text)
    return date.fromisoformat(found[:10]) if found and len(found) >= len("2020-01-01") else None


def last_day(text: str | None) -> date | None:
    """The last day that ``text`` may mean: of its year, of its month, or the day itself."""
    found = normal(text)
    if found is None:
        return None
    parts = [int(part) for part in found[:10].split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    last = parts[2] if len(parts) > 2 else calendar.monthrange(year, month)[1]  # noqa: PLR2004
    return date(year, month, last)


def _exists(year: int, month: int, number: int) -> bool:
    if not 1 <= year <= 9999 or not 1 <= month <= 12:  # noqa: PLR2004 - a calendar
        return False
    return 1 <= number <= _LENGTHS[month] + (month == _FEBRUARY and calendar.isleap(year))


def period(value: Json) -> tuple[str | None, str | None]:
    """Start and end of a Period."""
    found = obj(value)
    return string(found.get("start")), string(found.get("end"))


def first(resource: JsonObject, *names: str) -> str | None:
    """The first date among the members ``names``; a Period gives its start, else its end."""
    for name in names:
        value = resource.get(name)
        found = string(value)
        if found is None and value is not None:
            start, end = period(value)
            found = start or end
        if found is not None:
            return normal(found) or found
    return None
