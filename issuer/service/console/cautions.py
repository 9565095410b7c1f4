"""What a clinician must have read before a record goes out: whose it is, and of allergies.

Rules (clinical.md): a list of allergies that is withheld, partial, in words alone or missing must
never read as "no allergies", neither here nor at a desk, and whoever signs off knows which it is;
a number that was never traced may be somebody else's.
What is *not* here: the record's own warnings, which travel with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import SectionState, definition
from issuer.service.reading import Reading
from issuer.service.verified_numbers import number_warnings
from schemas.definitions import warnings

ALLERGIES: Final = "AllergySummary"
NOT_TRACED: Final = msg(
    "The record system does not call the NHS number verified: it may be somebody else's. Compare"
    " the name, the birth date and the address with the patient."
)
MISSING: Final = msg(
    "There is no allergy record in what was read. A hospital will not read that there are no"
    " allergies: it reads that they are unavailable."
)
UNWHOLE: Final[Mapping[SectionState, str]] = MappingProxyType(
    {
        SectionState.WITHHELD: msg(
            "Allergies are held back. A hospital reads: Allergies unavailable."
        ),
        SectionState.NARRATIVE_ONLY: msg(
            "Allergies stand in words alone. A hospital reads the words, not a checked list."
        ),
        SectionState.NO_INFORMATION: msg(
            "Nothing is known of allergies. A hospital reads that, and not that there are none."
        ),
        SectionState.NOT_RECORDED: msg(
            "No allergies are recorded. A hospital reads that, and not that there are none."
        ),
        SectionState.ONLY_INACTIVE: msg(
            "Only past allergies are recorded. A hospital does not read that there are none."
        ),
    }
)
# Warnings after which a list of allergies is still whole. Any other, also one that is new, may mean
# that an allergy is not in it.
STILL_WHOLE: Final = frozenset(
    {
        "active-with-end-date",
        "comments-not-included",
        "disputed",
        "dose-not-in-words",
        "nhs-number-not-valid",
        "not-for-transfusion",
        "uncoded-entries",
    }
)


def cautions(reading: Reading, say: Words = ENGLISH) -> tuple[str, ...]:
    """The cautions of ``reading``; none where number and allergies are as they should be."""
    found = [say(NOT_TRACED)] if number_warnings(reading.summary) else []
    record = next((r for r in reading.summary.records if r.type == ALLERGIES), None)
    if record is None:
        return (*found, say(MISSING))
    found += [say(UNWHOLE[record.state])] if record.state in UNWHOLE else []
    title, told = say.of(definition(ALLERGIES).labels).clinical, warnings()
    found += [
        f"{title}: {say.of(told[one]).clinical}"
        for one in record.warnings
        if one not in STILL_WHOLE
    ]
    return tuple(found)
