"""Devices, contacts, needs, advance care plans and proxies as the resources that hold them.

A plan and a proxy's authority are told as a Consent; the record is never the original form
(clinical.md, AdvanceCarePlan). What is *not* here: the section's state (``sections``).
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
    named,
    plain,
    reference,
    status,
    string,
    words,
)

_DEVICE: Final = frozenset({"active", "completed", "intended", "stopped", "on-hold"})
_DEVICE_GROUPS: Final = {
    "current": "active",
    "on_hold": "on-hold",
    "planned": "intended",
    "past": "completed",
}
_FLAG: Final = frozenset({"active", "inactive"})
_CONSENT: Final = frozenset({"draft", "proposed", "active", "rejected", "inactive"})
_ROLES: Final = TERMINOLOGY + "v2-0131"
_SCOPE: Final = TERMINOLOGY + "consentscope"


def device(item: Item, patient: str) -> Resource:
    """A device in or on the person, with the statement that they use it."""
    unit, fields = item.unit, item.fields
    number, model = string(fields.get("udi")), string(fields.get("model"))
    thing: Resource = {
        "resourceType": "Device",
        "id": "device",
        "type": concept(unit.get("text"), unit.get("coding")),
        "patient": reference(patient),
        **plain(
            udiCarrier=[{"carrierHRF": number}] if number else None,
            lotNumber=string(fields.get("lot")),
            modelNumber=model,
            safety=[found] if (found := words(fields.get("mriNote"))) else None,
        ),
    }
    group = str(unit.get("group"))
    kept = [extension("group", valueCode="not-done")] if group == "not_done" else []
    return {
        "resourceType": "DeviceUseStatement",
        "contained": [thing],
        **plain(extension=list(kept)),
        **status(unit.get("status"), _DEVICE, _DEVICE_GROUPS.get(group)),
        "subject": reference(patient),
        **moment("timingDateTime", unit.get("date")),
        "device": reference("#device"),
    }


def contact(item: Item, patient: str) -> Resource:
    """Somebody to call."""
    unit, fields = item.unit, item.fields
    rank, phone = unit.get("rank"), string(fields.get("phone"))
    called = string(fields.get("role"))
    role: Resource = {"coding": [{"system": _ROLES, "display": called}]} if called else {}
    related = [_relationship(unit), role]
    return {
        "resourceType": "RelatedPerson",
        **plain(
            extension=[{"url": f"{UK_CORE}ContactRank", "valuePositiveInt": rank}] if rank else None
        ),
        "patient": reference(patient),
        **_name(unit),
        **plain(
            relationship=[found for found in related if found],
            telecom=[{"system": "phone", "value": phone}] if phone else None,
        ),
    }


def need(item: Item, patient: str) -> Resource:
    """A reasonable adjustment."""
    unit, fields = item.unit, item.fields
    category = words(unit.get("category"))
    others = [
        extension(name, valueString=str(fields[member]))
        for name, member in (("notes", "notes"), ("interpreter-language", "interpreterLanguage"))
        if fields.get(member)
    ]
    return {
        "resourceType": "Flag",
        **plain(extension=list(others)),
        **status(unit.get("status"), _FLAG, None),
        **plain(category=[category] if category else None),
        "code": concept(unit.get("text"), unit.get("coding")),
        "subject": reference(patient),
        **plain(period=_period(unit)),
    }


def plan(item: Item, patient: str) -> Resource:
    """An advance care plan: kind, dates, where the original is, and its words."""
    unit, fields = item.unit, item.fields
    values = {
        "kind": unit.get("kind"),
        "priorities": fields.get("priorities"),
        "lpa-holder": fields.get("lpaHolder"),
    }
    review = moment("end", unit.get("review"))
    rule = _rule(string(unit.get("recommendation")))
    original = named(unit.get("original"))
    return {
        **_consent("adr", values, patient),
        **status(unit.get("status"), _CONSENT, None),
        "category": [concept(unit.get("text"), unit.get("coding"))],
        **moment("dateTime", unit.get("signed")),
        **plain(sourceReference=original, provision=plain(**rule, period=review)),
    }


def proxy(item: Item, patient: str) -> Resource:
    """Somebody who may act for the person, and on what ground."""
    unit = item.unit
    person: Resource = {
        "resourceType": "RelatedPerson",
        "id": "person",
        "patient": reference(patient),
        **_name(unit),
        **plain(relationship=[found] if (found := _relationship(unit)) else None),
    }
    actor: Resource = {
        "role": {"coding": [{"system": TERMINOLOGY + "v3-RoleClass", "code": "PROXY"}]},
        "reference": reference("#person"),
    }
    values: Mapping[str, Json] = {
        "proxy-scope": unit.get("scope"),
        "legal-basis": unit.get("legalBasis"),
    }
    return {
        **_consent("patient-privacy", values, patient),
        "contained": [person],
        **status(unit.get("status"), _CONSENT, None),
        "category": [words(unit.get("legalBasis")) or words("Authority to act for the person")],
        "provision": {**plain(period=_period(unit)), "actor": [actor]},
    }


def _name(unit: Mapping[str, Json]) -> Resource:
    text = string(unit.get("text"))
    return {"name": [{"text": text}]} if text else {}


def _rule(recommendation: str | None) -> Resource:
    """A recommendation as a provision; permit and deny stay what they are."""
    if recommendation is None:
        return {}
    kind, _, rest = recommendation.partition(": ")
    if kind in {"permit", "deny"} and rest and ";" not in rest:
        return {"type": kind, "code": [words(rest)]}
    return {"code": [words(recommendation)]}


def _relationship(unit: Mapping[str, Json]) -> Resource:
    value = unit.get("relationship")
    if isinstance(value, Mapping):
        return concept(value.get("text"), value.get("coding"))
    return concept(value, unit.get("coding"))


def _consent(scope: str, values: Mapping[str, Json], patient: str) -> Resource:
    """What every Consent says; invariant ppc-1 asks for a policy rule."""
    kept = [extension(name, valueString=str(value)) for name, value in values.items() if value]
    return {
        "resourceType": "Consent",
        **plain(extension=list(kept)),
        "scope": {"coding": [{"system": _SCOPE, "code": scope}]},
        "patient": reference(patient),
        "policyRule": words("As the source has it: this record is not the original form"),
    }


def _period(unit: Mapping[str, Json]) -> Resource:
    return {**moment("start", unit.get("start")), **moment("end", unit.get("end"))}
