"""The bucket rules of clinical.md "The extraction report", row by row; first match wins."""

from __future__ import annotations

import pytest
from fhir_examples import (
    IPS,
    RAMIPRIL,
    WHO,
    allergy,
    concept,
    listed,
    medicine,
    problem,
    record_of,
    status,
    vaccination,
)

from issuer.fhir import extract


def buckets(section, *resources):
    found = extract(record_of(*resources)).report()["sections"].get(section, {})
    return {name: len(items) for name, items in found.items()}


NKA = concept("716186003", "No known allergy")
ERROR = status("entered-in-error")


@pytest.mark.parametrize(
    ("resource", "bucket"),
    [
        (allergy(verificationStatus=ERROR), "in_error"),
        (allergy(clinical="entered-in-error"), "in_error"),
        (allergy(status="entered-in-error", clinical=None), "in_error"),
        (allergy(NKA, verificationStatus=ERROR), "in_error"),
        (allergy(verificationStatus=status("refuted")), "refuted"),
        (allergy(verificationStatus="refuted"), "refuted"),
        (allergy(clinical="inactive", verificationStatus=status("refuted")), "refuted"),
        (allergy(NKA), "negated"),
        (allergy(NKA, clinical=None), "negated"),
        (allergy(NKA, clinical="inactive"), "inactive"),
        (allergy(NKA, clinical="resolved"), "inactive"),
        (allergy(concept("no-allergy-info", system=IPS)), "absent_info"),
        (allergy(clinical="inactive"), "inactive"),
        (allergy(clinical="resolved"), "inactive"),
        (allergy() | {"clinicalStatus": "resolved"}, "inactive"),
        (allergy(), "active"),
        (allergy() | {"clinicalStatus": "active"}, "active"),
        (allergy() | {"clinicalStatus": {"text": "Active"}}, "active"),
        (allergy(clinical=None), "unknown_status"),
        (allergy(clinical="something"), "unknown_status"),
        (allergy() | {"clinicalStatus": 7}, "unknown_status"),
    ],
)
def test_an_allergy_falls_into_its_bucket(resource, bucket):
    assert buckets("allergies", resource) == {bucket: 1}


@pytest.mark.parametrize("title", ["Ended allergies", "Resolved Allergies"])
def test_a_member_of_an_ended_list_is_inactive(title):
    members = listed(title, "AllergyIntolerance/a")
    assert buckets("allergies", allergy(id="a"), members) == {"inactive": 1}


def test_an_allergy_contained_in_an_ended_list_is_inactive_even_when_no_entry_names_it():
    ended = listed("x", code="1103671000000101", contained=[allergy(id="a", clinical=None)])
    assert buckets("allergies", ended) == {"inactive": 1}


def test_an_entry_deleted_from_an_ended_list_is_not_its_member():
    ended = listed("Ended allergies")
    ended["entry"] = [{"deleted": True, "item": {"reference": "AllergyIntolerance/a"}}]
    assert buckets("allergies", allergy(id="a"), ended) == {"active": 1}


def test_an_ended_list_that_is_itself_in_error_ends_nothing():
    ended = listed("Ended allergies", "AllergyIntolerance/a", status="entered-in-error")
    assert buckets("allergies", allergy(id="a"), ended) == {"active": 1}


@pytest.mark.parametrize(
    ("resource", "bucket"),
    [
        (medicine(state="entered-in-error"), "in_error"),
        (medicine(state="entered-in-error", doNotPerform=True), "in_error"),
        (medicine(kind="MedicationRequest", intent="order", doNotPerform=True), "not_given"),
        (medicine(state="not-taken"), "not_given"),
        (medicine(taken="n"), "not_given"),
        (medicine(wasNotTaken=True), "not_given"),
        (medicine(kind="MedicationPrescription"), "active"),
        (medicine(taken="unk"), "active"),
        (medicine(concept("787481004", "No known medications")), "negated"),
        (medicine(concept("no-medication-info", system=IPS)), "absent_info"),
        (medicine(), "active"),
        (medicine(state="in-progress"), "active"),
        (medicine(state="on-hold"), "on_hold"),
        (medicine(state="intended"), "planned"),
        (medicine(state="draft", kind="MedicationRequest", intent="order"), "planned"),
        (medicine(state="preparation"), "planned"),
        (medicine(state=None, kind="MedicationRequest", intent="proposal"), "planned"),
        (medicine(state="completed", kind="MedicationRequest", intent="proposal"), "planned"),
        (medicine(state="completed"), "inactive"),
        (medicine(state="stopped"), "inactive"),
        (medicine(state="cancelled"), "inactive"),
        (medicine(state="ended"), "inactive"),
        (medicine(state="declined"), "inactive"),
        (medicine(state="unknown"), "unknown_status"),
        (medicine(state=None), "unknown_status"),
    ],
)
def test_a_medicine_falls_into_its_bucket(resource, bucket):
    assert buckets("medications", resource) == {bucket: 1}


