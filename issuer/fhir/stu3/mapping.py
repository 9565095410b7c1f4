"""The reviewed table from STU3 to R4, by resource type (HL7 FHIR R4, "R3 Conversions").

Each row says where R4 puts what STU3 says. A type without a row is the same in both as far as
``issuer.fhir`` reads it. Reviewed against STU3 (3.0.2) and R4 (4.0.1) as published, and held by a
test against the readers, which know both. What is *not* here: applying it (``conversion``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json

from .rules import (
    EVERY_STATUS_IN_ERROR,
    Members,
    NotMapped,
    Rule,
    code_to_concept,
    denied,
    drop,
    each,
    lift,
    rename,
    to_list,
)

TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
_ALLERGY: Final = frozenset({"active", "inactive", "resolved"})
_ALLERGY_VERIFIED: Final = frozenset({"unconfirmed", "confirmed", "refuted", "entered-in-error"})
_CONDITION: Final = frozenset(
    {"active", "recurrence", "relapse", "inactive", "remission", "resolved"}
)
_CONDITION_VERIFIED: Final = frozenset(
    {"unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"}
)
_TAKEN: Final = frozenset({"y", "n", "unk", "na"})  # STU3 section 11.4.2.2
_RELATED: Final = {"has-member": "hasMember", "derived-from": "derivedFrom"}


def _taken(members: Members) -> None:
    """MedicationStatement.taken: "n" is R4's status not-taken, the others are told by status."""
    value = members.get("taken")
    if value is None:
        return
    if not isinstance(value, str) or value.strip().lower() not in _TAKEN:
        raise NotMapped("taken")
    del members["taken"]
    if value.strip().lower() == "n" and members.get("status") not in EVERY_STATUS_IN_ERROR:
        members["status"] = "not-taken"


def _requester(members: Members) -> None:
    """MedicationRequest.requester: the organisation on whose behalf, else the agent.

    A record tells the prescriber's ODS code and nothing else of them.
    """
    value = members.get("requester")
    if not isinstance(value, Mapping) or not value.keys() & {"agent", "onBehalfOf"}:
        return
    members["requester"] = value.get("onBehalfOf") or value.get("agent")


def _related(members: Members) -> None:
    """Observation.related: what it has as members, and what it is derived from, by name."""
    rows = members.get("related")
    if rows is None:
        return
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise NotMapped("related")
    kept: list[Json] = []
    for row in rows:
        kind = row.get("type") if isinstance(row, Mapping) else None
        name = _RELATED.get(kind) if isinstance(kind, str) else None
        if name is None or not isinstance(row, Mapping):
            kept.append(row)
            continue
        there = members.get(name)
        members[name] = [*(there if isinstance(there, list) else []), row.get("target")]
    del members["related"]
    if kept:
        members["related"] = kept


def _comment(members: Members) -> None:
    """Observation.comment is a note in R4."""
    value = members.pop("comment", None)
    if value is None:
        return
    if not isinstance(value, str):
        raise NotMapped("comment")
    there = members.get("note")
    members["note"] = [*(there if isinstance(there, list) else []), {"text": value}]


def _dosage(name: str) -> Rule:
    """Dosage: dose and rate stand together in R4; the words stay as they are."""

    def apply(dose: Members) -> None:
        parts = ("doseQuantity", "doseRange", "rateQuantity", "rateRange", "rateRatio")
        found: Members = {part: dose.pop(part) for part in parts if part in dose}
        if found:
            dose["doseAndRate"] = [found]

    return each(name, apply)


MAPPING: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType(
    {
        "AllergyIntolerance": (
            code_to_concept(
                "clinicalStatus", TERMINOLOGY + "allergyintolerance-clinical", _ALLERGY
            ),
            code_to_concept(
                "verificationStatus",
                TERMINOLOGY + "allergyintolerance-verification",
                _ALLERGY_VERIFIED,
            ),
            rename("assertedDate", "recordedDate"),
        ),
        "Condition": (
            code_to_concept("clinicalStatus", TERMINOLOGY + "condition-clinical", _CONDITION),
            code_to_concept(
                "verificationStatus", TERMINOLOGY + "condition-ver-status", _CONDITION_VERIFIED
            ),
            rename("assertedDate", "recordedDate"),
            rename("context", "encounter"),
        ),
        "MedicationStatement": (
            _taken,
            rename("reasonNotTaken", "statusReason"),
            _dosage("dosage"),
        ),
        "MedicationRequest": (
            _requester,
            rename("context", "encounter"),
            _dosage("dosageInstruction"),
        ),
        "Immunization": (
            denied("notGiven", "status", "not-done", but=EVERY_STATUS_IN_ERROR),
            rename("date", "occurrenceDateTime"),
            lift("explanation", "reason", "reasonCode"),
            lift("explanation", "reasonNotGiven", "statusReason"),
            drop("explanation"),
            each(
                "vaccinationProtocol",
                rename("doseSequence", "doseNumberPositiveInt"),
                rename("seriesDoses", "seriesDosesPositiveInt"),
            ),
            rename("vaccinationProtocol", "protocolApplied"),
            each("practitioner", rename("role", "function")),
            rename("practitioner", "performer"),
        ),
        "Procedure": (
            denied("notDone", "status", "not-done", but=EVERY_STATUS_IN_ERROR),
            rename("notDoneReason", "statusReason"),
            rename("context", "encounter"),
            each("performer", rename("role", "function")),
        ),
        "Observation": (
            _related,
            _comment,
            rename("context", "encounter"),
            to_list("interpretation"),
            each("component", to_list("interpretation")),
        ),
        "Device": (
            rename("model", "modelNumber"),
            to_list("udi"),
            rename("udi", "udiCarrier"),
        ),
        "DeviceUseStatement": (rename("whenUsed", "timingPeriod"),),
        "RelatedPerson": (to_list("relationship"),),
        "Flag": (to_list("category"),),
    }
)
