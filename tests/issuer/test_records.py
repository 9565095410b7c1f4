"""Records built of made-up twins of each trap: what is issued, left out or refused."""

from __future__ import annotations

import pytest
from fhir_examples import (
    NOW,
    PATIENT,
    SOURCE,
    WHO,
    allergy,
    bundle,
    concept,
    data,
    listed,
    medicine,
    problem,
    record_of,
    status,
    vaccination,
)

from healthpassport.errors import SourceError
from healthpassport.summary import to_payload
from issuer.fhir import extract
from issuer.fhir.patients import is_valid_nhs_number
from issuer.records import build

NKA = concept("716186003", "No known allergy")
MODIFIER = [{"url": "https://example.org/not-this", "valueBoolean": True}]


def built(*resources, **members):
    return build(extract(record_of(*resources, **members)), source=SOURCE, now=NOW)


def record(kind, *resources, **members):
    found = built(*resources, **members).record(kind)
    if found is not None:
        to_payload(found)
    return found


def test_a_patient_alone_gives_an_identity_and_nothing_else():
    (identity,) = built().records
    assert identity.type == "PatientIdentity"
    assert identity.subject["ageOver18"] is True
    assert identity.subject["nhsNumber"] == {"value": "9990000018"}
    assert identity.always == {"deceased": False}


def test_every_record_says_that_some_kinds_are_left_out():
    summary = built(allergy(), medicine(), problem(), vaccination())
    assert len(summary.records) == 6
    assert all("some-kinds-left-out" in r.warnings for r in summary.records)
    assert all(r.subject["familyName"] == "Example" for r in summary.records)


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("9990000018", True),
        ("9434765919", True),
        ("9990000019", False),
        ("9876543210", True),
        ("9876543211", False),
        ("999000001", False),
        ("99900000180", False),
        ("999000001X", False),
        ("٩٩٩٠٠٠٠٠١٨", False),
        ("", False),
    ],
)
def test_an_nhs_number_is_checked_by_modulus_11(number, good):
    assert is_valid_nhs_number(number) is good


def test_vci_043_a_wrong_nhs_number_is_left_out_said_and_never_repaired():
    wrong = PATIENT | {
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000019"}]
    }
    found = extract(data(bundle(wrong, allergy())))
    summary = build(found, source=SOURCE, now=NOW)
    assert all("nhsNumber" not in r.subject for r in summary.records)
    assert "nhs-number-not-valid" in summary.records[0].warnings
    assert found.report()["patients"][0]["nhsNumber"] == "9990000019"
    assert found.report()["patients"][0]["nhsNumberValid"] is False


OTHER = PATIENT | {"id": "q", "identifier": [], "birthDate": "1990-01-01"}


@pytest.mark.parametrize(
    ("held", "code"),
    [
        (allergy(), "fhir.no_patient"),
        (bundle(PATIENT, OTHER), "fhir.several_patients"),
        (bundle(PATIENT, allergy(patient={"reference": "Patient/z"})), "fhir.subject_mismatch"),
        (bundle(PATIENT, problem(subject={"reference": "Group/p"})), "fhir.subject_mismatch"),
        (bundle({"resourceType": "Patient", "id": "p"}), "fhir.no_identity"),
        (bundle(PATIENT | {"meta": {"security": [{"code": "R"}]}}), "fhir.restricted"),
        (bundle(PATIENT | {"meta": {"security": [{"code": "V"}]}}), "fhir.restricted"),
        (bundle(PATIENT | {"meta": {"security": [{"code": "S"}]}}), "fhir.no_patient"),
    ],
)
def test_a_source_that_is_not_of_one_known_person_is_refused(held, code):
    with pytest.raises(SourceError) as refused:
        build(extract(data(held)), source=SOURCE, now=NOW)
    assert refused.value.code == code


