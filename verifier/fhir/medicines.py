"""A medicine as a MedicationStatement, or as a MedicationRequest where its intent is known.

Dose text goes out whole and verbatim (clinical.md rule 12). What is *not* here: the section's
state, and rows that assert an absence (``sections``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import Item

from .values import (
    TERMINOLOGY,
    UK_CORE,
    Resource,
    concept,
    extension,
    moment,
    organisation_code,
    plain,
    reference,
    status,
    string,
    words,
)

_INTENTS: Final = frozenset(
    {
        *("proposal", "plan", "order", "original-order", "reflex-order"),
        *("filler-order", "instance-order", "option"),
    }
)
_BOTH: Final = frozenset({"active", "completed", "on-hold", "stopped", "unknown"})
_REQUEST: Final = _BOTH | {"cancelled", "draft"}
_STATEMENT: Final = _BOTH | {"intended", "not-taken"}
_REQUEST_GROUPS: Final = {
    "current": "active",
    "on_hold": "on-hold",
    "planned": "draft",
    "not_given": "unknown",
    "stopped": "stopped",
}
_STATEMENT_GROUPS: Final = _REQUEST_GROUPS | {"planned": "intended", "not_given": "not-taken"}
_COURSE: Final = {"acute": "acute", "repeat": "continuous", "discontinued": "continuous"}
_CATEGORY: Final = {"acute": "acute", "repeat": "repeat", "discontinued": "repeat"}


def medicine(item: Item, patient: str) -> Resource:
    """The resource of ``item``."""
    if item.unit.get("intent") in _INTENTS:
        return _request(item, patient)
    return statement(item, patient)


def _request(item: Item, patient: str) -> Resource:
    unit, fields = item.unit, item.fields
    kind, repeats = _COURSE.get(str(unit.get("statementType"))), fields.get("repeats")
    course = TERMINOLOGY + "medicationrequest-course-of-therapy"
    return {
        "resourceType": "MedicationRequest",
        **_drug(unit, []),
        **status(unit.get("status"), _REQUEST, _REQUEST_GROUPS.get(str(unit.get("group")))),
        "intent": unit.get("intent"),
        **plain(doNotPerform=unit.get("doNotPerform")),
        "subject": reference(patient),
        **moment("authoredOn", fields.get("start")),
        **plain(
            requester=organisation_code(fields.get("prescriberOds")),
            reasonCode=[found] if (found := words(fields.get("reason"))) else None,
            courseOfTherapyType={"coding": [{"system": course, "code": kind}]} if kind else None,
            dosageInstruction=_dosage(unit),
            dispenseRequest=plain(numberOfRepeatsAllowed=repeats),
            statusReason=words(fields.get("stopReason")),
        ),
    }


def statement(item: Item, patient: str) -> Resource:
    """R4 says "do not give" of a statement by its status alone, so that outranks the source's."""
    unit, fields = item.unit, item.fields
    group = "not_given" if unit.get("doNotPerform") is True else str(unit.get("group"))
    known = frozenset({"not-taken"}) if group == "not_given" else _STATEMENT
    others = [
        extension(name, valueString=str(value))
        for name, value in (
            ("intent", unit.get("intent")),
            ("prescriber-ods", fields.get("prescriberOds")),
            ("repeats-allowed", fields.get("repeats")),
        )
        if value is not None
    ]
    start = moment("start", fields.get("start"))
    return {
        "resourceType": "MedicationStatement",
        **_drug(unit, others),
        **status(unit.get("status"), known, _STATEMENT_GROUPS.get(group)),
        **plain(
            statusReason=[found] if (found := words(fields.get("stopReason"))) else None,
            category=words(_CATEGORY.get(str(unit.get("statementType")))),
        ),
        "subject": reference(patient),
        **plain(
            effectivePeriod=start,
            reasonCode=[found] if (found := words(fields.get("reason"))) else None,
            dosage=_dosage(unit),
        ),
    }


def _drug(unit: Mapping[str, Json], extensions: list[Resource]) -> Resource:
    """Name, codes, form and last issue: a form needs a Medication of its own to stand in."""
    named = concept(unit.get("text"), unit.get("coding"))
    issued = unit.get("lastIssued")
    if issued is not None:
        when = moment("valueDateTime", issued, in_words="valueString")
        extensions.append({"url": f"{UK_CORE}MedicationStatementLastIssueDate", **when})
    if string(unit.get("form")) is None:
        return {**plain(extension=list(extensions)), "medicationCodeableConcept": named}
    drug: Resource = {
        "resourceType": "Medication",
        "id": "medication",
        "code": named,
        "form": words(unit.get("form")),
    }
    return {
        "contained": [drug],
        **plain(extension=list(extensions)),
        "medicationReference": reference("#medication"),
    }


def _dosage(unit: Mapping[str, Json]) -> list[Json]:
    found = plain(text=string(unit.get("dose")), route=words(unit.get("route")))
    return [found] if found else []
