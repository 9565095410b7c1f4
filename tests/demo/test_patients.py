"""The made-up patients: every shape of record that is read, with NHS numbers that nobody has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthpassport.summary import Source
from issuer.fhir import extract
from issuer.fhir.patients import is_valid_nhs_number
from issuer.records import build

PATIENTS = Path(__file__).resolve().parents[2] / "demo" / "patients"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def read(name):
    return json.loads((PATIENTS / f"{name}.json").read_text(encoding="utf-8"))


def resources(name, kind):
    held = (entry["resource"] for entry in read(name)["entry"])
    return [resource for resource in held if resource["resourceType"] == kind]


def ukcore_r4(name):
    text = json.dumps(read(name))
    assert "StructureDefinition/Extension-UKCore" in text
    assert all(isinstance(a["clinicalStatus"], dict) for a in resources(name, "AllergyIntolerance"))
    plumbing = extract((PATIENTS / f"{name}.json").read_bytes()).section("medication_plumbing")
    assert plumbing  # medicines in threes


def gp_connect_stu3(name):
    assert "StructureDefinition/Extension-CareConnect" in json.dumps(read(name))
    assert all(isinstance(a["clinicalStatus"], str) for a in resources(name, "AllergyIntolerance"))
    assert {row["title"] for row in resources(name, "List")} >= {"Ended allergies"}


def scr_narrative(name):
    (composition,) = resources(name, "Composition")
    assert not resources(name, "AllergyIntolerance")
    assert any("<table" in s.get("text", {}).get("div", "") for s in composition["section"])
    found = extract((PATIENTS / f"{name}.json").read_bytes())
    assert found.state("allergies").value == "narrative_only"


def international_summary(name):
    (composition,) = resources(name, "Composition")
    assert composition["type"]["coding"][0]["code"] == "60591-5"
    found = extract((PATIENTS / f"{name}.json").read_bytes())
    assert found.state("allergies").value == "none_known"


def discharge(name):
    (composition,) = resources(name, "Composition")
    assert composition["type"]["coding"][0]["code"] == "373942005"
    assert resources(name, "Encounter")
    states = {m["status"] for m in resources(name, "MedicationStatement")}
    assert states >= {"active", "on-hold", "stopped"}


SHAPES = {
    "rowan-ashdown": ukcore_r4,
    "priya-marlowe": gp_connect_stu3,
    "agnes-quillfeather": scr_narrative,
    "tobias-fenwick-obi": international_summary,
    "marged-penhallow": discharge,
}


def test_every_made_up_patient_stands_for_a_shape():
    assert sorted(SHAPES) == sorted(path.stem for path in PATIENTS.glob("*.json"))


@pytest.mark.parametrize("name", SHAPES)
def test_a_made_up_patient_has_the_shape(name):
    SHAPES[name](name)


@pytest.mark.parametrize("name", SHAPES)
def test_a_made_up_patient_gives_records_with_a_valid_number_that_nobody_has(name):
    summary = build(
        extract((PATIENTS / f"{name}.json").read_bytes()),
        source=Source("A99999", "Example Surgery", "demo"),
        now=NOW,
    )
    number = summary.records[0].subject["nhsNumber"]["value"]
    assert number.startswith("999")
    assert is_valid_nhs_number(number)
    assert summary.record("EmergencySummary") is not None


def test_no_two_made_up_patients_share_a_number_or_a_name():
    people = [resources(name, "Patient")[0] for name in SHAPES]
    assert len({p["identifier"][0]["value"] for p in people}) == len(SHAPES)
    assert len({p["name"][0]["family"] for p in people}) == len(SHAPES)
