"""A summary made of other records is refused wherever it says what they could not say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from record_examples import AS_OF, SOURCE, SUBJECT

from healthpassport.errors import RecordError
from healthpassport.summary import (
    Item,
    Record,
    SectionState,
    definition,
    from_payload,
    to_payload,
    validate,
)

PENICILLIN = Item(
    {
        "text": "Penicillin",
        "section": "allergies",
        "entry": {"clinicalStatus": "active", "criticality": "high"},
    }
)
WARFARIN = Item(
    {
        "text": "Warfarin 3mg tablets",
        "section": "medications",
        "entry": {"group": "current", "dose": "3 mg each evening", "doNotPerform": True},
    }
)


def told(**counts):
    """The states of all sections: items where there is a count, else not recorded."""
    known = definition("EmergencySummary")
    return [
        {
            "section": section,
            "state": "items" if counts.get(section) else "not_recorded",
            "count": counts.get(section, 0),
            "window": "all",
        }
        for section in known.unit_fields["section"].values
    ]


def summary(*items, sections=None, **changes):
    counts = {}
    for item in items:
        section = item.unit.get("section", "")
        counts[section] = counts.get(section, 0) + 1
    made = Record(
        "EmergencySummary",
        SOURCE,
        SectionState.ITEMS if items else SectionState.NO_INFORMATION,
        AS_OF,
        subject=SUBJECT,
        items=items,
        always={"deceased": False, "sections": sections or told(**counts)},
    )
    return replace(made, **changes)


def refusal(record):
    with pytest.raises(RecordError) as caught:
        validate(record)
    return caught.value.code


def with_entry(item, **members):
    return Item(item.unit | {"entry": item.unit["entry"] | members})


def with_section(rows, name, **members):
    return [row | members if row["section"] == name else row for row in rows]


def test_a_summary_of_sound_entries_is_accepted_and_comes_back_as_it_went():
    made = summary(PENICILLIN, WARFARIN)
    assert from_payload(to_payload(made)).items == made.items


def test_everything_that_belongs_to_an_entry_stands_in_its_unit():
    known = definition("EmergencySummary")
    assert not known.item_fields
    assert ("items", None) in known.disclosures
    assert not any(len(path) > 2 for path in known.disclosures)
    assert ("sections",) not in known.disclosures


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (with_entry(PENICILLIN, verificationStatus="refuted"), "record.value"),
        (with_entry(PENICILLIN, verificationStatus="entered-in-error"), "record.value"),
        (with_entry(PENICILLIN, dose="3 mg"), "record.member_unknown"),
        (with_entry(WARFARIN, doNotPerform="no"), "record.value"),
        (with_entry(PENICILLIN, text="Latex"), "record.value"),
        (Item(PENICILLIN.unit | {"section": "results"}), "record.value"),
        (Item({"section": "allergies"}), "record.member_missing"),
        (Item({"text": "Penicillin"}), "record.member_missing"),
        (Item(PENICILLIN.unit, {"onset": "2001"}), "record.member_unknown"),
    ],
)
def test_an_entry_that_its_own_record_could_not_hold_is_refused(item, code):
    section = item.unit.get("section", "allergies")
    assert refusal(summary(item, sections=told(**{section: 1}))) == code


@pytest.mark.parametrize("state", ["none_known", "not_recorded", "no_information", "withheld"])
def test_a_section_with_a_current_entry_never_says_that_there_is_none(state):
    sections = with_section(told(allergies=1), "allergies", state=state)
    assert refusal(summary(PENICILLIN, sections=sections)) == "record.state"


@pytest.mark.parametrize("count", [0, 2])
def test_a_section_counts_exactly_its_entries(count):
    sections = with_section(told(allergies=1), "allergies", count=count)
    assert refusal(summary(PENICILLIN, sections=sections)) in {"record.count", "record.state"}


def test_counts_that_only_add_up_together_are_refused():
    sections = told(medications=2)
    sections = with_section(sections, "allergies", state="none_known")
    assert refusal(summary(PENICILLIN, WARFARIN, sections=sections)) == "record.count"


@pytest.mark.parametrize(
    "sections",
    [
        told()[1:],
        [*told(), told()[0]],
        told()[::-1],
        with_section(told(), "allergies", section="results"),
    ],
)
def test_every_section_is_told_of_once_and_in_order(sections):
    assert refusal(summary(sections=sections)) == "record.value"


def test_a_summary_holds_no_row_that_denies():
    row = Item({"text": "No known allergies", "kind": "negated"})
    assert refusal(summary(negations=(row,))) == "record.member_unknown"


@pytest.mark.parametrize("state", ["none_known", "not_recorded", "withheld", "narrative_only"])
def test_a_summary_as_a_whole_never_says_what_only_a_section_can_say(state):
    sections = [row | {"state": "none_known"} for row in told()]
    assert refusal(summary(sections=sections, state=SectionState(state))) == "record.state"


def shown(payload, *names):
    """What is left of ``payload`` where only the entries called ``names`` are disclosed."""
    kept = [row for row in payload["items"] if row["unit"]["text"] in names]
    return {**payload, "items": kept}


def test_a_part_of_a_summary_still_tells_how_many_there_are_in_each_section():
    payload = to_payload(summary(PENICILLIN, WARFARIN))
    found = from_payload(shown(payload, "Warfarin 3mg tablets"))
    assert (found.shown, found.item_count) == (1, 2)
    rows = {row["section"]: (row["state"], row["count"]) for row in found.always["sections"]}
    assert rows["allergies"] == ("items", 1)


def test_more_entries_than_a_section_counts_are_refused_even_in_part():
    payload = to_payload(summary(PENICILLIN, WARFARIN))
    payload["sections"] = told(medications=2)
    with pytest.raises(RecordError) as caught:
        from_payload(shown(payload, "Penicillin"))
    assert caught.value.code in {"record.count", "record.state"}
