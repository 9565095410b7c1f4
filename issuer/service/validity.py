"""How long a record is good for: by its type, and never past the day of a review.

What is *not* here: the times that a record bears (``healthpassport.formats.coarse_times``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from healthpassport.encoding import Json
from issuer.settings import Settings

PROXIES: Final = "ProxyAuthority"
_FEBRUARY, _LEAP_DAY = 2, 29


def days_valid(
    settings: Settings, record_type: str, payload: Mapping[str, Json], *, today: date
) -> int:
    """Days until a record is out of date, the last of them to its end.

    Who may act for a young person ends with the day before the birthday at which that is looked at
    anew (clinical.md rule 13), so that no copy outlives it.
    """
    days = settings.validity(record_type)
    born = payload.get("birthDate")
    if record_type != PROXIES or not isinstance(born, str):
        return days
    coming = (birthday(born, age) for age in settings.review_ages)
    left = [(day - today).days - 1 for day in coming if day is not None and day > today]
    return min([days, *left])


def birthday(born: str, years: int) -> date | None:
    """The earliest day on which somebody born then is ``years`` old; None for no day of a calendar.

    A birth date may be a year or a month alone.
    """
    try:
        year, month, day = (int(part) for part in (*born.split("-"), "1", "1")[:3])
        if (month, day) == (_FEBRUARY, _LEAP_DAY):
            day -= 1  # the earlier of the two days that may count in a year without one
        return date(year + years, month, day)
    except ValueError:
        return None
