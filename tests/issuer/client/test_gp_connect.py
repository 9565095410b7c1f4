"""A practice's system is read over GP Connect: whole, of the right person, or not at all."""

from __future__ import annotations

import json
import os

import pytest
from record_system import NOW, Clock, wrong
from structured_record import (
    AUDIENCE,
    BASE,
    HEADINGS,
    NUMBER,
    PATIENT,
    GpSystem,
    allergy,
    spine,
    vaccination,
)

from healthpassport.summary import SectionState, Source
from issuer.client import Person
from issuer.client.exchange import Exchange
from issuer.client.gp_connect import GpConnect
from issuer.client.gp_connect_token import Asker
from issuer.client.limits import Limits
from issuer.fhir import extract
from issuer.records import build

ASKER = Asker(
    iss="https://issuer.example",
    ods="A12345",
    organisation="Example Surgery",
    asid="200000000115",
    version="1",
    user="10019",
    user_name=("Jones", "Claire", "Dr"),
)


def served(system):
    clock = Clock()
    exchange = Exchange(
        BASE,
        fetcher=system,
        smart=None,
        limits=Limits(),
        monotonic=clock.monotonic,
        sleep=clock.sleep,
        clock=clock.now,
    )
    return GpConnect(
        exchange, audience=AUDIENCE, asker=ASKER, provider="200000000116", random=os.urandom
    )


def read(system, number=NUMBER):
    return extract(served(system).read(number))


def records(system):
    made = build(read(system), source=Source("A12345", "Example Surgery", "test"), now=NOW)
    return {record.type: record for record in made.records}


def test_the_whole_record_becomes_records():
    made = records(GpSystem())
    (nut,) = made["AllergySummary"].items
    assert nut.unit["text"] == "Allergy to peanut"
    assert nut.unit["clinicalStatus"] == "active"
    (drug,) = made["MedicationSummary"].items  # one, though it came in three
    assert (drug.unit["text"], drug.unit["dose"]) == ("Ramipril", "One daily")
    assert drug.fields["prescriberOds"] == "B23456"
    assert made["ProblemSummary"].items[0].unit["text"] == "Asthma"
    (flu,) = made["ImmunisationSummary"].items
    assert (flu.unit["group"], flu.unit["date"]) == ("given", "2019-10-01")
    assert flu.fields["doseNumber"] == "2"
    assert made["AllergySummary"].as_of == NOW.date()


def test_nothing_is_read_into_a_word_that_the_standard_fixes():
    assert "verificationStatus" not in records(GpSystem())["AllergySummary"].items[0].unit
    system = GpSystem()
    system.areas["includeAllergies"] = [allergy(verificationStatus="entered-in-error")]
    assert "AllergySummary" not in records(system)


def test_the_headers_and_the_token_say_who_asks():
    system = GpSystem()
    served(system).read(NUMBER)
    (call,) = system.calls
    assert call.url == BASE + "/Patient/$gpc.getstructuredrecord"
    assert NUMBER not in call.url
    assert (call.headers["ssp-from"], call.headers["ssp-to"]) == ("200000000115", "200000000116")
    assert call.headers["ssp-interactionid"].endswith("gpc.getstructuredrecord-1")
    assert len(call.headers["ssp-traceid"]) == 36
    head, claims, signature = system.token()
    assert (head, signature) == ({"alg": "none", "typ": "JWT"}, "")
    assert claims["aud"] == AUDIENCE
    assert claims["exp"] - claims["iat"] == 300
    assert claims["sub"] == claims["requesting_practitioner"]["id"] == "10019"
    assert claims["requesting_organization"]["identifier"][0]["value"] == "A12345"


def test_an_empty_list_is_not_none_known():
    system = GpSystem()
    system.areas["includeAllergies"] = []
    assert read(system).state("allergies") is SectionState.NO_INFORMATION


def test_a_list_that_is_empty_because_all_of_it_is_confidential_is_withheld():
    system = GpSystem(warnings={"includeAllergies": "confidential-items"})
    system.areas["includeAllergies"] = []
    assert read(system).state("allergies") is SectionState.WITHHELD
    assert "confidential-items" in records(system)["AllergySummary"].warnings


def test_no_known_allergies_is_not_believed_where_something_is_held_back():
    nothing = allergy(code=("716186003", "No known allergy"))
    system = GpSystem()
    system.areas["includeAllergies"] = [nothing]
    assert records(system)["AllergySummary"].state is SectionState.NONE_KNOWN
    system.warnings = {"includeAllergies": "confidential-items"}
    made = records(system)["AllergySummary"]
    assert "confidential-items" in made.warnings


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("Items excluded due to confidentiality and/or patient preferences.", "confidential-items"),
        (
            "Patient record transfer from previous GP practice not yet complete.",
            "data-in-transit",
        ),
        (
            "There is data supplied by a third party awaiting review.",
            "data-awaiting-filing",
        ),
    ],
)
def test_a_warning_that_stands_in_the_note_alone_travels_too(note, code):
    system = GpSystem(notes={"includeAllergies": note})
    assert code in records(system)["AllergySummary"].warnings


@pytest.mark.parametrize("parameter", ["includeAllergies", "includeMedication"])
def test_without_allergies_or_medicines_there_is_no_record(parameter):
    with wrong("source.incomplete"):
        read(GpSystem(unknown=(parameter,)))


@pytest.mark.parametrize(
    "about", ["includeAllergies.includeResolvedAllergies", "includeMedication.x", "", "unheard-of"]
)
def test_nor_where_a_part_of_them_or_who_knows_what_is_unknown(about):
    def bend(status, body):
        issue = spine("not-supported", "NOT_IMPLEMENTED", "warning", about)
        return status, body | {"entry": [*body["entry"], {"resource": issue}]}

    with wrong("source.incomplete"):
        read(GpSystem(bend=bend))


