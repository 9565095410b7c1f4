"""Times in proofs: ``dateTimeStamp`` of XML Schema 1.1 part 2 (VC Data Integrity 1.0 section 2.1).

A time without an offset is read as UTC, as that section allows. What is *not* here: a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import CredentialError
from healthpassport.jose.times import END_OF_TIME

# XML Schema 1.1 part 2 section 3.3.7.2; the hour 24 and years beyond 9999 are not read.
_STAMP: Final = re.compile(
    r"([0-9]{4}-(?:0[1-9]|1[0-2])-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    r"(\.[0-9]{1,9})?(Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
)
_BEGINNING: Final = datetime(2, 1, 1, tzinfo=UTC)


def read_time(value: Json, name: str) -> datetime:
    """The moment that ``value``, the member ``name`` of a proof, stands for.

    Raises:
        CredentialError: ``PROOF_VERIFICATION_ERROR`` when it is no such time.
    """
    match = _STAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise CredentialError("PROOF_VERIFICATION_ERROR", f"{name} is not a dateTimeStamp")
    try:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise CredentialError("PROOF_VERIFICATION_ERROR", f"{name} is on no calendar") from error
    fraction = timedelta(seconds=float(match[2] or 0))
    # The bounds leave room for every offset and for a tolerance on both sides.
    bounded = min(max(moment, _BEGINNING), END_OF_TIME)
    return min(bounded + fraction - _offset(match[3]), END_OF_TIME)


def write_time(moment: datetime) -> str:
    """An aware ``moment`` to the second in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _offset(text: str | None) -> timedelta:
    if text is None or text == "Z":
        return timedelta(0)
    minutes = int(text[1:3]) * 60 + int(text[4:])
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)
