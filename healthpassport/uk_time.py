"""Moments as people in the United Kingdom read them: the time on their clock.

Rules: what is stored, signed and compared stays UTC; the zone comes in where a moment becomes
words, and nowhere else. In the night in which the clocks go back an hour comes twice: there, and
only there, the time says which of the two it is. What is *not* here: months and days in words, and
what time it is now.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

# The rules come from the system, and from ``tzdata`` where a system has none (PEP 615).
UK: Final = ZoneInfo("Europe/London")


def uk_time(when: datetime) -> datetime:
    """``when``, which knows its zone, on a clock in the United Kingdom."""
    return when.astimezone(UK)


def uk_day(when: datetime) -> date:
    """The day on which ``when`` falls in the United Kingdom."""
    return uk_time(when).date()


def uk_moment(when: datetime) -> str:
    """``when`` as a short line of a command: ``28-Nov-2026 09:05``."""
    return f"{uk_day(when):%d-%b-%Y} {uk_clock(when)}"


def uk_clock(when: datetime, *, seconds: bool = False) -> str:
    """The time of ``when`` as ``HH:MM``, also with seconds; ``01:30 BST`` where it comes twice."""
    local = uk_time(when)
    told = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{told} {local.tzname()}" if comes_twice else told


def uk_midnight(day: date) -> datetime:
    """The moment at which ``day`` begins in the United Kingdom."""
    return datetime(day.year, day.month, day.day, tzinfo=UK)