def three(**statement):
    """A medicine as GP Connect sends it: a statement on a plan, and an order on the plan."""
    plan = medicine(kind="MedicationRequest", intent="plan", id="plan")
    order = medicine(
        state="completed",
        kind="MedicationRequest",
        intent="order",
        basedOn=[{"reference": "MedicationRequest/plan"}],
    )
    return medicine(**statement), plan, order


@pytest.mark.parametrize("name", ["basedOn", "derivedFrom"])
def test_a_medicine_in_three_resources_is_counted_once(name):
    parts = three(**{name: [{"reference": "MedicationRequest/plan"}]})
    assert buckets("medications", *parts) == {"active": 1}
    assert buckets("medication_plumbing", *parts) == {"active": 1, "inactive": 1}


def test_a_reference_that_is_no_list_is_followed_too():
    parts = three(basedOn={"reference": "MedicationRequest/plan"})
    assert buckets("medications", *parts) == {"active": 1}


def test_a_plan_without_a_statement_counts_and_its_order_does_not():
    _, plan, order = three()
    assert buckets("medications", plan, order) == {"active": 1}


def test_an_order_that_is_based_on_nothing_here_counts():
    order = medicine(
        kind="MedicationRequest", intent="order", basedOn=[{"reference": "CarePlan/elsewhere"}]
    )
    assert buckets("medications", order) == {"active": 1}


@pytest.mark.parametrize("kind", ["MedicationDispense", "MedicationAdministration"])
def test_dispenses_and_administrations_are_events(kind):
    event = medicine(state="completed", kind=kind)
    assert buckets("medications", event) == {}
    assert buckets("medication_events", event) == {"inactive": 1}


@pytest.mark.parametrize(
    ("resource", "bucket"),
    [
        (problem(verificationStatus=ERROR), "in_error"),
        (problem(verificationStatus=status("refuted")), "refuted"),
        (problem(concept("160245001", "No current problems or disability")), "negated"),
        (problem(concept("no-problem-info", system=IPS), clinical="inactive"), "absent_info"),
        (problem(), "active"),
        (problem(clinical="recurrence"), "active"),
        (problem(clinical="relapse"), "active"),
        (problem(abatementDateTime="2020"), "active"),
        (problem(clinical="inactive"), "inactive"),
        (problem(clinical="remission"), "inactive"),
        (problem(clinical="resolved"), "inactive"),
        (problem() | {"clinicalStatus": "resolved"}, "inactive"),
        (problem(clinical=None), "unknown_status"),
        (problem(clinical=None, abatementDateTime="2020"), "unknown_status"),
    ],
)
def test_a_problem_falls_into_its_bucket(resource, bucket):
    assert buckets("problems", resource) == {bucket: 1}


def test_an_end_on_an_active_problem_is_flagged():
    report = extract(record_of(problem(abatementDateTime="2020"))).report()
    assert report["defects"]["active_with_abatement"]["count"] == 1


UNKNOWN = concept("UNK", system="http://hl7.org/fhir/v3/NullFlavor")
PROCEDURE = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure",
    "valueCodeableConcept": concept("86198006", "Administration of influenza vaccine"),
}


@pytest.mark.parametrize(
    ("resource", "bucket"),
    [
        (vaccination(state="entered-in-error"), "in_error"),
        (vaccination(state="not-done"), "not_given"),
        (vaccination(notGiven=True), "not_given"),
        (vaccination(notGiven="true"), "not_given"),
        (vaccination(wasNotGiven=True), "not_given"),
        (vaccination(wasNotGiven=False), "active"),
        (vaccination(concept("787482006", "No known immunizations")), "negated"),
        (vaccination(concept("no-immunization-info", system=IPS)), "absent_info"),
        (vaccination(), "active"),
        (vaccination(notGiven=False), "active"),
        (vaccination(UNKNOWN), "active"),
        (vaccination(UNKNOWN, extension=[PROCEDURE]), "active"),
        (vaccination(state="in-progress"), "unknown_status"),
        (vaccination(state=None), "unknown_status"),
    ],
)
def test_a_vaccination_falls_into_its_bucket(resource, bucket):
    assert buckets("immunisations", resource) == {bucket: 1}


def test_an_unknown_vaccine_is_named_by_its_procedure_and_keeps_both_codes():
    report = extract(record_of(vaccination(UNKNOWN, extension=[PROCEDURE]))).report()
    (item,) = report["sections"]["immunisations"]["active"]
    assert item["text"] == "Administration of influenza vaccine"
    assert [coding[1] for coding in item["codings"]] == ["UNK", "86198006"]


MEDICATION = {"resourceType": "Medication", "id": "m", "code": RAMIPRIL}
INGREDIENTS = {
    "resourceType": "Medication",
    "id": "m",
    "ingredient": [
        {"itemCodeableConcept": concept("1", "Alpha")},
        {"itemCodeableConcept": concept("2", "Beta")},
    ],
}


