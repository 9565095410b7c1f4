"""A made-up patient as a GP system tells them over GP Connect (STU3), and that system."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from healthpassport.encoding import b64url_decode
from healthpassport.fetch import HttpRequest, HttpResponse

BASE = "https://proxy.example/https://gp.example/A12345/STU3/1"
AUDIENCE = "https://gp.example/A12345/STU3/1"
NUMBER = "9990000018"
WHO = {"reference": "Patient/p"}
SNOMED = "http://snomed.info/sct"
GPC = "https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-GPC-"
HEADINGS = {
    "includeAllergies": ("886921000000105", "Allergies and adverse reactions"),
    "includeMedication": ("933361000000108", "Medications and medical devices"),
    "includeProblems": ("717711000000103", "Problems"),
    "includeImmunisations": ("1102181000000102", "Immunisations"),
    "includeInvestigations": ("887191000000108", "Investigations and results"),
}


def of(kind, ident, **members):
    return {
        "resourceType": kind,
        "id": ident,
        "meta": {"profile": [f"{GPC}{kind}-1"]},
        **members,
    }


def coded(code, display):
    return {"coding": [{"system": SNOMED, "code": code, "display": display}]}


PATIENT = of(
    "Patient",
    "p",
    active=True,
    identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}],
    name=[{"use": "official", "family": "Example", "given": ["Given"]}],
    birthDate="1958-07-14",
)


def allergy(ident="a1", code=("91935009", "Allergy to peanut"), **members):
    made = {
        "clinicalStatus": "active",
        "verificationStatus": "unconfirmed",
        "category": ["environment"],
        "code": coded(*code),
        "patient": WHO,
        "assertedDate": "2016-05-03",
    }
    return of("AllergyIntolerance", ident, **(made | members))


def medicine():
    """One medicine in three: the statement, the plan that it is based on, and an issue."""
    name = of("Medication", "m1", code=coded("386872004", "Ramipril"))
    drug = {"medicationReference": {"reference": "Medication/m1"}, "subject": WHO}
    dose = [{"text": "One daily", "doseQuantity": {"value": 1}}]
    gp = {"onBehalfOf": {"reference": "Organization/o1"}, "agent": {"reference": "Practitioner/x"}}
    plan = of(
        "MedicationRequest",
        "plan",
        status="active",
        intent="plan",
        authoredOn="2020-01-01",
        dosageInstruction=dose,
        requester=gp,
        **drug,
    )
    issue = plan | {
        "id": "issue",
        "intent": "order",
        "basedOn": [{"reference": "MedicationRequest/plan"}],
    }
    told = of(
        "MedicationStatement",
        "s1",
        status="active",
        taken="unk",
        basedOn=[{"reference": "MedicationRequest/plan"}],
        effectivePeriod={"start": "2020-01-01"},
        dosage=dose,
        **drug,
    )
    ods = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "B23456"}
    return [told, plan, issue, name, of("Organization", "o1", identifier=[ods])]


def problem():
    return of(
        "Condition",
        "c1",
        clinicalStatus="active",
        code=coded("195967001", "Asthma"),
        subject=WHO,
        assertedDate="2010-02-03",
        onsetDateTime="2010-01-01",
    )


def vaccination(**members):
    made = {
        "status": "completed",
        "notGiven": False,
        "vaccineCode": coded("86198006", "Influenza vaccination"),
        "patient": WHO,
        "date": "2019-10-01",
        "explanation": {"reason": [{"text": "Routine"}]},
        "vaccinationProtocol": [{"doseSequence": 2}],
        "practitioner": [{"actor": {"display": "Nurse Example"}}],
    }
    return of("Immunization", "i1", **(made | members))


def result():
    return of(
        "Observation",
        "ob1",
        status="final",
        code=coded("1001371000000100", "Serum potassium"),
        subject=WHO,
        effectiveDateTime="2024-05-01",
        valueQuantity={"value": 4.1, "unit": "mmol/L"},
        interpretation={"text": "Normal"},
        comment="Fasting",
    )


def ended(*allergies):
    """GP Connect's List of ended allergies, which contains them."""
    inner = [one | {"clinicalStatus": "resolved"} for one in allergies]
    return of(
        "List",
        "ended",
        status="current",
        mode="snapshot",
        title="Ended allergies",
        code=coded("1103671000000101", "Ended allergies"),
        subject=WHO,
        contained=inner,
        entry=[{"item": {"reference": f"#{one['id']}"}} for one in inner],
    )


