"""STU3 as R4: the table says what the readers, which know both, say without it."""

from __future__ import annotations

import json

import pytest
from fhir_examples import NOW, SOURCE
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_inputs import shared
from structured_record import GpSystem, allergy, ended, problem, result, vaccination

from healthpassport.encoding import dump_json, parse_source_json
from healthpassport.errors import SourceError
from healthpassport.summary import to_payload
from issuer.fhir import extract
from issuer.fhir.source import MAX_SOURCE_BYTES, MAX_SOURCE_DEPTH
from issuer.fhir.stu3 import NOT_UNDERSTOOD, converted
from issuer.records import build

TOLD = ("patients", "state", "sections", "narrative", "warnings")


def r4(data):
    value, _ = parse_source_json(data, max_bytes=MAX_SOURCE_BYTES, max_depth=MAX_SOURCE_DEPTH)
    return dump_json(converted(value))


def agree(data):
    """The reports before and after, which must say the same; what was refused is nothing."""
    before, after = extract(data), extract(r4(data))
    one, other = told(before), told(after)
    assert {name: one[name] for name in TOLD} == {name: other[name] for name in TOLD}
    assert [e for e in after.entries if after.is_refused(e)] == [
        after.entries[place]
        for place, entry in enumerate(before.entries)
        if before.is_refused(entry)
    ]
    return before, after


def told(extraction):
    """The report; R4 says by its status alone that a medicine is not taken, STU3 besides."""
    report = extraction.report()
    for item in report["sections"]["medications"].get("not_given", []):
        item["status"] = "not-taken"
    for item in report["sections"]["immunisations"].get("not_given", []):
        item["status"] = "not-done"
    return report


def payloads(extraction):
    """The records; where R4 knows a member no longer that says nothing, it is not compared."""
    made = [to_payload(one) for one in build(extraction, source=SOURCE, now=NOW).records]
    return json.loads(json.dumps(made).replace(', "notGiven": false', ""))


def bundled(*resources):
    system = GpSystem()
    rows = [system.patient, *resources]
    return json.dumps(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": one} for one in rows],
        }
    ).encode()


def test_a_whole_record_says_the_same_in_both():
    areas = GpSystem().areas.values()
    resources = [one for area in areas for one in area]
    before, after = agree(bundled(*resources, ended(allergy("a9"))))
    assert payloads(before) == payloads(after)
    assert len(before.entries) >= 7


WORDS = st.sampled_from(
    (
        *("active", "resolved", "inactive", "completed", "entered-in-error", "unconfirmed"),
        *("refuted", "on-hold", "stopped", "unknown", "ACTIVE", " active ", "nonsense"),
    )
)
DAYS = st.sampled_from(["2020", "2020-02", "2020-02-03", "2020-02-03T10:00:00Z", "12-May-2020"])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_stu3_says_is_said_in_r4(data):
    def some(**members):
        names = data.draw(st.sets(st.sampled_from(sorted(members))))
        return {name: data.draw(members[name]) for name in sorted(names)}

    made = [
        allergy() | some(clinicalStatus=WORDS, verificationStatus=WORDS, assertedDate=DAYS),
        problem() | some(clinicalStatus=WORDS, verificationStatus=WORDS, assertedDate=DAYS),
        vaccination() | some(status=WORDS, notGiven=st.booleans(), date=DAYS),
        result() | some(status=WORDS, interpretation=st.just({"text": "High"})),
    ]
    drug = GpSystem().areas["includeMedication"]
    drug[0] |= some(status=WORDS, taken=st.sampled_from(["y", "n", "unk", "na"]))
    agree(bundled(*made, *drug))


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}),
    st.just([7]), st.just({"a": 1}), st.just(["x"]),
)  # fmt: skip
MEMBERS = (
    *("clinicalStatus", "verificationStatus", "assertedDate", "recordedDate", "notGiven", "taken"),
    *("explanation", "vaccinationProtocol", "practitioner", "related", "comment", "dosage"),
    *("requester", "context", "interpretation", "component", "performer", "contained", "notDone"),
    *("status", "date", "modifierExtension", "note"),
)
KINDS = (
    *("AllergyIntolerance", "Condition", "MedicationStatement", "MedicationRequest"),
    *("Immunization", "Procedure", "Observation", "Device", "DeviceUseStatement", "List"),
)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    members=st.dictionaries(st.sampled_from(MEMBERS), ODD, max_size=5),
)
def test_no_shape_whatever_breaks_it_or_makes_an_entry_vanish(kind, members):
    resource = {"resourceType": kind, "id": "x", "patient": {"reference": "Patient/p"}} | members
    data = bundled(resource)
    before, after = extract(data), extract(r4(data))
    assert len(before.entries) == len(after.entries)


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("AllergyIntolerance", {"clinicalStatus": 7}),
        ("AllergyIntolerance", {"verificationStatus": ["confirmed"]}),
        ("AllergyIntolerance", {"assertedDate": "2020", "recordedDate": "2021"}),
        ("MedicationStatement", {"taken": "perhaps"}),
        ("MedicationStatement", {"taken": True}),
        ("MedicationStatement", {"dosage": ["one daily"]}),
        ("Immunization", {"notGiven": "false"}),
        ("Immunization", {"vaccinationProtocol": "2"}),
        ("Procedure", {"notDone": 1}),
        ("Observation", {"related": "x"}),
        ("Observation", {"comment": {"text": "x"}}),
    ],
)
def test_a_shape_that_stu3_does_not_have_is_marked_and_never_told(kind, members):
    resource = {"resourceType": kind, "id": "x"} | members
    changed = converted(resource)
    assert {n: v for n, v in changed.items() if n != "modifierExtension"} == resource
    assert [mark["url"] for mark in changed["modifierExtension"]] == [NOT_UNDERSTOOD]


def test_r4_stays_as_it_is():
    resource = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "recordedDate": "2020",
        "reaction": [{"severity": "severe"}],
    }
    assert converted(resource) == resource
    assert converted({"resourceType": "Basic", "date": "2020"}) == {
        "resourceType": "Basic",
        "date": "2020",
    }


@pytest.mark.shared
def test_published_records_of_gp_systems_say_the_same_in_both():
    folders = ("nhs-gpconnect-structured-stu3", "nhs-gpconnect-stu3-specs", "nhs-careconnect-stu3")
    compared = entries = 0
    for file in sorted(one for name in folders for one in shared("fhir", name).glob("*.json")):
        data = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
        try:
            before = extract(data)
        except SourceError:
            continue
        entries += len(before.entries)
        if len(data) < 300_000:  # the large ones say the same, and take their time
            agree(data)
            compared += 1
    assert compared > 80
    assert entries > 1_000
