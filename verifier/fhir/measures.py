"""A result, or a pregnancy status, as an Observation (FHIR R4 section 10.1).

Digits are the source's own: a number that JSON would write otherwise goes out in words, with its
comparator and unit (clinical.md rule 2). What is *not* here: the section's state (``sections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import Item

from .values import (
    TERMINOLOGY,
    Resource,
    concept,
    moment,
    named,
    plain,
    reference,
    rows,
    status,
    string,
    words,
)

_STATUS: Final = frozenset(
    {"registered", "preliminary", "final", "amended", "corrected", "cancelled", "unknown"}
)
_COMPARATORS: Final = frozenset({"<", "<=", ">=", ">"})
_EXACT: Final = 15  # digits that a double holds in any case
_DELIVERY: Final = {"system": "http://loinc.org", "code": "11778-8"}
_DELIVERY_CODES: Final = frozenset({"11778-8", "11779-6", "11780-4"})


def result(item: Item, patient: str) -> Resource:
    """The resource of ``item``, as a laboratory's."""
    unit, fields = item.unit, item.fields
    performer = named(fields.get("performer"))
    return {
        **_observation(unit, patient, "laboratory"),
        **_value(unit.get("value")),
        **_reading(unit),
        **plain(
            specimen=named(unit.get("specimen")),
            method=words(unit.get("method")),
            performer=[performer] if performer else None,
            component=[_component(row) for row in rows(unit.get("components"))],
        ),
    }


def pregnancy(item: Item, patient: str) -> Resource:
    """The resource of ``item``; a delivery date is its value, or a component beside another one."""
    unit = item.unit
    due = moment("valueDateTime", item.fields.get("edd"), in_words="valueString")
    value = _value(unit.get("value"))
    if not value and any(row.get("code") in _DELIVERY_CODES for row in rows(unit.get("coding"))):
        value, due = due, {}
    made: Resource = {**_observation(unit, patient, "social-history"), **value}
    if due:
        made["component"] = [{"code": {"coding": [_DELIVERY]}, **due}]
    return made


def _observation(unit: Mapping[str, Json], patient: str, category: str) -> Resource:
    system = TERMINOLOGY + "observation-category"
    return {
        "resourceType": "Observation",
        **status(unit.get("status"), _STATUS, None),
        "category": [{"coding": [{"system": system, "code": category}]}],
        "code": concept(unit.get("text"), unit.get("coding")),
        "subject": reference(patient),
        **moment("effectiveDateTime", unit.get("date")),
    }


def _component(row: Mapping[str, Json]) -> Resource:
    return {
        "code": concept(row.get("text"), row.get("coding")),
        **_value(row.get("value")),
        **_reading(row),
    }


def _reading(holder: Mapping[str, Json]) -> Resource:
    judged = words(holder.get("interpretation"))
    usual = string(holder.get("referenceRange"))
    return plain(
        dataAbsentReason=words(holder.get("absentReason")),
        interpretation=[judged] if judged else None,
        referenceRange=[{"text": usual}] if usual else None,
    )


def _value(measured: Json) -> Resource:
    if not isinstance(measured, Mapping) or not measured:
        return {}
    text, unit = string(measured.get("value")), string(measured.get("unit"))
    comparator = string(measured.get("comparator"))
    if measured.get("coding"):
        return {"valueCodeableConcept": concept(text, measured.get("coding"))}
    number = _number(text)
    if number is not None and comparator in _COMPARATORS | {None}:
        found = plain(comparator=comparator, unit=unit)
        return {"valueQuantity": {"value": number, **found}}
    return {"valueString": " ".join(word for word in (comparator, text, unit) if word)}


def _number(text: str | None) -> int | float | None:
    """The number that JSON writes in exactly these digits."""
    if text is None or not text.isascii():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    if repr(number) == text:
        return number
    return int(text) if len(text) <= _EXACT and text == f"{number:.0f}" else None
