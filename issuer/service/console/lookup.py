"""A patient as the database knows them: a keyed digest of the NHS number (docs/adr/0066).

Whoever has the database alone can neither tell whose rows these are nor try all numbers; staff who
type the number find what is theirs. What is *not* here: the key, a file beside the database.
"""

from __future__ import annotations

from typing import Final

from healthpassport.audit import keyed_digest
from healthpassport.errors import ServiceError
from healthpassport.nhs_numbers import is_nhs_number

from .opening import Console

PERSON: Final = "console person"  # the kind of digest: nothing in common with the audit trail's


def person_of(console: Console, nhs_number: str) -> str | None:
    """The digest of a number; None for a patient without one, who is found in today's list."""
    return keyed_digest(console.digest_key, PERSON, nhs_number) if nhs_number else None


def checked_number(typed: str) -> str:
    """Ten digits whose last one fits (never repaired).

    Raises:
        ServiceError: ``console.number``.
    """
    number = typed.replace(" ", "").replace("-", "")
    if not is_nhs_number(number):
        raise ServiceError("console.number")
    return number
