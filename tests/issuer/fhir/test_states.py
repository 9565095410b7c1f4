"""What Lists, Compositions and narratives say where no entry speaks."""

from __future__ import annotations

import pytest
from fhir_examples import NOW, SOURCE, WHO, allergy, concept, listed, medicine, record_of

from issuer.fhir import extract
from issuer.fhir.telling import empty_reasons
from issuer.records import build

LOINC = "http://loinc.org"


def reason(code):
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": code}]}


def section(title, code, *, div=None, **members):
    found = {"title": title, "code": code, **members}
    if div is not None:
        found["text"] = {"status": "generated", "div": f"<div>{div}</div>"}
    return found


def composition(*sections, **members):
    return {"resourceType": "Composition", "subject": WHO, "section": list(sections), **members}


ALLERGIES = concept("48765-2", system=LOINC)
TABLE = "<table><thead><tr><th>Date</th><th>What</th></tr></thead><tbody>{}</tbody></table>"
WASP = TABLE.format("<tr><td>12-May-2020</td><td>Wasp sting</td></tr>")
NOTHING = TABLE.format(
    '<tr><td colspan="2">No relevant information available for this category.</td></tr>'
)
HEADER = {"coding": [{"code": "AllergiesHeader"}]}


def state(*resources, name="allergies"):
    return extract(record_of(*resources)).report()["state"][name]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("nilknown", "none_known"),
        ("withheld", "withheld"),
        ("unavailable", "no_information"),
        ("notasked", "no_information"),
        ("no-content-recorded", "no_information"),
        ("closed", "no_information"),
    ],
)
def test_an_empty_list_says_why(code, expected):
    empty = listed("Allergies", code="886921000000105", emptyReason=reason(code))
    assert state(empty) == expected
    within = section("Allergies", ALLERGIES, div="words", emptyReason=reason(code))
    assert state(composition(within)) == expected


def test_a_reason_in_words_only_is_read():
    empty = listed("Allergies", emptyReason={"text": "Nil known"})
    assert state(empty) == "none_known"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Allergies", "none_known"),
        ("Known allergies and intolerances", "none_known"),
        ("Drug allergies", "no_information"),
        ("Medication allergies", "no_information"),
        ("Family history: allergies", "no_information"),
        ("Past allergies", "no_information"),
    ],
)
def test_nil_known_of_a_part_never_covers_the_section(title, expected):
    empty = section(title, {"text": title}, emptyReason=reason("nilknown"))
    assert state(composition(empty)) == expected
    assert state(listed(title, emptyReason=reason("nilknown"))) == expected


def test_what_is_nil_known_of_a_part_is_told_with_that_part():
    empty = section("Drug allergies", {}, emptyReason={"text": "Nil known"})
    found = extract(record_of(composition(empty)))
    (row,) = empty_reasons(found, "allergies")
    assert (row["text"], row["kind"]) == ("Drug allergies: Nil known", "absent_info")


def test_a_section_that_is_nil_known_and_names_missing_entries_is_not_none_known():
    entry = [{"reference": "AllergyIntolerance/elsewhere"}]
    told = section("Allergies", ALLERGIES, emptyReason=reason("nilknown"), entry=entry)
    assert state(composition(told)) == "no_information"


def test_a_list_that_is_told_in_words_only_is_narrative_only():
    words = {"status": "generated", "div": "<div>Wasp sting</div>"}
    assert state(listed("Allergies", text=words)) == "narrative_only"
    assert state(listed("Allergies", text=words, emptyReason=reason("withheld"))) == "withheld"


@pytest.mark.parametrize("title", ["Current Allergy List", "Allergien", "Adverse reactions"])
def test_a_list_of_allergies_in_words_with_any_code_is_narrative_only(title):
    told = listed(title, code="1", text={"div": "<div><ul><li>Wasp sting</li></ul></div>"})
    assert state(told) == "narrative_only"


def test_nil_known_of_a_list_whose_code_nobody_reviewed_is_told_and_covers_nothing():
    empty = listed("Medication review", code="182836005", emptyReason=reason("nilknown"))
    assert state(empty, name="medications") == "no_information"


def test_nothing_said_is_not_recorded():
    assert state() == "not_recorded"
    assert state(listed("Allergies", code="886921000000105")) == "not_recorded"


def test_no_content_recorded_is_never_none_known():
    empty = listed("Allergies", code="886921000000105", emptyReason=reason("no-content-recorded"))
    ended = listed("Ended allergies", "#a", contained=[allergy(id="a", clinical="resolved")])
    assert state(empty) == "no_information"
    assert state(empty, ended) == "only_inactive"


def test_an_empty_list_of_ended_allergies_says_nothing_of_allergies():
    ended = listed("Ended allergies", code="1103671000000101", emptyReason=reason("nilknown"))
    assert state(ended) == "not_recorded"


