"""A problem as a Condition (FHIR R4 section 9.2), a procedure as a Procedure (section 9.3).

What is *not* here: the section's state, and rows that assert an absence (``sections``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import Item

from .values import (
    TERMINOLOGY,
    Resource,
    code_value,
    coded,
    concept,
    extension,
    moment,
    named,
    plain,
    reference,
    status,
    string,
    words,
)

_ENDED: Final = frozenset({"inactive", "remission", "resolved"})
_CLINICAL: Final = _ENDED | {"active", "recurrence", "relapse"}
_VERIFICATION: Final = frozenset({"unconfirmed", "provisional", "differential", "confirmed"})
# UK Core R4 has no significance of its own; NHS readers know this one.
_SIGNIFICANCE: Final = (
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-ProblemSignificance-1"
)
_PROCEDURE: Final = frozenset(
    {"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "unknown"}
)
_PROCEDURE_GROUPS: Final = {"done": "completed", "planned": "preparation", "not_done": "not-done"}


def problem(item: Item, patient: str) -> Resource:
    """The resource of ``item``.

    Invariant con-4 forbids an abatement beside an active status: a source that says both is told
    with its date in an extension, for a clinician to look at.
    """
    unit, fields = item.unit, item.fields
    clinical, verified = unit.get("clinicalStatus"), unit.get("verificationStatus")
    significance = string(unit.get("significance"))
    ended = moment("abatementDateTime", fields.get("abatement"), in_words="abatementString")
    extensions: list[Json] = (
        [{"url": _SIGNIFICANCE, **code_value(significance)}] if significance else []
    )
    if ended and clinical not in _ENDED:
        extensions.append(extension("abatement", valueString=fields.get("abatement")))
        ended = {}
    return {
        "resourceType": "Condition",
        **plain(
            extension=extensions,
            clinicalStatus=coded(clinical, TERMINOLOGY + "condition-clinical", _CLINICAL)
            if clinical
            else None,
            verificationStatus=coded(verified, TERMINOLOGY + "condition-ver-status", _VERIFICATION)
            if verified
            else None,
        ),
        "category": [
            {
                "coding": [
                    {"system": TERMINOLOGY + "condition-category", "code": "problem-list-item"}
                ]
            }
        ],
        **plain(
            severity=words(fields.get("severity")),
            code=concept(unit.get("text"), unit.get("coding")),
            bodySite=[found] if (found := words(fields.get("bodySite"))) else None,
        ),
        "subject": reference(patient),
        **moment("onsetDateTime", fields.get("onset"), in_words="onsetString"),
        **ended,
    }


def procedure(item: Item, patient: str) -> Resource:
    """The resource of ``item``."""
    unit, fields = item.unit, item.fields
    performer = named(fields.get("performer"))
    otherwise = _PROCEDURE_GROUPS.get(str(unit.get("group")))
    return {
        "resourceType": "Procedure",
        **status(unit.get("status"), _PROCEDURE, otherwise),
        **plain(code=concept(unit.get("text"), unit.get("coding"))),
        "subject": reference(patient),
        **moment("performedDateTime", unit.get("date"), in_words="performedString"),
        **plain(
            performer=[{"actor": performer}] if performer else None,
            bodySite=[found] if (found := words(fields.get("bodySite"))) else None,
            outcome=words(fields.get("outcome")),
        ),
    }
