"""The sections beside the four that are issued: what belongs to which, and its bucket."""

from __future__ import annotations

import pytest
from fhir_examples import IPS, WHO, concept, record_of, status

from issuer.fhir import extract

LOINC = "http://loinc.org"


def sections(*resources):
    report = extract(record_of(*resources)).report()["sections"]
    return {name: {b: len(i) for b, i in found.items()} for name, found in report.items() if found}


def procedure(state, code=None, **members):
    named = code or concept("80146002", "Appendicectomy")
    return {
        "resourceType": "Procedure",
        "status": state,
        "code": named,
        "subject": WHO,
        **members,
    }


@pytest.mark.parametrize(
    ("resource", "bucket"),
    [
        (procedure("entered-in-error"), "in_error"),
        (procedure("not-done"), "not_given"),
        (procedure("aborted"), "not_given"),
        (procedure("suspended"), "not_given"),
        (procedure("completed", notDone=True), "not_given"),
        (procedure("completed", concept("no-known-procedures", system=IPS)), "negated"),
        (procedure("completed", concept("no-procedure-info", system=IPS)), "absent_info"),
        (procedure("completed"), "active"),
        (procedure("preparation"), "planned"),
        (procedure("in-progress"), "unknown_status"),
        (procedure(None), "unknown_status"),
    ],
)
def test_a_procedure_falls_into_its_bucket(resource, bucket):
    assert sections(resource) == {"procedures": {bucket: 1}}


HIP = {"resourceType": "Device", "id": "d", "type": concept("67270000", "Hip prosthesis")}


def test_authoring_software_is_no_device_of_the_person():
    assert sections(HIP) == {}


def test_a_device_that_names_its_patient_is_one():
    assert sections(HIP | {"patient": WHO, "status": "active"}) == {"devices": {"active": 1}}


def test_a_device_in_use_is_told_once_and_by_its_type():
    use = {
        "resourceType": "DeviceUseStatement",
        "status": "active",
        "subject": WHO,
        "device": {"reference": "Device/d"},
    }
    found = extract(record_of(use, HIP | {"patient": WHO})).section("devices")
    assert [entry.concept.name for entry in found] == ["Hip prosthesis"]


def observation(code, state="final", category=None, **members):
    found = {"resourceType": "Observation", "status": state, "code": code, "subject": WHO}
    if category:
        found["category"] = [status(category)]
    return found | members


CREATININE = concept("2160-0", "Creatinine", system=LOINC)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (observation(CREATININE, category="laboratory"), {"results": {"active": 1}}),
        (observation(CREATININE, "preliminary", "laboratory"), {"results": {"unknown_status": 1}}),
        (observation(CREATININE, "cancelled", "laboratory"), {"results": {"inactive": 1}}),
        (observation(CREATININE, "entered-in-error", "laboratory"), {"results": {"in_error": 1}}),
        (observation(CREATININE), {}),
        (observation(CREATININE, category="vital-signs"), {}),
        (observation(concept("882-1", system=LOINC)), {"blood_group": {"active": 1}}),
        (observation({"text": "ABO group"}, category="laboratory"), {"blood_group": {"active": 1}}),
        (observation(concept("82810-3", system=LOINC)), {"pregnancy": {"active": 1}}),
    ],
)
def test_an_observation_belongs_to_one_section_or_to_none(resource, expected):
    assert sections(resource) == expected


def test_a_result_that_a_report_names_needs_no_category():
    report = {"resourceType": "DiagnosticReport", "result": [{"reference": "Observation/o"}]}
    assert sections(report, observation(CREATININE, id="o")) == {"results": {"active": 1}}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"valueQuantity": {"comparator": "<", "value": 5, "unit": "mmol/L"}}, "< 5 mmol/L"),
        ({"valueQuantity": {"value": 5.5, "code": "mmol/L"}}, "5.5 mmol/L"),
        ({"valueCodeableConcept": {"text": "A Rh D positive"}}, "A Rh D positive"),
        ({"valueBoolean": False}, "no"),
        ({"valueString": "see note"}, "see note"),
        ({"dataAbsentReason": {"text": "not performed"}}, "not performed"),
        ({}, None),
    ],
)
def test_a_value_keeps_its_comparator_and_unit(members, words):
    found = extract(record_of(observation(CREATININE, category="laboratory", **members)))
    assert found.section("results")[0].value == words


def flagged(code, category=None, state="active", **members):
    found = {"resourceType": "Flag", "status": state, "code": code, "subject": WHO}
    if category:
        found["category"] = [category]
    return found | members


ADJUSTMENT = concept("national-reasonable-adjustment-flag", system="urn:x")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (flagged({"text": "Big dog"}), {"alerts": {"active": 1}}),
        (flagged({"text": "Big dog"}, state="inactive"), {"alerts": {"inactive": 1}}),
        (flagged({"text": "Large print"}, ADJUSTMENT), {"reasonable_adjustments": {"active": 1}}),
        (flagged(ADJUSTMENT), {"reasonable_adjustments": {"active": 1}}),
        (flagged({"text": "x"}, concept("SG", system="urn:x")), {"safeguarding": {"active": 1}}),
        (flagged(concept("female-genital-mutilation-flag")), {"safeguarding": {"active": 1}}),
        (flagged({"text": "Subject to child protection plan"}, ADJUSTMENT),
         {"safeguarding": {"active": 1}}),
        (flagged({"text": "FGM"}, state="entered-in-error"), {"safeguarding": {"in_error": 1}}),
    ],
)  # fmt: skip
def test_flags_are_told_apart_and_safeguarding_first(resource, expected):
    assert sections(resource) == expected


def test_contacts_stand_in_the_patient_or_beside_it():
    related = {
        "resourceType": "RelatedPerson",
        "patient": WHO,
        "relationship": [{"text": "Sister"}],
        "name": [{"given": ["A"], "family": "B"}],
    }
    assert sections(related) == {"contacts": {"active": 1}}
    assert extract(record_of(related)).section("contacts")[0].concept.name == "A B"


@pytest.mark.parametrize(
    ("category", "expected"),
    [("dnr", {"advance_care": {"active": 1}}), ("npp", {})],
)
def test_only_a_directive_is_advance_care(category, expected):
    consent = {"resourceType": "Consent", "status": "active", "patient": WHO}
    assert sections(consent | {"category": [status(category)]}) == expected


def test_a_flag_about_a_scene_is_no_reason_to_refuse_the_person():
    scene = {"resourceType": "Location", "id": "l"}
    flag = flagged({"text": "Scene safe"}, subject={"reference": "Location/l"})
    found = extract(record_of(scene, flag))
    assert not found.strangers
    assert found.defects.counts["subject_not_a_patient"] == 1
