"""Negation in its five spellings, and what is not one."""

from __future__ import annotations

import pytest
from fhir_examples import IPS, PEANUT, allergy, concept, medicine, problem, record_of, vaccination

from healthpassport.encoding import parse_json
from issuer.fhir import extract
from issuer.fhir.negation import Kind, negation
from issuer.fhir.values import concept as read

ABSENT = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def said(code, section="allergies"):
    found = negation(read(code), section)
    return None if found is None else (found.kind.value, found.whole)


def test_several_concepts_where_one_belongs_deny_nothing():
    several = [concept("716186003", "No known allergy"), PEANUT]
    report = extract(record_of(allergy(several))).report()
    assert report["state"]["allergies"] == "items"
    (item,) = report["sections"]["allergies"]["active"]
    assert [coding[1] for coding in item["codings"]] == ["716186003", "91935009"]
    assert item["text"] == "No known allergy, Allergy to peanut"
    assert said([concept("716186003", "No known allergy")]) == ("negated", True)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (concept("716186003"), ("negated", True)),
        (concept("716186003", system="http://snomed.info/sct/83821"), ("negated", True)),
        (concept("716186003", system="urn:oid:2.16.840.1.113883.6.96"), ("negated", True)),
        ({"coding": [{"code": "716186003"}]}, ("negated", True)),
        (concept("160244002"), ("negated", True)),
        (concept("409137002"), ("negated", False)),
        (concept("429625007"), ("negated", False)),
        (concept("428607008"), ("negated", False)),
        (concept("1003774007"), ("negated", False)),
        (concept("1631000175102"), ("absent_info", False)),
        (concept("no-known-allergies", system=IPS), ("negated", True)),
        (concept("no-known-medication-allergies", system=IPS), ("negated", False)),
        (concept("no-allergy-info", system=IPS), ("absent_info", False)),
        (concept("no-known-allergy", system=IPS), ("negated", True)),
        (concept("no-known-latex-allergies", system=IPS), ("negated", False)),
        (concept("no-known-medication", system=IPS), ("negated", False)),
        (concept("no-allergies-info", system=IPS), ("absent_info", False)),
        ({"text": "No known allergies"}, ("negated", True)),
        ({"text": "NKA"}, ("negated", True)),
        ({"text": "Nil known allergies."}, ("negated", True)),
        ({"text": "Patient has no known allergies"}, ("negated", True)),
        ({"text": "No allergies"}, ("negated", True)),
        ({"text": "No Known Allergy (situation)"}, ("negated", True)),
        ({"text": "NKDA"}, ("negated", False)),
        ({"text": "No known drug allergies"}, ("negated", False)),
        ({"text": "No known food allergy"}, ("negated", False)),
        ({"text": "No known allergies to penicillin"}, ("negated", False)),
        ({"coding": [{"display": "No known allergies"}]}, ("negated", True)),
        (concept("local-1", "No known allergies", system="urn:local"), ("negated", False)),
        ({"text": "No information about allergies"}, ("absent_info", False)),
        ({"text": "Allergies not recorded"}, ("absent_info", False)),
        ({"text": "No allergies recorded"}, ("absent_info", False)),
        ({"text": "Not asked"}, ("absent_info", False)),
        (ABSENT, ("absent_info", False)),
        (concept("unknown", system=REASONS), ("absent_info", False)),
        (concept("unknown", "Unknown", system=REASONS, text="Unknown"), ("absent_info", False)),
        ({"text": "Not available"} | ABSENT, ("absent_info", False)),
        ({"text": "Allergies not recorded"} | ABSENT, ("absent_info", False)),
        ({"text": "No other allergies"}, ("negated", False)),
        ({"text": "No significant drug allergies"}, ("negated", False)),
        ({"text": "Not allergic to penicillin"}, ("negated", False)),
        (concept("716186003", "No known allergy", text="Keine Allergien"), ("negated", True)),
        (concept("NASK", system="http://terminology.hl7.org/CodeSystem/v3-NullFlavor"),
         ("absent_info", False)),
    ],
)  # fmt: skip
def test_a_negation_is_understood_with_its_scope(code, meaning):
    assert said(code) == meaning


