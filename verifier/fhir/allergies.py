"""An allergy as an AllergyIntolerance (FHIR R4 section 9.1).

What is *not* here: the section's state, and rows that assert an absence (``sections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import Item

from .values import (
    TERMINOLOGY,
    Resource,
    absent,
    coded,
    concept,
    extension,
    moment,
    named,
    plain,
    reference,
    rows,
    string,
)

_CLINICAL: Final = frozenset({"active", "inactive", "resolved"})
_VERIFICATION: Final = frozenset({"unconfirmed", "confirmed"})
_TYPES: Final = frozenset({"allergy", "intolerance"})
_CATEGORIES: Final = frozenset({"food", "medication", "environment", "biologic"})
_CRITICALITY: Final = frozenset({"low", "high", "unable-to-assess"})
_SEVERITY: Final = frozenset({"mild", "moderate", "severe"})


def allergy(item: Item, patient: str) -> Resource:
    """The resource of ``item``; invariant ait-1 asks for a clinical status, also an absent one."""
    unit, fields = item.unit, item.fields
    verified = unit.get("verificationStatus")
    kinds = [word for word in _words(unit.get("category")) if word in _CATEGORIES]
    return {
        "resourceType": "AllergyIntolerance",
        **plain(extension=_left_over(unit)),
        "clinicalStatus": coded(
            unit.get("clinicalStatus"), TERMINOLOGY + "allergyintolerance-clinical", _CLINICAL
        ),
        **plain(
            verificationStatus=coded(
                verified, TERMINOLOGY + "allergyintolerance-verification", _VERIFICATION
            )
            if verified
            else None,
            type=_known(unit.get("type"), _TYPES),
            category=list(kinds),
            criticality=_known(unit.get("criticality"), _CRITICALITY),
            code=concept(unit.get("text"), unit.get("coding")),
        ),
        "patient": reference(patient),
        **moment("onsetDateTime", fields.get("onset"), in_words="onsetString"),
        **plain(
            recorder=named(fields.get("recorder")),
            reaction=[_reaction(row) for row in rows(unit.get("reaction"))],
        ),
    }


def _reaction(row: Mapping[str, Json]) -> Resource:
    shown = concept(row.get("text"), row.get("coding")) or {"extension": [absent()]}
    severity = row.get("severity")
    known = _known(severity, _SEVERITY)
    return {
        **plain(extension=_kept("source-severity", severity, known)),
        "manifestation": [shown],
        **plain(severity=known),
    }


def _left_over(unit: Mapping[str, Json]) -> list[Json]:
    """Words for which R4's code lists have no place."""
    kept = _kept("source-type", unit.get("type"), _known(unit.get("type"), _TYPES))
    risk = unit.get("criticality")
    kept += _kept("source-criticality", risk, _known(risk, _CRITICALITY))
    others = [word for word in _words(unit.get("category")) if word not in _CATEGORIES]
    return kept + [extension("source-category", valueString=word) for word in others]


def _kept(name: str, value: Json, written: str | None) -> list[Json]:
    text = string(value)
    return [extension(name, valueString=text)] if text and written is None else []


def _known(value: Json, known: frozenset[str]) -> str | None:
    text = string(value)
    return text if text in known else None


def _words(value: Json) -> list[str]:
    found = value if isinstance(value, list | tuple) else ()
    return [word for word in found if isinstance(word, str)]
