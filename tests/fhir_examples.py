"""Small made-up FHIR for tests: one patient, a bundle around resources, concepts by hand."""

from __future__ import annotations

import datetime as dt
import json

from healthpassport.summary import Source

SNOMED = "http://snomed.info/sct"
IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SOURCE = Source("A12345", "Example Surgery", "test")
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
    "name": [{"family": "Example", "given": ["Given"]}],
    "birthDate": "1958-07-14",
}
_STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
_CODED = {"coding": [{"code": "02"}]}
UNTRACED = PATIENT | {
    "identifier": [
        one | {"extension": [{"url": _STATUS, "valueCodeableConcept": _CODED}]}
        for one in PATIENT["identifier"]
    ]
}
WHO = {"reference": "Patient/p"}


def concept(code, display=None, system=SNOMED, text=None):
    coding = {"system": system, "code": code, "display": display}
    found = {"coding": [{k: v for k, v in coding.items() if v is not None}]}
    return found | ({"text": text} if text else {})


def status(code):
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": code}]}


PEANUT = concept("91935009", "Allergy to peanut")
RAMIPRIL = concept("386872004", "Ramipril")
ASTHMA = concept("195967001", "Asthma")
FLU = concept("86198006", "Administration of influenza vaccine")


def allergy(code=PEANUT, clinical="active", **members):
    found = {"resourceType": "AllergyIntolerance", "code": code, "patient": WHO}
    if clinical is not None:
        found["clinicalStatus"] = status(clinical)
    return found | members


def medicine(code=RAMIPRIL, state="active", kind="MedicationStatement", **members):
    found = {"resourceType": kind, "medicationCodeableConcept": code, "subject": WHO}
    return found | ({"status": state} if state else {}) | members


def problem(code=ASTHMA, clinical="active", **members):
    found = {"resourceType": "Condition", "code": code, "subject": WHO}
    return found | ({"clinicalStatus": status(clinical)} if clinical else {}) | members


def vaccination(code=FLU, state="completed", **members):
    found = {"resourceType": "Immunization", "vaccineCode": code, "patient": WHO}
    return found | ({"status": state} if state else {}) | members


def listed(title, *items, code=None, **members):
    found = {"resourceType": "List", "status": "current", "title": title, "subject": WHO}
    if code:
        found["code"] = concept(code)
    if items:
        found["entry"] = [{"item": {"reference": item}} for item in items]
    return found | members


def bundle(*resources, kind="collection", **members):
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries, **members}


def data(value):
    return json.dumps(value).encode()


def record_of(*resources, **members):
    return data(bundle(PATIENT, *resources, **members))
