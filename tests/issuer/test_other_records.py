"""The record types beside the first five, each on made-up twins of what sources write."""

from __future__ import annotations

import pytest
from fhir_examples import IPS, NOW, SOURCE, WHO, concept, record_of

from healthpassport.summary import SectionState, from_payload, to_payload
from issuer.fhir import extract
from issuer.records import build


def record(kind, *resources):
    """The record of ``kind``, which also survives its way over the wire."""
    found = build(extract(record_of(*resources)), source=SOURCE, now=NOW).record(kind)
    if found is not None:
        assert from_payload(to_payload(found)).item_count == len(found.items)
    return found


APPENDIX = concept("80146002", "Appendicectomy")


def procedure(state="completed", code=APPENDIX, **members):
    found = {"resourceType": "Procedure", "status": state, "code": code, "subject": WHO}
    return found | members


def test_a_procedure_keeps_its_status_and_date_with_its_code():
    whole = procedure(
        performedDateTime="1999-05",
        bodySite=[concept("66754008", "Appendix")],
        outcome={"text": "Good recovery"},
        performer=[{"actor": {"display": "Example Hospital"}}],
    )
    (item,) = record("ProcedureSummary", whole).items
    assert item.unit == {
        "text": "Appendicectomy",
        "coding": APPENDIX["coding"],
        "group": "done",
        "status": "completed",
        "date": "1999-05",
    }
    assert item.fields == {
        "bodySite": "Appendix",
        "outcome": "Good recovery",
        "performer": "Example Hospital",
    }


@pytest.mark.parametrize(
    ("state", "group"),
    [
        ("completed", "done"),
        ("preparation", "planned"),
        ("not-done", "not_done"),
        ("aborted", "not_done"),
        ("in-progress", "unknown"),
    ],
)
def test_a_procedure_that_was_not_done_never_reads_as_done(state, group):
    (item,) = record("ProcedureSummary", procedure(state)).items
    assert (item.unit["group"], item.unit["status"]) == (group, state)


def test_a_procedure_in_error_is_never_issued():
    assert record("ProcedureSummary", procedure("entered-in-error")) is None


def test_no_known_procedures_are_none_known():
    none = procedure(code=concept("no-known-procedures", system=IPS))
    found = record("ProcedureSummary", none)
    assert (found.state, found.items) == (SectionState.NONE_KNOWN, ())
    assert len(found.negations) == 1


def test_a_procedure_with_an_unknown_modifier_is_left_out_and_the_list_says_so():
    odd = procedure(modifierExtension=[{"url": "https://example.org/not", "valueBoolean": True}])
    found = record("ProcedureSummary", odd)
    assert found.state is SectionState.WITHHELD
    assert "entries-refused" in found.warnings


LOINC = "http://loinc.org"
SODIUM = concept("2951-2", "Sodium", LOINC)


def result(code=SODIUM, **members):
    found = {
        "resourceType": "Observation",
        "status": "final",
        "category": [concept("laboratory", system="http://terminology.hl7.org/x")],
        "code": code,
        "subject": WHO,
        "effectiveDateTime": "2026-10-01",
    }
    return found | members


def quantity(value, unit="mmol/L", **members):
    return {"valueQuantity": {"value": value, "unit": unit, **members}}


def test_a_result_never_parts_from_comparator_unit_range_and_specimen():
    whole = result(
        **quantity(120, comparator="<"),
        referenceRange=[{"low": {"value": 133}, "high": {"value": 146}}],
        interpretation=[{"text": "Low"}],
        specimen={"display": "Blood"},
        method={"text": "Analyser"},
        performer=[{"display": "Example Laboratory"}],
    )
    (item,) = record("KeyResults", whole).items
    assert item.unit["value"] == {"comparator": "<", "value": "120", "unit": "mmol/L"}
    assert item.unit["referenceRange"] == "133 to 146"
    assert [item.unit[n] for n in ("interpretation", "specimen", "method", "status", "date")] == [
        "Low", "Blood", "Analyser", "final", "2026-10-01",
    ]  # fmt: skip
    assert item.fields == {"performer": "Example Laboratory"}


def test_the_parts_of_a_result_stay_in_it():
    pressure = result(
        component=[
            {"code": concept("8480-6", "Systolic", LOINC), **quantity(120, "mmHg")},
            {"code": {"text": "Diastolic"}, "dataAbsentReason": {"text": "Not measured"}},
        ]
    )
    (item,) = record("KeyResults", pressure).items
    first, second = item.unit["components"]
    assert first["value"] == {"value": "120", "unit": "mmHg"}
    assert second == {"text": "Diastolic", "absentReason": "Not measured"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"valueString": "Trace"}, "Trace"),
        ({"valueBoolean": False}, "No"),
        ({"valueInteger": 0}, "0"),
        ({"valueCodeableConcept": {"text": "Positive"}}, "Positive"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}, "1 to 2"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 8}}}, "1 : 8"),
        ({"valueDateTime": "2026-10"}, "2026-10"),
    ],
)
def test_a_value_of_each_form_is_told(value, told):
    (item,) = record("KeyResults", result(**value)).items
    assert item.unit["value"]["value"] == told