def test_vci_043_an_entry_of_somebody_else_is_refused_even_where_a_subject_is_named():
    held = bundle(PATIENT, OTHER, allergy(), problem(subject={"reference": "Patient/z"}))
    with pytest.raises(SourceError) as refused:
        build(extract(data(held), "p"), source=SOURCE, now=NOW)
    assert refused.value.code == "fhir.subject_mismatch"


def test_a_named_subject_gets_their_own_entries_alone():
    held = bundle(PATIENT, OTHER, allergy(), problem(subject={"reference": "Patient/q"}))
    summary = build(extract(data(held), "q"), source=SOURCE, now=NOW)
    assert [r.type for r in summary.records] == [
        *("PatientIdentity", "ProblemSummary", "EmergencySummary"),
    ]
    assert summary.records[0].subject["birthDate"] == "1990-01-01"


def test_an_allergy_keeps_its_modifiers_and_reaction_in_the_unit():
    found = record("AllergySummary", allergy(
        verificationStatus=status("confirmed"), criticality="high", category=["food"],
        type="allergy", onsetDateTime="2001",
        reaction=[{"manifestation": [concept("39579001", "Anaphylaxis")], "severity": "severe"}],
    ))  # fmt: skip
    (item,) = found.items
    assert item.unit["clinicalStatus"] == "active"
    assert item.unit["verificationStatus"] == "confirmed"
    assert item.unit["reaction"][0]["severity"] == "severe"
    assert item.fields == {"onset": "2001"}


def test_in_error_and_refuted_are_never_issued():
    assert record("AllergySummary", allergy(verificationStatus=status("entered-in-error"))) is None
    assert record("ProblemSummary", problem(verificationStatus=status("refuted"))) is None


def test_ended_allergies_are_only_counted():
    found = record("AllergySummary", allergy(), allergy(clinical="resolved"))
    assert len(found.items) == 1
    assert found.always == {"endedCount": 1}


def test_an_allergy_that_is_over_by_its_old_status_only_is_refused_and_said_to_be():
    over = allergy(clinical=None, status="Resolved")
    alone = record("AllergySummary", over)
    assert alone.state == "withheld"
    assert "entries-refused" in alone.warnings
    both = record("AllergySummary", over, allergy())
    assert both.state == "items"
    assert len(both.items) == 1


def test_none_known_keeps_its_row():
    found = record("AllergySummary", allergy(NKA))
    assert found.state.value == "none_known"
    assert found.negations[0].unit["kind"] == "negated"
    assert found.items == ()


def test_an_empty_list_gives_its_reason_as_a_row():
    reason = {"coding": [{"system": "x", "code": "nilknown", "display": "Nil Known"}]}
    found = record("AllergySummary", listed("Allergies", emptyReason=reason))
    assert found.state.value == "none_known"
    assert found.negations[0].unit["text"] == "Nil Known"


@pytest.mark.parametrize("beside", [(), (allergy(NKA),), (allergy(clinical="resolved"),)])
def test_a_section_that_lost_its_only_item_is_withheld_and_never_empty(beside):
    found = record("AllergySummary", allergy(modifierExtension=MODIFIER), *beside)
    assert found.state.value == "withheld"
    assert found.items == ()
    assert "entries-refused" in found.warnings


@pytest.mark.parametrize(
    "hidden",
    [
        {"reaction": [{"modifierExtension": MODIFIER}]},
        {"modifierExtension": MODIFIER},
        {"code": concept("1", "x") | {"extension": [{"modifierExtension": MODIFIER}]}},
    ],
)
def test_an_unknown_modifier_anywhere_refuses_its_item_alone(hidden):
    found = record("AllergySummary", allergy(), allergy(**hidden))
    assert len(found.items) == 1
    assert found.state.value == "items"
    assert "entries-refused" in found.warnings