@pytest.mark.parametrize(
    "code",
    [
        PEANUT,
        PEANUT | {"text": "No known allergies"},
        {"coding": [{"display": "Penicillin"}], "text": "No known allergies"},
        {"text": "Penicillin; no known allergies otherwise"},
        {"text": "Knows no allergies but hives after nuts"},
        {"text": "Nocturnal allergy"},
        {"text": "Noisy breathing after bee sting"},
        {"text": "Not sure: penicillin"},
        {"text": ""},
        {},
        concept("716186003", system="urn:local"),
        PEANUT | ABSENT,
        concept("UNK", system="http://hl7.org/fhir/v3/NullFlavor"),
        {"text": "No known allergies except penicillin"},
        {"text": "No known drug allergies but reacts to latex"},
        {"text": "No known drug allergy. Peanuts cause swelling"},
        {"text": "No allergies to penicillin; allergic to aspirin"},
        {"text": "No known allergies, allergic to cats"},
        {"text": "No drug allergies apart from aspirin"},
        {"text": "No known drug allergies?"},
        {"text": "Bee stings"} | ABSENT,
        concept("unknown", system=REASONS, text="Bee stings"),
        concept("NI", system="http://hl7.org/fhir/v3/NullFlavor", text="Bee stings"),
        {"coding": concept("716186003")["coding"] + PEANUT["coding"]},
    ],
)
def test_what_names_something_is_no_negation(code):
    assert said(code) is None


@pytest.mark.parametrize(
    ("section", "text", "meaning"),
    [
        ("medications", "No known medications", ("negated", True)),
        ("medications", "Not on any regular medication", ("negated", True)),
        ("medications", "No medication", ("negated", True)),
        ("medications", "No information about medications", ("absent_info", False)),
        ("medications", "Nothing", None),
        ("problems", "No known problems", ("negated", True)),
        ("problems", "No current problems or disability", ("negated", True)),
        ("problems", "No abnormality detected", None),
        ("problems", "Problem drinking", None),
        ("immunisations", "No known immunisations", ("negated", True)),
        ("immunisations", "Unknown", None),
    ],
)
def test_each_section_has_its_own_words(section, text, meaning):
    assert said({"text": text}, section) == meaning


def test_an_ips_code_that_is_not_listed_is_known_by_its_form():
    singular = concept("no-known-medication", system=IPS)
    assert said(singular, "medications") == ("negated", True)
    assert said(concept("known-medication", system=IPS), "medications") is None
    assert said(concept("no-known-medication", system="urn:local"), "medications") is None


def test_a_code_of_another_section_never_covers_this_one():
    assert said(concept("160245001"), "allergies") == ("negated", False)


def test_of_two_negations_in_one_entry_the_narrower_stands():
    both = {"coding": concept("716186003")["coding"] + concept("409137002")["coding"]}
    assert said(both) == ("negated", False)


def state(*resources, section="allergies"):
    return extract(record_of(*resources)).report()["state"][section]


NO_FOOD = concept("429625007", "No known food allergy")
NKA = concept("716186003", "No known allergy")


def test_no_known_food_allergy_does_not_cancel_a_peanut():
    assert state(allergy(), allergy(NO_FOOD)) == "items"


def test_a_narrower_negation_is_no_information():
    assert state(allergy(NO_FOOD)) == "no_information"


def test_no_known_allergy_beside_an_active_allergy_is_items():
    assert state(allergy(NKA), allergy()) == "items"


def test_no_known_allergy_alone_is_none_known():
    assert state(allergy(NKA)) == "none_known"


def test_no_known_allergy_that_was_ended_is_not_none_known():
    assert state(allergy(NKA, clinical="resolved")) == "only_inactive"


@pytest.mark.parametrize(
    ("resource", "section"),
    [
        (medicine(concept("787481004")), "medications"),
        (problem(concept("160245001")), "problems"),
        (vaccination(concept("787482006")), "immunisations"),
    ],
)
def test_each_section_can_be_none_known(resource, section):
    assert state(resource, section=section) == "none_known"


def test_every_reviewed_code_says_its_source_and_is_read_back():
    from importlib.resources import files  # noqa: PLC0415

    table = parse_json(files("issuer.fhir").joinpath("data", "negations.json").read_bytes())
    systems = {"ips": IPS, "snomed": "http://snomed.info/sct"}
    for row in table["codes"]:
        assert row["source"] in table["sources"]
        kind, whole = said(concept(row["code"], system=systems[row["system"]]), row["section"])
        assert kind == row["kind"]
        assert whole == (row["scope"] == "whole" and row["kind"] == Kind.NEGATED)
