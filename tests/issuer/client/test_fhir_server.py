"""A record system's FHIR R4 server is read whole, in each of three ways, and people are found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fhir_examples import ASTHMA, PATIENT, allergy, bundle, listed, medicine, problem
from record_system import (
    BASE,
    MANY,
    NOW,
    SERVED,
    Clock,
    RecordSystem,
    numbered,
    outcome,
    served,
    wrong,
)

from healthpassport.summary import SectionState
from issuer.client import Person
from issuer.client.fhir_server import Way
from issuer.client.limits import Limits
from issuer.fhir import extract

NUMBER = "9990000018"


@pytest.mark.parametrize("way", [Way.SEARCH, Way.EVERYTHING])
@pytest.mark.parametrize("page", [1, 2, 3, 7, 50])
def test_every_page_is_read(way, page):
    system = RecordSystem(numbered(*MANY, problem(ASTHMA)), page=page)
    read = extract(served(system, way=way).read("p"))
    names = {entry.concept.name for entry in read.section("allergies")}
    assert names == {f"Allergy {number}" for number in range(7)}
    assert [entry.concept.name for entry in read.section("problems")] == ["Asthma"]
    assert not read.strangers
    assert not read.defects.counts


def test_it_is_as_of_the_moment_of_reading():
    found = json.loads(served(RecordSystem()).read("p"))
    assert (found["type"], found["timestamp"]) == ("collection", NOW.isoformat())


def test_numbers_and_names_stand_in_no_address():
    system = RecordSystem(numbered(*MANY))
    server = served(system)
    server.find(Person(NUMBER))
    server.find(Person(family_name="Example", birth_date="1958-07-14"))
    for call in system.calls:
        assert not any(word in call.url for word in (NUMBER, "Example", "1958"))


def test_only_patients_of_whom_all_holds_are_found():
    other = PATIENT | {"id": "q", "name": [{"family": "Examples", "given": ["Given"]}]}
    gone = PATIENT | {"id": "r", "link": [{"type": "replaced-by", "other": {"reference": "x"}}]}
    hidden = PATIENT | {"id": "s", "meta": {"security": [{"code": "S"}]}}
    server = served(RecordSystem([PATIENT, other, gone, hidden]))
    assert [
        one.name for one in server.find(Person(family_name="example", birth_date="1958-07-14"))
    ] == ["p"]
    assert [one.name for one in server.find(Person(NUMBER))] == ["p", "q"]
    assert [one.name for one in server.find(Person(NUMBER, family_name="Example"))] == ["p"]


def test_a_server_that_finds_too_many_is_told_so():
    people = [PATIENT | {"id": f"p{number}"} for number in range(25)]
    with wrong("source.too_many"):
        served(RecordSystem(people, page=50)).find(Person(NUMBER))


@pytest.mark.parametrize("name", ["", "../p", "p/$everything", "p?x", "x" * 65, "p\n", "é"])
def test_what_is_no_id_is_not_asked_for(name):
    system = RecordSystem()
    with wrong("source.name"):
        served(system).read(name)
    assert not system.calls


@pytest.mark.parametrize(
    "patient",
    [
        {"link": [{"type": "replaced-by", "other": {"reference": "Patient/q"}}]},
        {"meta": {"security": [{"code": "S"}]}},
        {"id": "somebody-else"},
    ],
)
def test_a_patient_who_is_no_longer_there_is_not_read(patient):
    with wrong("source.unknown"):
        served(RecordSystem([PATIENT | patient])).read("p")


def test_what_a_medicine_is_called_is_fetched_by_its_id():
    made_of = {"resourceType": "Medication", "id": "m", "code": {"text": "Ramipril 5 mg"}}
    asked = medicine(code=None, medicationReference={"reference": "Medication/m"})
    del asked["medicationCodeableConcept"]
    system = RecordSystem(numbered(asked, made_of | {"id": "m"}))
    read = extract(served(system).read("p"))
    assert [entry.concept.name for entry in read.section("medications")] == ["Ramipril 5 mg"]
    assert system.asked("Medication") == [{"_id": ["m"], "_count": ["100"]}]


def test_a_reference_to_another_server_is_not_followed():
    asked = medicine(
        code=None, medicationReference={"reference": "https://evil.example/Medication/m"}
    )
    system = RecordSystem(numbered(asked))
    served(system).read("p")
    assert all(call.url.startswith(BASE + "/") for call in system.calls)


@pytest.mark.parametrize(
    "missing", ["AllergyIntolerance", "Condition", "Immunization", "Procedure"]
)
def test_a_section_that_the_server_cannot_give_is_never_empty(missing):
    left = tuple(kind for kind in SERVED if kind != missing)
    read = extract(served(RecordSystem(served=left)).read("p"))
    sections = {
        "AllergyIntolerance": "allergies",
        "Condition": "problems",
        "Immunization": "immunisations",
        "Procedure": "procedures",
    }
    for kind, section in sections.items():
        state = SectionState.NO_INFORMATION if kind == missing else SectionState.NOT_RECORDED
        assert read.state(section) is state


def test_types_that_are_left_out_by_a_setting_are_told_as_missing():
    system = RecordSystem()
    read = extract(served(system, without=["Observation"]).read("p"))
    assert system.asked("Observation") == []
    assert read.state("results") is SectionState.NO_INFORMATION


def test_a_list_of_the_past_is_not_asked_for():
    nil = {"emptyReason": {"coding": [{"code": "nilknown"}]}}
    old = listed("Allergies", code="886921000000105", **nil) | {"status": "retired"}
    assert extract(served(RecordSystem(numbered(old))).read("p")).state("allergies") is (
        SectionState.NOT_RECORDED
    )
    now = old | {"status": "current"}
    assert extract(served(RecordSystem(numbered(now))).read("p")).state("allergies") is (
        SectionState.NONE_KNOWN
    )


def held_back(kind):
    """A bend under which a search of ``kind`` says that something is held back."""

    def bend(request, status, headers, body):
        if request.url == f"{BASE}/{kind}/_search":
            body["entry"].append(
                {"resource": outcome("suppressed", "warning"), "search": {"mode": "outcome"}}
            )
        return status, headers, body

    return bend


def test_what_a_server_holds_back_is_withheld_and_never_none():
    system = RecordSystem(bend=held_back("AllergyIntolerance"))
    assert extract(served(system).read("p")).state("allergies") is SectionState.WITHHELD
    nothing = allergy({"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]})
    system = RecordSystem(numbered(nothing), bend=held_back("AllergyIntolerance"))
    assert extract(served(system).read("p")).state("allergies") is SectionState.WITHHELD
    system = RecordSystem(numbered(allergy()), bend=held_back("AllergyIntolerance"))
    read = extract(served(system).read("p"))
    assert read.state("allergies") is SectionState.ITEMS
    assert any(s.section == "allergies" and s.missing for s in read.statements)


def test_the_way_is_the_first_that_the_server_says_it_can():
    document = bundle(PATIENT, allergy(), kind="document")
    for operations, expected in (
        ((), "/_search"),
        (("everything",), "$everything"),
        (("everything", "summary"), "$summary"),
    ):
        system = RecordSystem(operations=operations, summary=document)
        served(system, way=Way.AUTO).read("p")
        assert any(expected in call.url for call in system.calls[2:])


def test_a_summary_goes_through_as_it_is():
    document = bundle(PATIENT | {"id": "another-id"}, allergy(), kind="document")
    system = RecordSystem(summary=document)
    assert json.loads(served(system, way=Way.SUMMARY).read("p")) == document


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (bundle(PATIENT | {"birthDate": "1960-01-01"}, kind="document"), "source.other_patient"),
        (bundle(PATIENT | {"identifier": []}, kind="document"), None),
        (bundle(PATIENT | {"identifier": [], "name": []}, kind="document"), "source.other_patient"),
        (bundle(allergy(), kind="document"), "source.other_patient"),
        (bundle(PATIENT, kind="collection"), "source.answer"),
        (PATIENT, "source.answer"),
        (
            bundle(PATIENT, kind="document", link=[{"relation": "next", "url": "x"}]),
            "source.incomplete",
        ),
    ],
)
def test_a_summary_of_somebody_else_or_in_parts_is_refused(document, code):
    server = served(RecordSystem(summary=document), way=Way.SUMMARY)
    if code is None:
        server.read("p")
        return
    with wrong(code):
        server.read("p")


def test_what_the_server_can_is_asked_once_an_hour():
    system, clock = RecordSystem(), Clock()
    server = served(system, clock=clock)
    server.read("p")
    server.read("p")
    assert sum(call.url.endswith("/metadata") for call in system.calls) == 1
    clock.present = NOW.replace(hour=14)
    server.read("p")
    assert sum(call.url.endswith("/metadata") for call in system.calls) == 2


@pytest.mark.parametrize("version", ["3.0.1", "5.0.0", None])
def test_another_fhir_is_refused(version):
    def bend(request, status, headers, body):
        if request.url.endswith("/metadata"):
            body["fhirVersion"] = version
        return status, headers, body

    with wrong("source.version"):
        served(RecordSystem(bend=bend)).read("p")


def test_limits_end_a_reading_whole():
    system = RecordSystem(numbered(*MANY), page=1)
    for changes in ({"answers": 8}, {"total_bytes": 4_000}):
        with wrong("source.too_large"):
            served(system, limits=replace(Limits(), **changes)).read("p")
