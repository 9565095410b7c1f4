"""The times that a record bears: whole days, so that they point at nobody.

All copies of a batch are signed at one moment. Told to the second, that moment would be a name: two
desks that saw the same unusual second saw the same person. A day is what every record tells anyway
(``asOf`` is always shown). What is *not* here: a clock, and when a record was really signed, which
an issuer keeps to itself.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

DAY: Final = timedelta(days=1)
LAST_SECOND: Final = timedelta(seconds=1)  # formats write whole seconds


class RecordTimes(NamedTuple):
    """What a record says of itself: signed at, and good until the end of."""

    issued_at: datetime
    expires_at: datetime


def whole_days(now: datetime, *, days: int, not_before: datetime | None = None) -> RecordTimes:
    """The times of a record that is signed at ``now`` and good for ``days`` days.

    Signed: at the beginning of the day in UTC. A key is judged at that time, so on the first day of
    a key it is ``not_before``, which all records of that day share as well. Good: to the last
    second of its last day, so that the day which a person is told is a whole one.

    Args:
        now: the moment of signing; what comes out is never later.
        days: until it is out of date, at least; at most one day more.
        not_before: when the key that signs came into force.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    signed = today if not_before is None else max(today, not_before)
    return RecordTimes(min(signed, now), today + (days + 1) * DAY - LAST_SECOND)
