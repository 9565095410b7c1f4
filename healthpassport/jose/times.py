"""Times in claims: NumericDate (RFC 7519 section 2), with the one clock skew of the project.

What is *not* here: a clock; ``now`` is always an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import CredentialError

CLOCK_SKEW: Final = timedelta(seconds=60)  # security.md, limits
_LATEST: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second of RFC 3339
# Later moments count as this one: a day before the last that a datetime holds, so that a tolerance
# can be added to every time that was read (X.509 and others say "for ever" by the last second).
END_OF_TIME: Final = datetime(9999, 12, 30, tzinfo=UTC)


def numeric_date(
    claims: Mapping[str, Json], name: str, *, code: str = "cred.time_type"
) -> datetime | None:
    """The time in the claim ``name``, or None where there is no such claim.

    Raises:
        CredentialError: ``code`` when it is not a number of seconds from 1970 to 9999. A boolean
            is no number, and a fraction is cut off.
    """
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CredentialError(code, f"{name} is not a number of seconds")
    if not 0 <= value <= _LATEST:
        raise CredentialError(code, f"{name} is not a time that a calendar holds")
    return min(datetime.fromtimestamp(int(value), UTC), END_OF_TIME)


def to_numeric_date(moment: datetime) -> int:
    """Whole seconds since 1970 for an aware ``moment``."""
    return int(moment.timestamp())