@pytest.mark.parametrize("spelling", [str.encode, lambda text: text.encode("utf-16")])
def test_a_modifier_whose_name_is_spelled_otherwise_is_found(spelling):
    text = record_of(allergy(modifierExtension=MODIFIER)).decode()
    hidden = spelling(text.replace("modifierExtension", "modifier\\u0045xtension"))
    found = extract(hidden)
    assert found.is_refused(found.entries[0])


def test_a_no_known_allergy_row_with_an_unknown_modifier_is_not_believed():
    found = record("AllergySummary", allergy(NKA, modifierExtension=MODIFIER))
    assert found.state.value == "withheld"
    assert found.negations == ()


def test_a_subpotent_vaccination_is_not_told_without_that():
    found = record("ImmunisationSummary", vaccination(isSubpotent=True))
    assert found.state.value == "withheld"


def test_a_text_that_cannot_be_told_whole_is_refused_and_not_cut():
    found = record("MedicationSummary", medicine(dosage=[{"text": "x" * 10_001}]), medicine())
    assert len(found.items) == 1
    assert "entries-refused" in found.warnings


def test_medicines_stand_in_groups_with_counts():
    found = record(
        "MedicationSummary",
        medicine(dosage=[{"text": "Take ONE", "patientInstruction": "with food"}]),
        medicine(state="on-hold"),
        medicine(state="intended"),
        medicine(state="not-taken"),
        medicine(state="unknown"),
        medicine(state="stopped", effectivePeriod={"end": "2026-09-01"}),
        medicine(state="stopped", effectivePeriod={"end": "2026-01-01"}),
        medicine(state="stopped"),
    )
    groups = [item.unit["group"] for item in found.items]
    assert groups == ["current", "on_hold", "planned", "not_given", "unknown", "stopped"]
    assert found.always["counts"] == {"current": 1, "onHold": 1, "recentlyStopped": 1}
    assert found.items[0].unit["dose"] == "Take ONE - with food"
    assert found.items[3].unit["doNotPerform"] is True


ACUTE = {
    "url": "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-PrescriptionType-1",
    "valueCodeableConcept": concept("acute", system="x"),
}


def test_an_acute_medicine_stays_twelve_months_and_another_six():
    ended = {"effectivePeriod": {"start": "2026-01-02", "end": "2026-01-09"}}
    found = record(
        "MedicationSummary",
        medicine(state="completed", extension=[ACUTE], **ended),
        medicine(state="completed", **ended),
    )
    (item,) = found.items
    assert item.unit["statementType"] == "acute"
    assert found.state.value == "only_inactive"


def test_a_medicine_takes_its_type_and_dose_from_its_plan():
    plan = medicine(
        kind="MedicationRequest", intent="plan", id="r",
        extension=[ACUTE], dosageInstruction=[{"text": "One at night"}],
    )  # fmt: skip
    found = record(
        "MedicationSummary", medicine(basedOn=[{"reference": "MedicationRequest/r"}]), plan
    )
    (item,) = found.items
    assert item.unit["dose"] == "One at night"
    assert item.unit["statementType"] == "acute"


