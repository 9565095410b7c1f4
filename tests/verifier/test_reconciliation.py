"""Several sources side by side: nothing merged, every difference marked, no false comfort."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk_world import full_wallet, opened, post
from fhir_way_out import NOW, section_of, verified
from hypothesis import given
from hypothesis import strategies as st
from record_examples import LATEX, PENICILLIN, SUBJECT, allergies, medicines

from healthpassport.credential import (
    DeskState,
    Verdict,
    VerifiedIssuer,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.summary import Item, SectionState
from verifier.service import Expected, comparisons, contradictions
from verifier.service.words import NONE_KNOWN, STILL_WHOLE, allergy_heading
from verifier.web.comparing import cautions, compared
from verifier.web.pages import result_page
from verifier.web.rendering import render

HOSPITAL = VerifiedIssuer("https://hospital.example", "RXX01", "Example Hospital")
WARFARIN = {"text": "Warfarin 3 mg tablets", "group": "current", "status": "active"}
CODED = {"coding": [{"system": "http://snomed.info/sct", "code": "375374009"}]}
EMPTY_UNKNOWN = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK"}]
}


def medicine_list(*units, issuer=None, **changes):
    record = replace(medicines(), items=tuple(Item(unit) for unit in units))
    section = section_of(record, **changes)
    return section if issuer is None else replace(section, issuer=issuer)


def only(*sections):
    (found,) = comparisons(verified(*sections))
    return found


def test_the_same_code_with_another_dose_is_marked():
    found = only(
        medicine_list({**WARFARIN, **CODED, "dose": "3 mg at night"}),
        medicine_list({**WARFARIN, **CODED, "dose": "5 mg at night"}, issuer=HOSPITAL),
    )
    (row,) = found.rows
    assert row.differing == ("dose",)
    assert [cell[0].unit["dose"] for cell in row.cells] == ["3 mg at night", "5 mg at night"]
    assert not row.missing


def test_another_status_is_marked_and_another_spelling_is_not():
    found = only(
        medicine_list({**WARFARIN, "dose": "3 MG  at night"}),
        medicine_list({**WARFARIN, "dose": "3 mg at night", "status": "stopped"}, issuer=HOSPITAL),
    )
    assert found.rows[0].differing == ("status",)


def test_a_medicine_that_one_source_has_is_marked():
    found = only(medicine_list(WARFARIN), medicine_list(issuer=HOSPITAL))
    (row,) = found.rows
    assert (row.missing, row.certain, row.cells[1]) == (True, True, ())


@pytest.mark.parametrize(
    "changes",
    [
        {"state": DeskState.PARTLY_SHARED, "total": 3},
        {"state": DeskState.OUT_OF_DATE},
        {"state": DeskState.COULD_NOT_CHECK},
        {"old": True},
        {"warnings": ("data-in-transit",)},
    ],
)
def test_a_list_that_is_not_whole_never_says_that_it_lacks_something(changes):
    found = only(medicine_list(WARFARIN), medicine_list(issuer=HOSPITAL, **changes))
    assert found.rows[0].missing
    assert not found.rows[0].certain


@pytest.mark.parametrize(
    "state", [DeskState.FAILED_CHECK, DeskState.NOT_MATCHED, DeskState.NOT_SHARED]
)
def test_what_may_not_be_read_is_not_compared(state):
    hidden = medicine_list(WARFARIN, issuer=HOSPITAL, state=state)
    assert comparisons(verified(medicine_list(WARFARIN), hidden)) == ()


def test_one_source_alone_is_not_compared():
    assert comparisons(verified(medicine_list(WARFARIN))) == ()


def test_an_unknown_code_puts_no_two_medicines_side_by_side():
    found = only(
        medicine_list({**EMPTY_UNKNOWN, "text": "Aspirin"}),
        medicine_list({**EMPTY_UNKNOWN, "text": "Warfarin"}, issuer=HOSPITAL),
    )
    assert len(found.rows) == 2


UNITS = st.lists(
    st.fixed_dictionaries(
        {"text": st.sampled_from(["Aspirin", "Warfarin", "Insulin"])},
        optional={
            "dose": st.sampled_from(["1", "2"]),
            "coding": st.lists(
                st.fixed_dictionaries({"code": st.sampled_from("abcd")}), min_size=1, max_size=2
            ),
        },
    ),
    max_size=4,
)


@given(st.lists(UNITS, min_size=2, max_size=3))
def test_every_entry_stands_exactly_once_in_its_own_column(lists):
    found = only(*(medicine_list(*units) for units in lists))
    for column, units in enumerate(lists):
        cells = [item for row in found.rows for item in row.cells[column]]
        assert sorted(map(str, (dict(i.unit) for i in cells))) == sorted(map(str, units))


# -- who it is ------------------------------------------------------------------------------


def test_records_that_name_the_person_differently_are_told():
    married = allergies(subject=SUBJECT | {"familyName": "Newname"})
    summary = verified(section_of(allergies()), section_of(married))
    assert contradictions(summary) == ("familyName",)
    assert contradictions(verified(section_of(allergies()))) == ()


def test_each_difference_from_the_person_admitted_is_a_warning(world, desk):
    wallet = full_wallet(world)
    expected = Expected(family_name="Other", birth_date="1958-07-14", nhs_number="999 000 0026")
    view = desk.ask("emergency_admission", desk="ward", expected=expected)
    request = wallet.read(desk, view.link, desk.lists.views(view.created_at).trust)
    post(desk, view, wallet.answer(request))
    told = cautions(desk.look(view.id, desk="ward"))
    assert [words.partition(" is not")[0] for words in told] == [
        "The family name",
        "The NHS number",
    ]


def test_where_nobody_was_expected_there_is_no_warning(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    assert cautions(desk.look(view.id, desk="ward")) == ()


# -- the page -------------------------------------------------------------------------------


def test_the_page_shows_the_sources_side_by_side():
    summary = verified(
        medicine_list({**WARFARIN, "dose": "3 mg <b>"}),
        medicine_list({**WARFARIN, "doNotPerform": True, "group": "not_given"}, issuer=HOSPITAL),
    )

    class View:
        id, forget_at = "a", None

    page = render(
        "result.html",
        brand="Desk",
        organisation="Here",
        view=View(),
        page=result_page(summary),
        comparisons=compared(summary),
        cautions=("The family name is not that of the person admitted.",),
    )
    assert "sources side by side" in page
    assert "Example Hospital, as of" in page
    assert "3 mg &lt;b&gt;" in page
    assert "Differs: " in page
    assert "Do not give" in page
    assert "family name is not that" in page
    assert "Save as FHIR" in page


# -- the heading over all sources -----------------------------------------------------------

WARNINGS = st.lists(
    st.sampled_from(
        [*sorted(STILL_WHOLE), "data-in-transit", "deliberately-withheld", "Own words"]
    ),
    max_size=2,
)
LISTS = st.builds(
    lambda state, items, old, warnings, total: VerifiedSection(
        query_id="a",
        record_type="AllergySummary",
        state=state,
        items=tuple(items),
        shown=len(items),
        total=max(total, len(items)),
        old=old,
        warnings=tuple(warnings),
        issuer=HOSPITAL,
    ),
    st.sampled_from(DeskState),
    st.lists(
        st.sampled_from([PENICILLIN, LATEX, Item({"text": "x", "clinicalStatus": "resolved"})])
    ),
    st.booleans(),
    WARNINGS,
    st.integers(0, 4),
)
WHOLE_STATES = {
    DeskState.NONE_KNOWN,
    DeskState.NO_INFORMATION,
    DeskState.NOT_RECORDED,
    DeskState.ONLY_INACTIVE,
}


@given(st.lists(LISTS, max_size=4))
def test_no_known_allergies_needs_every_source_whole_fresh_checked_and_one_that_asserts_it(lists):
    summary = VerifiedSummary(Verdict.ACCEPTED, tuple(lists), NOW, timedelta())
    if allergy_heading(summary).heading == NONE_KNOWN:
        assert {s.state for s in lists} <= WHOLE_STATES
        assert DeskState.NONE_KNOWN in {s.state for s in lists}
        assert not any(s.old for s in lists)
        assert all(set(s.warnings) <= STILL_WHOLE for s in lists)
        assert not any(
            i.unit.get("clinicalStatus") not in {"inactive", "resolved"}
            for s in lists
            for i in s.items
        )


@given(st.lists(LISTS, max_size=4))
def test_a_readable_active_allergy_always_reads_known_allergies(lists):
    summary = VerifiedSummary(Verdict.ACCEPTED, tuple(lists), NOW, timedelta())
    hidden = {
        *(DeskState.FAILED_CHECK, DeskState.NOT_MATCHED),
        *(DeskState.NOT_SHARED, DeskState.NOT_ASKED_FOR, DeskState.NOT_CHECKED),
    }
    active = any(
        i.unit.get("clinicalStatus") not in {"inactive", "resolved"}
        for s in lists
        if s.state not in hidden
        for i in s.items
    )
    assert (allergy_heading(summary).heading == "Known allergies") is active


def test_none_known_beside_a_source_that_was_not_shared_is_unavailable():
    none = section_of(allergies(state=SectionState.NONE_KNOWN, items=()))
    silent = VerifiedSection("b", "AllergySummary", DeskState.NOT_SHARED)
    assert allergy_heading(verified(none, silent)).heading == "Allergies unavailable"


TOLD = Item({"text": "Allergies and Adverse Reactions", "section": "allergies"})
OTHERS = Item({"text": "Diagnoses", "section": "problems"})
NOTES = [
    ("told", {"state": DeskState.ITEMS, "items": (TOLD,), "shown": 1, "total": 1}, True),
    ("of others", {"state": DeskState.ITEMS, "items": (OTHERS,), "shown": 1, "total": 1}, False),
    (
        "in part",
        {"state": DeskState.PARTLY_SHARED, "items": (OTHERS,), "shown": 1, "total": 2},
        True,
    ),
    ("none of 2", {"state": DeskState.NOT_SHARED, "total": 2}, True),
    ("failed", {"state": DeskState.FAILED_CHECK}, True),
    ("not matched", {"state": DeskState.NOT_MATCHED}, True),
    ("old", {"state": DeskState.OUT_OF_DATE, "items": (TOLD,), "shown": 1, "total": 1}, True),
    ("not answered", {"state": DeskState.NOT_SHARED}, False),
    ("not asked", {"state": DeskState.NOT_ASKED_FOR}, False),
]


@pytest.mark.parametrize(("parts", "doubt"), [r[1:] for r in NOTES], ids=[r[0] for r in NOTES])
def test_notes_in_words_of_another_source_may_tell_of_allergies(parts, doubt):
    none = section_of(allergies(state=SectionState.NONE_KNOWN, items=()))
    notes = VerifiedSection(query_id="n", record_type="NarrativeSummary", issuer=HOSPITAL, **parts)
    found = allergy_heading(verified(none, notes))
    assert found.heading == ("Allergies unavailable" if doubt else NONE_KNOWN)
    assert bool(found.reasons) is doubt
    some = allergy_heading(verified(section_of(allergies()), notes))
    assert (some.heading, some.incomplete) == ("Known allergies", doubt)