@pytest.mark.parametrize(
    ("reference", "medication", "url"),
    [
        ("Medication/m", MEDICATION, None),
        ("Medication/m/_history/2", MEDICATION, None),
        ("https://example.org/fhir/Medication/m", MEDICATION, None),
        ("urn:uuid:ABCDEF", MEDICATION, "urn:uuid:abcdef"),
        ("https://example.org/m", MEDICATION, "https://example.org/m"),
        ("m", MEDICATION, None),
    ],
)
def test_a_medicine_is_found_by_any_spelling_of_its_reference(reference, medication, url):
    import fhir_examples as fhir  # noqa: PLC0415

    statement = medicine(medicationReference={"reference": reference})
    del statement["medicationCodeableConcept"]
    held = fhir.bundle(fhir.PATIENT, statement)
    held["entry"].append({"fullUrl": url, "resource": medication})
    report = extract(fhir.data(held)).report()
    assert report["sections"]["medications"]["active"][0]["text"] == "Ramipril"


def test_a_contained_medicine_is_found_and_not_its_namesake():
    other = {"resourceType": "Medication", "id": "m", "code": concept("9", "Namesake")}
    statement = medicine(medicationReference={"reference": "#m"}, contained=[MEDICATION])
    del statement["medicationCodeableConcept"]
    report = extract(record_of(other, statement)).report()
    assert report["sections"]["medications"]["active"][0]["text"] == "Ramipril"


def test_a_medicine_may_be_named_by_its_ingredients_alone():
    statement = medicine(medicationReference={"reference": "Medication/m"})
    del statement["medicationCodeableConcept"]
    (item,) = extract(record_of(INGREDIENTS, statement)).report()["sections"]["medications"][
        "active"
    ]
    assert item["text"] == "Alpha + Beta"
    assert [coding[1] for coding in item["codings"]] == ["1", "2"]


def referred(**held):
    """The one active item of a statement that names its medicine by reference only."""
    statement = medicine(medicationReference={"reference": "#m", "display": "As shown"}, **held)
    del statement["medicationCodeableConcept"]
    (item,) = extract(record_of(statement)).report()["sections"]["medications"]["active"]
    return item


@pytest.mark.parametrize(
    ("contained", "text", "codes"),
    [
        (MEDICATION, "Ramipril", ["386872004"]),
        (INGREDIENTS, "Alpha + Beta", ["1", "2"]),
        ({"resourceType": "Medication", "id": "m"}, "As shown", []),
        ({"resourceType": "Medication", "id": "other"}, "As shown", []),
    ],
)
def test_the_display_of_a_reference_never_hides_the_codes_of_its_medicine(contained, text, codes):
    item = referred(contained=[contained])
    assert item["text"] == text
    assert [coding[1] for coding in item["codings"]] == codes


def test_a_medicine_that_is_named_by_a_display_alone_is_text_without_codes():
    statement = medicine(medicationReference={"display": "As shown"})
    del statement["medicationCodeableConcept"]
    (item,) = extract(record_of(statement)).report()["sections"]["medications"]["active"]
    assert (item["text"], item["codings"]) == ("As shown", [])


def test_the_display_of_an_ingredient_never_hides_its_codes():
    part = {"itemReference": {"reference": "#s", "display": "As shown"}}
    substance = {"resourceType": "Substance", "id": "s", "code": concept("3", "Gamma")}
    held = [{"resourceType": "Medication", "id": "m", "ingredient": [part]}]
    assert referred(contained=held)["text"] == "As shown"
    assert referred(contained=[*held, substance])["codings"][0][1:] == ["3", "Gamma"]


def test_an_allergy_without_a_code_is_named_by_all_its_substances():
    reactions = [{"substance": concept("1", "Alpha")}, {"substance": concept("2", "Beta")}]
    report = extract(record_of(allergy({}, reaction=reactions))).report()
    (item,) = report["sections"]["allergies"]["active"]
    assert item["text"] == "Alpha, Beta"
    assert [coding[1] for coding in item["codings"]] == ["1", "2"]


def test_a_reference_that_leads_nowhere_names_nothing_and_is_a_defect():
    statement = medicine(medicationReference={"reference": "Medication/elsewhere"})
    del statement["medicationCodeableConcept"]
    report = extract(record_of(statement)).report()
    assert report["sections"]["medications"]["active"][0]["codings"] == []
    assert report["defects"]["nothing_named"]["count"] == 1


def test_all_codings_are_kept_in_order():
    code = {"coding": [{"system": "b", "code": "2"}, {"system": "a", "code": "1", "display": "x"}]}
    (item,) = extract(record_of(allergy(code))).report()["sections"]["allergies"]["active"]
    assert item["codings"] == [["b", "2", None], ["a", "1", "x"]]
    assert set(item) == {"codings", "text", "date", "status", "verification"}


def test_a_section_of_somebody_with_no_subject_reference_is_kept_and_flagged():
    lone = allergy()
    del lone["patient"]
    assert lone.get("patient") != WHO
    assert extract(record_of(lone)).report()["defects"]["subject_missing"]["count"] == 1
