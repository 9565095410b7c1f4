"""The emergency summary says what the section records say, and no word more or less."""

from __future__ import annotations

import pytest
from fhir_examples import (
    IPS,
    NOW,
    PATIENT,
    SNOMED,
    SOURCE,
    WHO,
    allergy,
    bundle,
    concept,
    data,
    listed,
    medicine,
    problem,
    status,
)
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from healthpassport.summary import SectionState, definition, to_payload
from issuer.fhir import extract
from issuer.fhir.exclusion import exclusion
from issuer.fhir.sensitive import SensitiveCodes
from issuer.records import build
from issuer.records.emergency import MAX_ENTRIES

HIDDEN = concept("999000001", "A made-up kind")
NONE = allergy(concept("no-known-allergies", "No known allergies", system=IPS))
NO_DRUG = allergy(concept("no-known-medication-allergies", "No drug allergy", system=IPS))
CODES = SensitiveCodes(NOW, frozenset({(SNOMED, "999000001")}), ())


def built(*resources, codes=None):
    extraction = extract(data(bundle(PATIENT, *resources)))
    excluded = exclusion(codes, extraction.index) if codes else (lambda _entry: False)
    return build(extraction, source=SOURCE, now=NOW, excluded=excluded)


def said(summary):
    """State and count of each section of the emergency summary."""
    rows = summary.record("EmergencySummary").always["sections"]
    return {row["section"]: (row["state"], row["count"]) for row in rows}


def mirrors(summary):
    """Whether each section of the summary has the state, count and units of its own record."""
    short = summary.record("EmergencySummary")
    for name in definition("EmergencySummary").derived:
        section, own = definition(name).section, summary.record(name)
        entries = [item.unit for item in short.items if item.unit["section"] == section]
        units = [{"text": u["text"], **u.get("entry", {})} for u in entries]
        if own is None:
            assert said(summary)[section] == ("not_recorded", 0)
            assert not units
        else:
            assert said(summary)[section] == (own.state.value, len(own.items))
            assert units == [item.unit for item in own.items]
            assert set(own.warnings) <= set(short.warnings)
            assert own.subject == short.subject
    return True


def test_every_section_has_the_state_the_count_and_the_units_of_its_own_record():
    summary = built(
        allergy(criticality="high", verificationStatus=status("confirmed")),
        medicine(dosage=[{"text": "ONE each morning"}]),
        medicine(concept("1", "Warfarin"), "not-taken"),
        problem(),
        problem(concept("2", "Old trouble"), "resolved"),
        {"resourceType": "RelatedPerson", "patient": WHO, "name": [{"text": "Sam Example"}]},
    )
    assert mirrors(summary)
    assert summary.record("EmergencySummary").state is SectionState.ITEMS


def test_a_modifier_stays_with_its_entry():
    summary = built(medicine(kind="MedicationRequest", doNotPerform=True, intent="order"))
    (item,) = summary.record("EmergencySummary").items
    assert item.unit["entry"]["doNotPerform"] is True
    assert not item.fields


@pytest.mark.parametrize(
    ("resources", "state"),
    [
        ((NONE,), "none_known"),
        ((NO_DRUG,), "no_information"),
        ((allergy(clinical="resolved"),), "only_inactive"),
        ((allergy(modifierExtension=[{"url": "x"}]),), "withheld"),
        ((NONE, allergy(modifierExtension=[{"url": "x"}])), "withheld"),
        ((listed("Allergies", emptyReason={"coding": [{"code": "withheld"}]}),), "withheld"),
        ((listed("Allergies", emptyReason={"coding": [{"code": "notasked"}]}),), "no_information"),
        ((listed("Allergies", text={"div": "<div>Wasps</div>"}),), "narrative_only"),
        ((), "not_recorded"),
    ],
)
def test_no_absence_in_the_summary_says_more_than_the_list_itself(resources, state):
    summary = built(problem(), *resources)
    assert mirrors(summary)
    assert said(summary)["allergies"] == (state, 0)


def test_a_summary_without_a_current_entry_says_no_information_as_a_whole():
    assert built(NONE).record("EmergencySummary").state is SectionState.NO_INFORMATION


