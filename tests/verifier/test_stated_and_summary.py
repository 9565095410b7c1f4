"""At the desk: an emergency summary never makes "none", and what a patient states stands apart."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fhir_way_out import assert_is_a_document, section_of, verified, written
from record_examples import AS_OF, SOURCE, SUBJECT, allergies, identity

from healthpassport.credential import Check, DeskState, Outcome, VerifiedIssuer
from healthpassport.summary import Item, Record, SectionState, definition
from verifier.cli.report import print_result
from verifier.service import comparisons, contradictions, summary_json
from verifier.service.matching import Expected, differences
from verifier.service.words import NONE_KNOWN, UNRELIABLE, allergy_heading, part_words
from verifier.web.comparing import compared
from verifier.web.pages import result_page
from verifier.web.rendering import render

HOSPITAL = VerifiedIssuer("https://hospital.example", "RXX01", "Example Hospital")
PENICILLIN = Item(
    {
        "text": "Penicillin",
        "section": "allergies",
        "entry": {
            "coding": [{"system": "http://snomed.info/sct", "code": "91936005"}],
            "clinicalStatus": "active",
            "reaction": [{"text": "Anaphylaxis", "severity": "severe"}],
        },
    }
)
NUTS = Item({"text": "Nuts", "section": "allergies", "entry": {"clinicalStatus": "resolved"}})
WARFARIN = Item(
    {
        "text": "Warfarin 3mg tablets",
        "section": "medications",
        "entry": {"group": "on_hold", "dose": "3 mg each evening", "doNotPerform": True},
    }
)
NONE = section_of(allergies(state=SectionState.NONE_KNOWN, items=()))


def short(*items, states=None, **changes):
    """An emergency summary as a desk has it."""
    rows = []
    for section in definition("EmergencySummary").unit_fields["section"].values:
        count = sum(item.unit["section"] == section for item in items)
        state = (states or {}).get(section, "items" if count else "not_recorded")
        rows.append({"section": section, "state": state, "count": count, "window": "all"})
    record = Record(
        "EmergencySummary",
        SOURCE,
        SectionState.ITEMS if items else SectionState.NO_INFORMATION,
        AS_OF,
        subject=SUBJECT,
        items=items,
        always={"deceased": False, "sections": rows},
    )
    return section_of(record, **changes)


def stated(*items, **changes):
    """What a patient states, as verification tells it."""
    record = Record(
        "PatientStated",
        replace(SOURCE, ods="SELF"),
        SectionState.ITEMS,
        AS_OF,
        subject=SUBJECT,
        items=items or (Item({"text": "I am allergic to wasps"}),),
    )
    parts = {
        "state": DeskState.NOT_CHECKED,
        "issuer": None,
        "source": None,
        "status": None,
        "trust_list_age": None,
        "status_list_age": None,
    }
    return section_of(record, **(parts | changes))


def page_of(*sections, cautions=()):
    summary = verified(*sections)

    class View:
        id, forget_at, differences = "x", None, None

    return render(
        "result.html",
        brand="Desk",
        organisation="Here",
        view=View(),
        page=result_page(summary),
        comparisons=compared(summary),
        cautions=cautions,
    )


def words_of(*sections):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page_of(*sections)))


# -- the heading over all sources ------------------------------------------------------------

WHOLE = section_of(allergies(items=(Item({"text": "Penicillin", "clinicalStatus": "active"}),)))
HEADINGS = [
    ("a known allergy in the summary alone", [short(PENICILLIN)], "Known allergies", True),
    ("none known in the summary alone", [short(states={"allergies": "none_known"})],
     "Allergies unavailable", True),
    ("none known by the list, an allergy in another summary",
     [NONE, short(PENICILLIN, issuer=HOSPITAL)], "Known allergies", True),
    ("none known by the list, a summary counts one that is hidden",
     [NONE, short(PENICILLIN, items=(), shown=0, state=DeskState.NOT_SHARED, issuer=HOSPITAL)],
     "Allergies unavailable", True),
    ("none known by the list, a failed summary",
     [NONE, replace(short(), state=DeskState.FAILED_CHECK, always=None, items=(), issuer=None)],
     "Allergies unavailable", True),
    ("none known by the list, withheld in a summary of another",
     [NONE, short(states={"allergies": "withheld"}, issuer=HOSPITAL)],
     "Allergies unavailable", True),
    ("none known by the list, narrative in a summary of another",
     [NONE, short(states={"allergies": "narrative_only"}, issuer=HOSPITAL)],
     "Allergies unavailable", True),
    ("none known by the list, only past ones in the summary",
     [NONE, short(NUTS, states={"allergies": "only_inactive"}, issuer=HOSPITAL)],
     NONE_KNOWN, False),
    ("none known by the list and by the summary",
     [NONE, short(states={"allergies": "none_known"})], NONE_KNOWN, False),
    ("a whole list and the summary of the same source", [WHOLE, short(PENICILLIN)],
     "Known allergies", False),
    ("a whole list and a summary of another day",
     [WHOLE, short(PENICILLIN, as_of=AS_OF + timedelta(days=1))], "Known allergies", True),
    ("a summary of somebody else",
     [replace(short(PENICILLIN), state=DeskState.NOT_MATCHED)], "Allergies unavailable", True),
    ("none known by the list, an allergy in the patient's own words", [NONE, stated()],
     NONE_KNOWN, False),
    ("an allergy in the patient's own words alone", [stated()], "Allergies unavailable", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sections", "heading", "incomplete"), [r[1:] for r in HEADINGS], ids=[r[0] for r in HEADINGS]
)
def test_a_summary_can_only_add_to_the_heading_and_own_words_do_nothing(
    sections, heading, incomplete
):
    found = allergy_heading(verified(*sections))
    assert (found.heading, found.incomplete) == (heading, incomplete)


# -- the emergency summary -------------------------------------------------------------------


def test_every_part_of_a_summary_is_named_with_its_state():
    told = dict(part_words(short(PENICILLIN, states={"pregnancy": "none_known"})))
    assert told["Allergies and adverse reactions"] == "1 of 1 shared"
    assert told["Contacts"] == "Not recorded at the source"
    assert len(told) == len(definition("EmergencySummary").derived)


def test_a_part_of_which_entries_are_held_back_says_how_many():
    part = short(PENICILLIN, WARFARIN, items=(WARFARIN,), shown=1, state=DeskState.PARTLY_SHARED)
    assert dict(part_words(part))["Allergies and adverse reactions"] == "0 of 1 shared"


@pytest.mark.parametrize(
    "changes",
    [
        {"old": True},
        {"state": DeskState.OUT_OF_DATE},
        {"state": DeskState.COULD_NOT_CHECK},
        {"warnings": ("data-in-transit",)},
        {"warnings": ("Words of the source",)},
    ],
)
def test_a_doubtful_summary_never_says_that_there_is_none(changes):
    doubtful = short(states={"allergies": "none_known"}, **changes)
    assert dict(part_words(doubtful))["Allergies and adverse reactions"] == UNRELIABLE
    assert "None known" not in words_of(doubtful)


def test_entries_stand_under_the_headings_of_their_own_records_with_all_that_belongs_to_them():
    words = words_of(section_of(identity()), short(PENICILLIN, WARFARIN))
    for expected in (
        "Emergency summary",
        f"{definition('MedicationSummary').labels['en'].clinical}: On hold",
        "Anaphylaxis (severe)",
        "3 mg each evening",
        "Do not give",
        "SNOMED CT 91936005",
        "May omit medicines from hospitals, clinics, pharmacies or shops.",
        "Not recorded may also mean of a kind that is left out.",
    ):
        assert expected in words, expected


def test_a_note_of_a_part_stands_where_the_part_is_told_of_and_nowhere_else():
    form = "A record is not the original form"
    assert form not in words_of(short(PENICILLIN))
    assert form in words_of(short(PENICILLIN, states={"advance_care": "no_information"}))
    notes = json.dumps(written(verified(section_of(identity()), short(WARFARIN))))
    assert "May omit medicines" in notes
    assert form not in notes


def test_a_summary_is_not_compared_with_another_source():
    two = verified(short(PENICILLIN), short(WARFARIN, issuer=HOSPITAL))
    assert comparisons(two) == ()


def test_a_summary_goes_out_in_words_alone():
    made = written(verified(section_of(identity()), short(PENICILLIN, WARFARIN)))
    assert_is_a_document(made)
    kinds = {entry["resource"]["resourceType"] for entry in made["entry"]}
    assert kinds == {"Composition", "Patient", "Organization", "Provenance"}
    text = json.dumps(made)
    assert "Allergies and adverse reactions: Penicillin" in text
    assert "3 mg each evening" in text
    assert "nilknown" not in text


def test_an_odd_entry_that_no_definition_knows_is_shown_as_it_stands():
    odd = replace(short(PENICILLIN), items=(Item({"text": "Odd", "section": "stars"}),))
    assert "Odd" in words_of(odd)


# -- what a patient states -------------------------------------------------------------------


def test_own_words_stand_last_under_their_label_and_name_no_source():
    words = words_of(section_of(identity()), stated(), section_of(allergies()))
    tail = words.rpartition("Stated by the patient")[2]
    assert words.index("Known allergies") < words.index("I am allergic to wasps")
    assert "Not checked" in tail
    assert "I am allergic to wasps" in tail
    assert "Nobody else vouches for them." in tail
    assert "Checked " not in tail.partition("Checked at")[0]
    assert "SELF" not in words
    assert 'desk-section--stated"' in page_of(stated())


def test_whoever_reads_no_known_allergies_first_is_told_at_once_that_the_patient_states_something():
    page = page_of(section_of(identity()), NONE, stated())
    glance = page.partition('aria-label="At a glance"')[2].partition("</section>")[0]
    assert "No known allergies" in glance
    assert "Not checked:" in glance
    assert "Stated by the patient" in glance
    assert "wasps" not in glance


def test_a_reading_keeps_its_value_and_day():
    item = Item({"text": "Blood pressure", "reading": "142/91 mmHg", "date": "2026-11-18"})
    words = words_of(section_of(identity()), stated(item))
    assert "142/91 mmHg" in words
    assert "2026-11-18" in words or "18-Nov-2026" in words


def test_own_words_that_are_not_matched_are_hidden():
    hidden = stated(state=DeskState.NOT_MATCHED, code="match.subject_mismatch")
    assert "wasps" not in words_of(section_of(identity()), hidden)


def test_own_words_never_say_who_the_person_is():
    other = {**SUBJECT, "familyName": "Otherwise"}
    only = result_page(verified(stated(subject=other)))
    assert only.banner is None
    both = result_page(verified(section_of(identity()), stated(subject=other)))
    assert both.banner is not None
    assert "OTHERWISE" not in both.banner.name
    summary = verified(section_of(identity()), stated(subject=other))
    assert contradictions(summary) == ()
    assert differences(Expected(family_name="Otherwise"), summary) == ("familyName",)


def test_own_words_are_left_out_of_fhir_and_the_document_says_so():
    made = written(verified(section_of(identity()), section_of(allergies()), stated()))
    assert_is_a_document(made)
    text = json.dumps(made)
    assert "wasps" not in text
    assert "Left out of this document" in text
    (section,) = [
        s for s in made["entry"][0]["resource"]["section"] if s["title"] == "Stated by the patient"
    ]
    assert section["emptyReason"]["coding"][0]["code"] == "unavailable"
    assert "entry" not in section
    provenances = [
        e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == "Provenance"
    ]
    assert "PatientStated" not in json.dumps(provenances)


def test_own_words_are_told_apart_in_the_api_and_by_the_command(capsys):
    told = summary_json(
        verified(
            section_of(identity()),
            stated(checks=(Check(4, "signature", Outcome.PASSED),)),
        )
    )
    row = next(s for s in told["sections"] if s["type"] == "PatientStated")
    assert (row["state"], row["issuer"], row["source"]) == ("not_checked", None, {})
    print_result(told)
    assert "Not checked: I am allergic to wasps" in capsys.readouterr().out
