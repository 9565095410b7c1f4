"""A vaccination as an Immunization (FHIR R4 section 9.5).

What is *not* here: the section's state, and rows that assert an absence (``sections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import Item

from .values import (
    UK_CORE,
    Resource,
    absent,
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

_GROUPS: Final = {"given": "completed", "not_given": "not-done"}


def immunisation(item: Item, patient: str) -> Resource:
    """The resource of ``item``; R4 says "not given" by the status alone."""
    unit, fields = item.unit, item.fields
    given = unit.get("procedure")
    vaccination = given if isinstance(given, Mapping) else {}
    not_given = unit.get("notGiven") is True or unit.get("group") == "not_given"
    group = "not_given" if not_given else str(unit.get("group"))
    known = frozenset({"not-done"}) if not_given else frozenset({"completed"})
    procedure = concept(vaccination.get("text"), vaccination.get("coding"))
    when = moment("occurrenceDateTime", unit.get("date"), in_words="occurrenceString")
    performer = named(fields.get("performer"))
    product = string(fields.get("product"))
    told = product if product in _names(unit) and procedure else None
    return {
        "resourceType": "Immunization",
        **plain(
            extension=[{"url": f"{UK_CORE}VaccinationProcedure", "valueCodeableConcept": procedure}]
            if procedure
            else None
        ),
        **status(unit.get("status"), known, _GROUPS.get(group)),
        "vaccineCode": _vaccine(unit, vaccination),
        "patient": reference(patient),
        **(when or {"_occurrenceDateTime": {"extension": [absent()]}}),
        **plain(
            manufacturer=named(product) if told is None else None,
            lotNumber=string(fields.get("lot")),
            site=words(fields.get("site")),
            performer=[{"actor": performer}] if performer else None,
            protocolApplied=_dose(fields.get("doseNumber")),
        ),
    }


def _vaccine(unit: Mapping[str, Json], vaccination: Mapping[str, Json]) -> Resource:
    """The vaccine's own code; where only the vaccination is named, that name stands there alone."""
    text = unit.get("text")
    if vaccination and text == vaccination.get("text"):
        return concept(None, unit.get("coding")) or {"extension": [absent()]}
    return concept(text, unit.get("coding"))


def _names(unit: Mapping[str, Json]) -> set[str]:
    """What the vaccine code itself calls the vaccine."""
    shown = {str(row[name]) for row in rows(unit.get("coding")) for name in row if name != "system"}
    return shown | {str(unit.get("text"))}


def _dose(number: Json) -> list[Json]:
    text = string(number)
    if text is None:
        return []
    counted = text.isascii() and text.isdigit() and not text.startswith("0")
    return [{"doseNumberPositiveInt": int(text)} if counted else {"doseNumberString": text}]