def heading(parameter, *resources, warning=None, note=None):
    """The List of an area; an empty one says that nothing was recorded."""
    code, title = HEADINGS[parameter]
    made = of(
        "List",
        parameter,
        status="current",
        mode="snapshot",
        title=title,
        code=coded(code, title),
        subject=WHO,
        date="2026-10-30T09:00:00+00:00",
    )
    if resources:
        rows = [f"{one['resourceType']}/{one['id']}" for one in resources]
        made["entry"] = [{"item": {"reference": row}} for row in rows]
    else:
        made["emptyReason"] = {
            "coding": [{"code": "no-content-recorded"}],
            "text": "No content recorded",
        }
        made["note"] = [{"text": "Information not available"}]
    if warning:
        url = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-ListWarningCode-1"
        made["extension"] = [{"url": url, "valueCode": warning}]
    return made | ({"note": [{"text": note}]} if note else {})


@dataclass
class GpSystem:
    """What it tells in each area; ``warnings`` by area, and the areas that it does not know."""

    areas: dict[str, list[Any]] = field(
        default_factory=lambda: {
            "includeAllergies": [allergy()],
            "includeMedication": medicine(),
            "includeProblems": [problem()],
            "includeImmunisations": [vaccination()],
            "includeInvestigations": [result()],
        }
    )
    patient: dict[str, Any] = field(default_factory=lambda: dict(PATIENT))
    warnings: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    resolved: list[Any] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    calls: list[HttpRequest] = field(default_factory=list)
    bend: Any = None  # (status, body) -> the same two

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.calls.append(request)
        status, body = self._answer(json.loads(request.body or b"{}"))
        if self.bend is not None:
            status, body = self.bend(status, body)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HttpResponse(status, {"content-type": "application/json+fhir; charset=utf-8"}, raw)

    def token(self):
        """The claims of the last token."""
        text = self.calls[-1].headers["authorization"].removeprefix("Bearer ")
        head, claims, signature = text.split(".")
        return json.loads(b64url_decode(head)), json.loads(b64url_decode(claims)), signature

    def _answer(self, asked: Any) -> tuple[int, Any]:
        rows = {row["name"]: row for row in asked["parameter"]}
        if rows["patientNHSNumber"]["valueIdentifier"]["value"] != NUMBER:
            return 404, spine("not-found", "PATIENT_NOT_FOUND")
        found = [self.patient]
        for name in rows.keys() & HEADINGS.keys():
            if name in self.unknown:
                continue
            told = self.areas[name]
            first = [told[0]] if name == "includeMedication" and told else told
            found += [
                *told,
                heading(name, *first, warning=self.warnings.get(name), note=self.notes.get(name)),
            ]
        if self.resolved:
            found.append(ended(*self.resolved))
        if self.unknown:
            issues = [
                spine("not-supported", "NOT_IMPLEMENTED", "warning", n)["issue"][0]
                for n in self.unknown
            ]
            found.append({"resourceType": "OperationOutcome", "issue": issues})
        return 200, {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": one} for one in found],
        }


def spine(code, detail, severity="error", about="Mr Secret Patient"):
    """A refusal as GP Connect has it."""
    coding = {
        "system": "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1",
        "code": detail,
    }
    issue = {
        "severity": severity,
        "code": code,
        "details": {"coding": [coding]},
        "diagnostics": about,
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}