def test_a_person_of_whom_no_section_is_told_has_no_summary():
    assert built().record("EmergencySummary") is None
    assert built({"resourceType": "Procedure", "status": "completed", "subject": WHO,
                  "code": {"text": "A"}}).record("EmergencySummary") is None  # fmt: skip


def test_more_than_a_summary_holds_makes_none_and_never_a_part():
    many = [problem(concept(str(n), f"Trouble {n}")) for n in range(MAX_ENTRIES)]
    assert len(built(*many).record("EmergencySummary").items) == MAX_ENTRIES
    assert built(*many, allergy()).record("EmergencySummary") is None


def test_warnings_of_every_part_travel_with_the_whole():
    degraded = allergy(concept("196461000000101", "Transfer-degraded drug allergy", text="Rash"))
    summary = built(degraded, problem())
    assert "degraded-entries" in summary.record("EmergencySummary").warnings


def test_a_person_who_has_died_is_said_to_have_died():
    held = bundle({**PATIENT, "deceasedBoolean": True}, problem())
    summary = build(extract(data(held)), source=SOURCE, now=NOW)
    assert summary.record("EmergencySummary").always["deceased"] is True


# -- what a practice holds back --------------------------------------------------------------


def test_a_hidden_kind_reads_like_one_that_is_not_there():
    beside = (problem(), medicine())
    hidden, never = built(allergy(HIDDEN), *beside, codes=CODES), built(*beside, codes=CODES)
    assert said(hidden) == said(never)
    assert said(hidden)["allergies"] == ("not_recorded", 0)


def test_a_hidden_allergy_beside_none_known_is_not_told_and_never_reads_as_none():
    summary = built(NONE, allergy(HIDDEN), problem(), codes=CODES)
    assert said(summary)["allergies"] == ("not_recorded", 0)


RESOURCES = st.lists(
    st.sampled_from(
        [
            allergy(),
            allergy(HIDDEN),
            allergy(clinical="resolved"),
            NONE,
            NO_DRUG,
            medicine(),
            medicine(HIDDEN, "stopped"),
            medicine(concept("no-known-medications", system=IPS)),
            problem(),
            problem(HIDDEN),
            problem(clinical="inactive"),
            problem(meta={"security": [{"code": "NOPAT"}]}),
            allergy(modifierExtension=[{"url": "x"}]),
            listed("Allergies", emptyReason={"coding": [{"code": "nilknown"}]}),
        ]
    ),
    max_size=6,
)


@given(RESOURCES)
@limits(max_examples=150, deadline=None)
def test_whatever_a_source_holds_the_summary_mirrors_the_records(held):
    summary = built(*held, codes=CODES)
    if summary.record("EmergencySummary") is not None:
        assert mirrors(summary)


@given(RESOURCES)
@limits(max_examples=100, deadline=None)
def test_a_section_reads_as_none_only_where_its_own_record_says_so_and_nothing_was_left_out(held):
    summary = built(*held, codes=CODES)
    if summary.record("EmergencySummary") is None:
        return
    hidden = {"AllergyIntolerance": "allergies", "MedicationStatement": "medications"}
    for resource in held:
        left_out = HIDDEN in resource.values() or resource.get("modifierExtension")
        if left_out and (section := hidden.get(resource["resourceType"])):
            assert said(summary)[section][0] != "none_known"


@given(RESOURCES)
@limits(max_examples=60, deadline=None)
def test_the_summary_of_what_is_left_is_the_summary_of_a_source_without_it(held):
    kept = [r for r in held if HIDDEN not in r.values()]
    denies = NONE in kept or "nilknown" in str(kept) or "no-known-medications" in str(kept)
    if len(kept) < len(held) and denies:
        return  # a denial beside a hidden entry goes as well: tested above
    with_it, without = built(*held, codes=CODES), built(*kept, codes=CODES)
    short, other = (s.record("EmergencySummary") for s in (with_it, without))
    assert (short is None) is (other is None)
    if short:
        assert to_payload(short) == to_payload(other)
