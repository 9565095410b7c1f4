"""The times of a record are whole days: never in the future, never before the key, never short."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.formats.coarse_times import DAY, whole_days

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BEGIN = datetime(1990, 1, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=70_000)).map(lambda since: BEGIN + since)
ages = st.timedeltas(timedelta(0), timedelta(days=400))


@given(now=moments, days=st.integers(1, 3_650), age=st.none() | ages)
def test_a_record_is_never_signed_ahead_of_time_or_before_its_key(now, days, age):
    not_before = None if age is None else now - age
    signed, ends = whole_days(now, days=days, not_before=not_before)
    assert now - DAY < signed <= now
    assert not_before is None or not_before <= signed
    assert days * DAY <= ends - now + timedelta(seconds=1)
    assert ends - now < (days + 1) * DAY


@given(now=moments, later=st.timedeltas(timedelta(0), timedelta(days=1)), days=st.integers(1, 400))
def test_everybody_who_collects_on_one_day_gets_the_same_times(now, later, days):
    other = now + later
    same = now.date() == other.date()
    assert (whole_days(now, days=days) == whole_days(other, days=days)) is same


def test_a_day_begins_and_ends_in_utc_wherever_the_clock_stands():
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    signed, ends = whole_days(datetime(2026, 11, 2, 3, 0, tzinfo=kathmandu), days=1)
    assert signed == MIDNIGHT
    assert ends == datetime(2026, 11, 2, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("not_before", "signed"),
    [
        (None, MIDNIGHT),
        (NOON - timedelta(days=30), MIDNIGHT),
        (MIDNIGHT, MIDNIGHT),
        (NOON - timedelta(hours=1), NOON - timedelta(hours=1)),  # the first day of the key
        (NOON, NOON),
        (NOON + timedelta(hours=1), NOON),  # no key of ours: never in the future all the same
    ],
)
def test_on_the_first_day_of_a_key_records_are_signed_as_it_came_into_force(not_before, signed):
    assert whole_days(NOON, days=90, not_before=not_before).issued_at == signed


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_one_day_is_a_day_also_late_in_the_evening(hour):
    now = MIDNIGHT + timedelta(hours=hour, minutes=59)
    assert whole_days(now, days=1).expires_at - now >= timedelta(hours=23, minutes=59)
