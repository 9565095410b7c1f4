"""When records of a young person must be looked at anew before somebody else may show them.

Rules (clinical.md rule 13): who acts for a child holds records that the surgery gave while it knew
of their authority. At 11 (a setting, 13 at the latest) and at 16 that authority is looked at anew:
what was issued before such a birthday is not offered any more until the surgery has issued it
again. The young person's own wallet knows no such day. What is *not* here: the issuer's own check.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from healthpassport.summary import definition

from .passports import Passport, birth_in, birthday
from .shelf import StoredRecord

SECOND_REVIEW: Final = 16  # years; clinical.md rule 13
LATEST_REVIEW: Final = 13  # years; clinical.md rule 13


def check_again(
    passport: Passport, group: Sequence[StoredRecord], *, today: date, first_review: int
) -> frozenset[int]:
    """The rows of ``group``, the records in ``passport``, that must be issued again first."""
    if passport.mine or passport.lent:  # lent by the person themself, who is old enough to
        return frozenset()
    born = birth_in(group)
    days = [birthday(born, years) for years in (min(first_review, LATEST_REVIEW), SECOND_REVIEW)]
    return frozenset(
        record.row
        for record in group
        if not definition(record.record.type).by_holder
        and any(day is not None and record.issued_at.date() < day <= today for day in days)
    )