def test_a_dose_in_structure_only_is_not_put_into_words():
    dose = [{"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}]}]
    found = record("MedicationSummary", medicine(dosage=dose))
    assert "dose" not in found.items[0].unit
    assert "dose-not-in-words" in found.warnings


def test_a_denied_medicine_list_with_a_stopped_medicine_is_not_none_known():
    found = record(
        "MedicationSummary",
        medicine(concept("787481004", "No known medications")),
        medicine(state="stopped", effectivePeriod={"end": "2026-10-01"}),
    )
    assert found.state.value == "only_inactive"
    assert len(found.items) == 1


def test_past_problems_stand_apart():
    found = record(
        "ProblemSummary", problem(), problem(clinical="resolved"), problem(clinical=None)
    )
    assert [i.unit["group"] for i in found.items] == ["current", "past", "unknown"]


def test_only_past_problems_are_only_inactive():
    assert record("ProblemSummary", problem(clinical="resolved")).state.value == "only_inactive"


def test_an_active_problem_with_an_end_is_said():
    found = record("ProblemSummary", problem(abatementDateTime="2020"))
    assert "active-with-end-date" in found.warnings
    assert found.items[0].unit["group"] == "current"


def test_a_vaccination_not_given_says_so_in_its_unit():
    found = record("ImmunisationSummary", vaccination(notGiven=True))
    assert found.items[0].unit["notGiven"] is True
    assert found.items[0].unit["group"] == "not_given"


def test_a_degraded_entry_keeps_its_text_and_is_announced():
    code = concept("196461000000101", "Transfer-degraded drug allergy", text="Trimethoprim")
    found = record("AllergySummary", allergy(code))
    assert found.items[0].unit["text"] == "Trimethoprim"
    assert found.items[0].unit["coding"][0]["display"] == "Transfer-degraded drug allergy"
    assert "degraded-entries" in found.warnings


def test_text_without_a_code_is_announced():
    assert "uncoded-entries" in record("AllergySummary", allergy({"text": "Plasters"})).warnings


def test_a_code_of_no_system_stays_as_it_is_and_counts_as_none():
    code = {"coding": [{"code": "91935009", "display": "Allergy to peanut"}]}
    found = record("AllergySummary", allergy(code))
    assert found.items[0].unit["coding"] == [{"code": "91935009", "display": "Allergy to peanut"}]
    assert "uncoded-entries" in found.warnings
    assert extract(record_of(allergy(code))).defects.counts["code_without_system"] == 1


def test_an_entry_without_a_name_stays_visible():
    found = record("AllergySummary", allergy({}))
    assert found.items[0].unit["text"] == "Not named in the source"
    assert "unnamed-entries" in found.warnings


def test_a_list_that_names_what_is_missing_is_announced():
    lists = listed("Allergies", "AllergyIntolerance/gone", "AllergyIntolerance/a")
    assert "entries-missing" in record("AllergySummary", allergy(id="a"), lists).warnings


def test_what_the_patient_may_not_have_leaves_no_mark():
    hidden = problem(meta={"security": [{"code": "NOPAT"}]})
    shown = record("ProblemSummary", problem(), hidden)
    assert len(shown.items) == 1
    assert shown.warnings == record("ProblemSummary", problem()).warnings
    assert record("ProblemSummary", hidden) is None


def test_an_excluded_kind_leaves_no_mark():
    found = extract(record_of(problem(), problem(concept("1", "Sensitive"))))
    summary = build(found, source=SOURCE, now=NOW, excluded=lambda e: e.concept.name == "Sensitive")
    assert summary.record("ProblemSummary") == record("ProblemSummary", problem())


@pytest.mark.parametrize(
    ("members", "day"),
    [
        ({"timestamp": "2026-10-05T10:00:00Z"}, "2026-10-05"),
        ({"meta": {"lastUpdated": "2026-10-04T10:00:00Z"}}, "2026-10-04"),
        ({"timestamp": "2030-01-01T00:00:00Z"}, "2026-11-01"),
        ({}, "2026-11-01"),
    ],
)
def test_as_of_is_the_source_s_own_day_and_never_in_the_future(members, day):
    assert str(record("AllergySummary", allergy(), **members).as_of) == day


def test_as_of_is_the_composition_s_before_the_bundle_s():
    told = {"resourceType": "Composition", "subject": WHO, "date": "2026-09-01"}
    found = record("AllergySummary", told, allergy(), timestamp="2026-10-05T10:00:00Z")
    assert str(found.as_of) == "2026-09-01"


def test_a_narrative_alone_makes_a_record_without_items():
    told = {
        "resourceType": "Composition",
        "section": [{"title": "Allergies", "text": {"div": "<div><p>Wasp sting</p></div>"}}],
    }
    found = record("AllergySummary", told)
    assert found.state.value == "narrative_only"
    assert found.items == ()
    assert "narrative-not-included" in found.warnings