def test_a_narrative_without_entries_is_narrative_only():
    scr = composition(section("Allergies and Adverse Reactions", HEADER, div=WASP))
    report = extract(record_of(scr)).report()
    assert report["state"]["allergies"] == "narrative_only"
    assert report["sections"]["allergies"] == {}
    (told,) = report["narrative"]
    assert told["rows"] == [["12-May-2020", "Wasp sting"]]
    assert len(told["sha256"]) == 64


def test_a_row_that_says_nothing_is_relevant_is_a_state_and_no_item():
    assert state(composition(section("Allergies", HEADER, div=NOTHING))) == "no_information"


def test_one_table_with_rows_outweighs_two_without():
    rows = [section(t, c, div=d) for t, c, d in (
        ("Acute", {"coding": [{"code": "AcuteMedsHeader"}]}, NOTHING),
        ("Repeat", {"coding": [{"code": "RepeatMedsHeader"}]}, WASP),
        ("Stopped", {"coding": [{"code": "DiscRepeatMedsHeader"}]}, NOTHING),
    )]  # fmt: skip
    assert state(composition(*rows), name="medications") == "narrative_only"


def test_a_narrative_whose_entries_stand_elsewhere_is_narrative_only():
    told = section("Allergies", ALLERGIES, div=WASP, entry=[{"reference": "AllergyIntolerance/a"}])
    report = extract(record_of(composition(told))).report()
    assert report["state"]["allergies"] == "narrative_only"
    assert report["narrative"][0]["rows"] == [["12-May-2020", "Wasp sting"]]
    assert state(composition(told | {"text": {}})) == "not_recorded"


def test_a_narrative_of_a_section_with_empty_parts_is_narrative_only():
    told = section("Allergies", ALLERGIES, div=WASP, section=[section("Food", None)])
    assert state(composition(told)) == "narrative_only"


NKA = allergy(concept("716186003", "No known allergy"), id="n")


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (listed("Allergies", "AllergyIntolerance/n"), "none_known"),
        (listed("Allergies", emptyReason=reason("nilknown")), "none_known"),
        (listed("Allergies", "AllergyIntolerance/n", "AllergyIntolerance/x"), "no_information"),
        (listed("Allergies", emptyReason=reason("notasked")), "no_information"),
        (listed("Allergies", emptyReason=reason("withheld")), "withheld"),
        (composition(section("Allergies", HEADER, div=WASP)), "narrative_only"),
    ],
)
def test_no_known_allergies_beside_a_list_with_more_to_tell_is_not_none_known(beside, expected):
    found = extract(record_of(NKA, beside))
    assert found.report()["state"]["allergies"] == expected
    issued = {r.type: r for r in build(found, source=SOURCE, now=NOW).records}
    assert issued["AllergySummary"].state == expected
    assert issued["AllergySummary"].negations


def test_a_missing_entry_of_another_section_leaves_none_known():
    other = listed("Medications", "MedicationStatement/x")
    assert state(NKA, other) == "none_known"


def test_entries_outrank_a_narrative():
    told = section("Allergies", ALLERGIES, div=WASP, entry=[{"reference": "AllergyIntolerance/a"}])
    assert state(composition(told), allergy(id="a")) == "items"


def test_a_section_without_a_known_code_is_known_by_its_title():
    told = section("Allergies and intolerances", concept("1", system="urn:local"), div=WASP)
    assert state(composition(told)) == "narrative_only"


def test_of_two_lists_that_disagree_the_more_careful_stands():
    none = listed("Allergies", emptyReason=reason("nilknown"))
    held = listed("Drug allergies", emptyReason=reason("withheld"))
    assert state(none, held) == "withheld"


def test_a_composition_in_error_says_nothing():
    told = composition(section("Allergies", HEADER, div=WASP), status="entered-in-error")
    assert state(told) == "not_recorded"


def test_warnings_of_the_source_travel():
    url = "https://x/Extension-CareConnect-GPC-ListWarningCode-1"
    warned = listed("Medications", extension=[{"url": url, "valueCode": "data-in-transit"}])
    scr = composition(
        section("Summary", None, div="One or more medications have been deliberately withheld.")
    )
    assert extract(record_of(warned, scr)).report()["warnings"] == [
        "data-in-transit",
        "deliberately-withheld",
    ]


@pytest.mark.parametrize("broken", ["<table><tr><td>Wasp", "<td>Wasp</tr>", "Wasp", "<<>>Wasp</"])
def test_broken_markup_gives_its_text(broken):
    report = extract(record_of(composition(section("Allergies", HEADER, div=broken)))).report()
    assert "Wasp" in str(report["narrative"][0]["rows"])
    assert report["state"]["allergies"] == "narrative_only"


@pytest.mark.parametrize("held", ["on-hold", "intended", "not-taken", "unknown"])
def test_medicines_apart_from_active_ones_make_items_too(held):
    assert state(medicine(state=held), name="medications") == "items"


def test_only_stopped_medicines_are_only_inactive():
    assert state(medicine(state="stopped"), name="medications") == "only_inactive"


def test_only_entries_in_error_leave_not_recorded():
    assert state(medicine(state="entered-in-error"), name="medications") == "not_recorded"
