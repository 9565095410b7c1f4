"""Saying in FHIR that a section was not told whole, so that no reader takes it for what there is.

A List that is empty because its content is unavailable, or held back, and that names an entry which
stands nowhere: the section is never "none known", and what it does hold is told as incomplete.
What is *not* here: which sections a source misses.
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import Json, JsonObject

LOINC: Final = "http://loinc.org"
UNAVAILABLE: Final = "unavailable"
WITHHELD: Final = "withheld"
NOT_TOLD: Final = "urn:health-passport:not-told"  # leads nowhere, on purpose
EMPTY_REASONS: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_WORDS: Final = {
    UNAVAILABLE: "The record system did not give this part",
    WITHHELD: "The record system holds something back",
}
# IPS section codes, as ``lists.SECTION_CODES`` reads them.
SECTIONS: Final = {
    "allergies": "48765-2",
    "medications": "10160-0",
    "problems": "11450-4",
    "immunisations": "11369-6",
    "procedures": "47519-4",
    "devices": "46264-8",
    "results": "30954-2",
    "pregnancy": "10162-6",
    "advance_care": "42348-3",
    "alerts": "104605-1",
}


def gap(section: str, subject: str, reason: str = UNAVAILABLE) -> JsonObject:
    """A List that says of ``section`` of the patient ``subject`` that it is not all there is."""
    code: dict[str, Json] = {"system": LOINC, "code": SECTIONS[section]}
    why: dict[str, Json] = {"system": EMPTY_REASONS, "code": reason}
    return {
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "code": {"coding": [code]},
        "subject": {"reference": subject},
        "emptyReason": {"coding": [why], "text": _WORDS[reason]},
        "entry": [{"item": {"reference": NOT_TOLD}}],
    }
