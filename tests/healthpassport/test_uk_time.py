"""The clock that people in the United Kingdom look at: winter, summer, and the night between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from healthpassport.uk_time import uk_clock, uk_day, uk_midnight, uk_moment, uk_time


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("utc", "told"),
    [
        ("2026-01-15T09:05", "15-Jan-2026 09:05"),  # winter: as UTC
        ("2026-07-15T09:05", "15-Jul-2026 10:05"),  # summer: an hour on
        ("2026-07-15T23:30", "16-Jul-2026 00:30"),  # and the day with it
        ("2026-03-29T00:59", "29-Mar-2026 00:59"),
        ("2026-03-29T01:00", "29-Mar-2026 02:00"),  # the hour that there is not
        ("2026-10-24T23:59", "25-Oct-2026 00:59"),
        ("2026-10-25T00:30", "25-Oct-2026 01:30 BST"),  # the hour that comes twice
        ("2026-10-25T01:30", "25-Oct-2026 01:30 GMT"),
        ("2026-10-25T02:00", "25-Oct-2026 02:00"),
    ],
)
def test_a_moment_is_told_by_the_clock_of_whoever_reads_it(utc, told):
    assert uk_moment(at(utc)) == told


def test_no_two_minutes_of_the_longest_day_are_told_alike():
    first = at("2026-10-24T22:00")
    told = {uk_moment(first + timedelta(minutes=one)) for one in range(8 * 60)}
    assert len(told) == 8 * 60


def test_seconds_stand_before_the_name_of_the_clock():
    assert uk_clock(at("2026-10-25T00:30:07"), seconds=True) == "01:30:07 BST"


def test_it_makes_no_difference_in_which_zone_a_moment_was_kept():
    kept = at("2026-07-15T23:30").astimezone(ZoneInfo("Asia/Tokyo"))
    assert uk_day(kept) == date(2026, 7, 16)
    assert uk_time(kept) == kept


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        ("2026-01-15", "2026-01-15T00:00", 24),
        ("2026-07-15", "2026-07-14T23:00", 24),
        ("2026-03-29", "2026-03-29T00:00", 23),
        ("2026-10-25", "2026-10-24T23:00", 25),
    ],
)
def test_a_day_begins_at_midnight_there(day, begins, hours):
    found = uk_midnight(date.fromisoformat(day))
    assert found == at(begins)
    following = (found + timedelta(days=1)).astimezone(UTC)
    assert following - found.astimezone(UTC) == timedelta(hours=hours)
