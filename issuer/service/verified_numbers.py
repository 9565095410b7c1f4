"""Whether the source stands behind the NHS number by which somebody was found.

A number that was typed and never traced can be somebody else's. Rules: where the source says of a
number that it is *not* verified, nobody is found by it; where it says nothing, the record says so
(clinical.md rule 7) and whoever asked is warned; with the setting neither is offered. What is *not*
here: whether a number is well formed (``issuer.client.people``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.errors import SourceError
from healthpassport.record_words import VERIFIED
from healthpassport.summary import PatientSummary
from issuer.client import Person

NOT_VERIFIED: Final = "number_not_verified"


def number_warnings(
    summary: PatientSummary, *, person: Person | None = None, verified_only: bool = False
) -> tuple[str, ...]:
    """What whoever asked is to know of the NHS number of ``summary``.

    Args:
        summary: what was read.
        person: who was looked for, None where nobody was.
        verified_only: whether a number must be one that the source calls verified.

    Raises:
        SourceError: ``source.number_not_verified``.
    """
    number = summary.records[0].subject.get("nhsNumber")
    status = number.get("verificationStatus") if isinstance(number, Mapping) else None
    if status == VERIFIED:
        return ()
    found_by_it = person is not None and bool(person.nhs_number)
    if verified_only or (found_by_it and status is not None):
        raise SourceError("source.number_not_verified")
    return () if number is None else (NOT_VERIFIED,)
