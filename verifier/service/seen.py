"""Which kinds of record a clerk may see: a small table to be reviewed, with its reasons.

Rules: a clerk sees identity and communication needs alone; a kind that does not stand here, also
one that is new, is for clinicians. A clinical safety officer reviews a change. What is *not* here:
who is a clerk (``staff``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json

from .staff import Action, Role

FOR_CLERKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PatientIdentity": "to find the right person in the hospital's own system",
        "CommunicationNeeds": "to book an interpreter or large print before the patient waits",
    }
)
# Every other kind that is known, and why a clerk does not see it.
FOR_CLINICIANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AllergySummary": "clinical; read without training, a short list is taken for a whole one",
        "MedicationSummary": "clinical; tells of conditions",
        "ProblemSummary": "clinical",
        "ProcedureSummary": "clinical",
        "KeyResults": "clinical",
        "ImmunisationSummary": "clinical",
        "DeviceImplant": "clinical",
        "PregnancyStatus": "clinical and sensitive",
        "AdvanceCarePlan": "clinical and sensitive; acted on by those who treat",
        "EmergencySummary": "clinical; holds parts of all the others",
        "NarrativeSummary": "clinical; free words may hold anything",
        "PatientStated": "free words may hold anything",
        "EmergencyContacts": "about other people; a clerk asks the patient, or has them on record",
        "ProxyAuthority": "names other people, and may tell why somebody decides for the patient",
    }
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a result is closed: how many records, and whether a word on the care opens them.

    ``person`` is who the patient is by all records that may be read.
    """

    records: int
    opens: bool
    person: Mapping[str, Json]


def needed_for(record_type: str) -> Action:
    """What somebody must be allowed, to see a record of ``record_type``."""
    return Action.IDENTITY if record_type in FOR_CLERKS else Action.CLINICAL


def opens_for(record_types: Iterable[str]) -> Role:
    """The role to which an answer with these kinds of record opens whole: a receipt names it."""
    clinical = any(needed_for(name) is Action.CLINICAL for name in record_types)
    return Role.CLINICIAN if clinical else Role.CLERK