@pytest.mark.parametrize(
    "odd",
    [
        {"valueSampledData": {"data": "1 2 3"}},
        {"valueQuantity": {"unit": "mmol/L"}},
        {"valueString": "1", "valueInteger": 2},
        {"valueString": "1", "focus": [{"reference": "Patient/baby"}]},
        {"component": [{"valueString": "no name"}]},
    ],
)
def test_a_result_that_cannot_be_told_whole_is_left_out_and_the_list_says_so(odd):
    found = record("KeyResults", result(), result(concept("1", "Odd", LOINC), **odd))
    assert len(found.items) == 1
    assert "entries-refused" in found.warnings


def test_only_the_latest_of_each_test_is_listed():
    found = record(
        "KeyResults",
        result(**quantity(140), effectiveDateTime="2026-09-01"),
        result(**quantity(141), effectiveDateTime="2026-10-01T08:00:00Z"),
        result(**quantity(142), effectiveDateTime="2026-10-01T16:00:00Z"),
        result(concept("2823-3", "Potassium", LOINC), effectiveDateTime="2020"),
    )
    values = [item.unit.get("value", {}).get("value") for item in found.items]
    assert values == ["141", "142", None]
    assert found.window == "the latest result of each test"


def test_a_newer_result_that_is_not_final_never_hides_the_last_final_one():
    found = record(
        "KeyResults",
        result(**quantity(140)),
        result(status="registered", effectiveDateTime="2026-10-20"),
        result(status="preliminary", effectiveDateTime="2026-01-20"),
    )
    assert [item.unit["status"] for item in found.items] == ["final", "registered"]


@pytest.mark.parametrize("words", [{"note": [{"text": "Haemolysed"}]}, {"comment": "Haemolysed"}])
def test_comments_on_a_result_are_not_lost_in_silence(words):
    assert "comments-not-included" in record("KeyResults", result(**words)).warnings
    assert "comments-not-included" not in record("KeyResults", result()).warnings


def test_a_result_of_a_group_is_nobodys():
    group = {"resourceType": "Group", "id": "g"}
    assert record("KeyResults", group, result(subject={"reference": "Group/g"})) is None


def test_a_blood_group_comes_from_a_laboratory_alone_and_says_not_to_transfuse_on_it():
    blood = result(concept("882-1", "ABO and Rh group", LOINC), valueString="O positive")
    data = record_of(blood)
    assert build(extract(data), source=SOURCE, now=NOW).record("KeyResults") is None
    found = build(extract(data), source=SOURCE, now=NOW, laboratory=True).record("KeyResults")
    assert "not-for-transfusion" in found.warnings
    assert found.items[0].unit["value"] == {"value": "O positive"}


PREGNANT = concept("82810-3", "Pregnancy status", LOINC)
DELIVERY = concept("11778-8", "Delivery date Estimated", LOINC)


def test_pregnancy_carries_the_delivery_date_of_its_member_as_a_field():
    due = result(DELIVERY, id="due", valueDateTime="2027-03-01")
    said = result(
        PREGNANT,
        valueCodeableConcept={"text": "Pregnant"},
        hasMember=[{"reference": "Observation/due"}],
    )
    (item,) = record("PregnancyStatus", said, due).items
    assert item.unit["value"] == {"value": "Pregnant"}
    assert item.fields == {"edd": "2027-03-01"}


def test_pregnancy_carries_the_delivery_date_of_a_component_as_a_field():
    part = {"code": DELIVERY, "valueDateTime": "2027-03-01"}
    said = result(PREGNANT, valueCodeableConcept={"text": "Pregnant"}, component=[part])
    (item,) = record("PregnancyStatus", said).items
    assert item.unit["value"] == {"value": "Pregnant"}
    assert item.fields == {"edd": "2027-03-01"}


def test_a_delivery_date_alone_can_be_held_back():
    (item,) = record("PregnancyStatus", result(DELIVERY, valueDateTime="2027-03-01")).items
    assert "value" not in item.unit
    assert item.fields == {"edd": "2027-03-01"}


def test_the_latest_word_on_pregnancy_stands():
    found = record(
        "PregnancyStatus",
        result(PREGNANT, valueString="Pregnant", effectiveDateTime="2019"),
        result(PREGNANT, valueString="Not pregnant", effectiveDateTime="2026-10"),
    )
    assert [item.unit["value"]["value"] for item in found.items] == ["Not pregnant"]