@pytest.mark.parametrize(
    ("parameter", "section"),
    [
        ("includeProblems", "problems"),
        ("includeImmunisations", "immunisations"),
        ("includeInvestigations", "results"),
    ],
)
def test_an_area_that_is_unknown_is_told_as_missing(parameter, section):
    found = read(GpSystem(unknown=(parameter,)))
    assert found.state(section) is SectionState.NO_INFORMATION
    assert found.state("allergies") is SectionState.ITEMS


def test_what_comes_of_an_area_by_the_way_is_not_taken_for_all_of_it():
    system = GpSystem(unknown=("includeProblems",))
    system.areas["includeMedication"].append(system.areas["includeProblems"][0])
    made = records(system)["ProblemSummary"]
    assert "entries-missing" in made.warnings


def without_list(parameter):
    code = HEADINGS[parameter][0]

    def bend(status, body):
        rows = [
            row
            for row in body["entry"]
            if row["resource"].get("code", {}).get("coding", [{}])[0].get("code") != code
        ]
        return status, body | {"entry": rows}

    return bend


def test_an_area_without_its_list_was_not_given():
    with wrong("source.incomplete"):
        read(GpSystem(bend=without_list("includeAllergies")))
    found = read(GpSystem(bend=without_list("includeProblems")))
    assert any(s.section == "problems" and s.missing for s in found.statements)


def test_ended_allergies_are_counted_and_not_listed():
    made = records(GpSystem(resolved=[allergy("a9", ("294505008", "Amoxicillin allergy"))]))
    allergies = made["AllergySummary"]
    assert [item.unit["text"] for item in allergies.items] == ["Allergy to peanut"]
    assert allergies.always["endedCount"] == 1


def test_a_vaccination_that_was_not_given_stays_so():
    system = GpSystem()
    system.areas["includeImmunisations"] = [vaccination(notGiven=True)]
    (flu,) = records(system)["ImmunisationSummary"].items
    assert (flu.unit["group"], flu.unit["notGiven"]) == ("not_given", True)


@pytest.mark.parametrize("said", ["no", 0, {}, ["true"]])
def test_what_cannot_be_mapped_is_left_out_aloud(said):
    system = GpSystem()
    system.areas["includeImmunisations"] = [
        vaccination(),
        vaccination(notGiven=said) | {"id": "i2"},
    ]
    made = records(system)["ImmunisationSummary"]
    assert len(made.items) == 1
    assert "entries-refused" in made.warnings


def test_parameters_may_carry_the_record():
    def bend(status, body):
        return status, {
            "resourceType": "Parameters",
            "parameter": [{"name": "r", "resource": body}],
        }

    assert "AllergySummary" in records(GpSystem(bend=bend))


OTHER = PATIENT | {"identifier": [PATIENT["identifier"][0] | {"value": "9990000026"}]}


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (lambda _, body: (200, spine("exception", "INTERNAL_SERVER_ERROR")), "source.answer"),
        (lambda _, body: (200, PATIENT), "source.answer"),
        (lambda _, body: (200, body | {"entry": 7}), "source.answer"),
        (lambda _, body: (200, body | {"entry": [{}]}), "source.incomplete"),
        (
            lambda _, body: (200, body | {"link": [{"relation": "next", "url": "x"}]}),
            "source.incomplete",
        ),
        (lambda _, body: (403, spine("forbidden", "NO_PATIENT_CONSENT")), "source.dissent"),
        (lambda _, body: (403, spine("forbidden", "ACCESS_DENIED")), "source.forbidden"),
        (lambda _, body: (404, spine("not-found", "PATIENT_NOT_FOUND")), "source.unknown"),
        (lambda _, body: (400, spine("value", "INVALID_NHS_NUMBER")), "source.refused"),
        (lambda _, body: (500, b"gone"), "source.refused"),
        (lambda _, body: (200, body | {"entry": body["entry"][1:]}), "source.other_patient"),
        (
            lambda _, body: (200, body | {"entry": [{"resource": OTHER}, *body["entry"][1:]]}),
            "source.other_patient",
        ),
        (
            lambda _, body: (200, body | {"entry": [{"resource": OTHER}, *body["entry"]]}),
            "source.other_patient",
        ),
        (
            lambda _, body: (
                200,
                body
                | {"entry": [*body["entry"], {"resource": spine("incomplete", "X", "warning")}]},
            ),
            "source.incomplete",
        ),
    ],
)
def test_a_system_that_refuses_or_lies_gives_nothing(bend, code):
    with wrong(code) as caught:
        read(GpSystem(bend=bend))
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "9990000019", "999 000 0018", "p", "99900000180"])
def test_a_name_is_an_nhs_number(name):
    system = GpSystem()
    with wrong("source.name"):
        served(system).read(name)
    assert not system.calls


def test_somebody_is_found_by_number_and_all_else_must_hold():
    system = GpSystem()
    (found,) = served(system).find(Person(NUMBER, family_name="Example"))
    assert (found.name, found.birth_date) == (NUMBER, "1958-07-14")
    asked = json.loads(system.calls[-1].body)
    assert [row["name"] for row in asked["parameter"]] == ["patientNHSNumber", "includeAllergies"]
    assert served(system).find(Person(NUMBER, birth_date="1958-07-15")) == ()
    assert served(system).find(Person("9990000026")) == ()
    with wrong("source.person"):
        served(system).find(Person(family_name="Example", birth_date="1958-07-14"))
