"""The way out to FHIR: nothing is lost, nothing is made up, and no absence comes from silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fhir_way_out import (
    ISSUER,
    NOW,
    assert_is_a_document,
    composed,
    everything,
    read_again,
    resources,
    section_of,
    told_again,
    verified,
    walk,
    written,
)
from hypothesis import given
from hypothesis import strategies as st
from record_examples import LATEX, NO_ALLERGIES, PENICILLIN, SOURCE, allergies, identity, medicines
from shared_inputs import SHARED
from verification_world import Desk, Surgery, present

from healthpassport.credential import DeskState, VerifiedSection
from healthpassport.errors import ServiceError, SourceError
from healthpassport.keys.signer import generate_signer
from healthpassport.summary import Item, SectionState, definition
from issuer.fhir import extract
from issuer.records import build
from schemas.queries import templates
from verifier.fhir.values import moment

IN_WORDS = {"NarrativeSummary", "EmergencySummary"}  # no resource of FHIR is made of these
DEMO = sorted((Path(__file__).resolve().parents[2] / "demo" / "patients").glob("*.json"))
PUBLISHED = sorted((SHARED / "fhir").rglob("*.json")) if SHARED.exists() else []
NONE = allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,))
# Told in words, or in an extension, where R4 has no place: compared apart.
ELSEWHERE = {"prescriberOds", "repeats", "priorities", "lpaHolder", "notes", "interpreterLanguage"}
HIDDEN = (
    DeskState.FAILED_CHECK,
    DeskState.NOT_MATCHED,
    DeskState.NOT_SHARED,
    DeskState.NOT_ASKED_FOR,
)


def document(*sections, **more):
    return written(verified(section_of(identity()), *sections), **more)


def reason(found):
    return found["emptyReason"]["coding"][0]["code"]


def comparable(values):
    """A False that nobody said is no difference."""
    return {name: value for name, value in values.items() if value is not False}


def quantities(values):
    """A value whose digits JSON would change goes out in words, a code without blanks round it."""
    value = values.get("value")
    if "coding" in values:
        trimmed = [{name: text.strip() for name, text in c.items()} for c in values["coding"]]
        values = {**values, "coding": trimmed}
    if isinstance(value, dict) and "coding" not in value:
        return {**values, "value": " ".join(str(part) for part in value.values())}
    return dict(values)


# -- nothing is lost ------------------------------------------------------------------------


@pytest.mark.parametrize("path", DEMO, ids=[path.stem for path in DEMO])
def test_from_bundle_to_record_to_presentation_to_fhir_nothing_is_lost(path):
    summary = build(extract(path.read_bytes()), source=SOURCE, now=NOW)
    surgery, holder = Surgery(), generate_signer()
    desk = Desk((surgery,))
    asked = {s.definition.type: s.id for s in templates()[desk.template].sections}
    answers = {
        asked[record.type]: present(surgery.issue(record, holder), holder)
        for record in summary.records
        if record.type in asked
    }
    shown = desk.verify(answers)
    assert shown.codes == ()
    made = written(shown)
    assert_is_a_document(made)
    again = read_again(made)
    for record in summary.records:
        if record.type in asked and record.type not in IN_WORDS:
            section = shown.section(record.type)
            assert [item.unit for item in section.items] == [item.unit for item in record.items]
            assert_stands_in(section, again)


def assert_stands_in(section, again):
    known = definition(section.record_type)
    if not known.has_items:
        return
    told = told_again(again, known.section)
    units = [quantities(comparable(unit)) for unit, _ in told]
    for item in section.items:
        unit = quantities(comparable(item.unit))
        assert unit in units
        kept = {name: value for name, value in item.fields.items() if name not in ELSEWHERE}
        rest = [fields for (_, fields), found in zip(told, units, strict=True) if found == unit]
        assert any(kept.items() <= fields.items() for fields in rest)


@pytest.mark.shared
@pytest.mark.skipif(not PUBLISHED, reason="the published examples do not stand beside the checkout")
def test_every_published_example_comes_back_as_it_was():
    count = 0
    for path in PUBLISHED:
        try:
            summary = build(extract(path.read_bytes()), source=SOURCE, now=NOW)
        except SourceError:
            continue
        made = everything(summary)
        assert_is_a_document(made)
        again = read_again(made)
        for record in summary.records:
            if record.type not in IN_WORDS:
                assert_stands_in(section_of(record), again)
        rebuilt = build(again, source=SOURCE, now=NOW)
        for record in summary.records:
            assert_no_comfort(record, rebuilt.record(record.type))
        count += 1
    assert count > 100


def assert_no_comfort(record, rebuilt):
    """None known comes out only of none known."""
    if rebuilt is not None and rebuilt.state is SectionState.NONE_KNOWN:
        assert record.state is SectionState.NONE_KNOWN


def test_who_the_person_is_comes_back_as_it_was():
    made = everything(build(extract(DEMO[0].read_bytes()), source=SOURCE, now=NOW))
    before = build(extract(DEMO[0].read_bytes()), source=SOURCE, now=NOW).record("PatientIdentity")
    after = build(read_again(made), source=SOURCE, now=NOW).record("PatientIdentity")
    assert after.subject == before.subject
    assert after.always == before.always


def test_writing_twice_gives_the_same_document():
    assert document(section_of(allergies())) == document(section_of(allergies()))


# -- states ---------------------------------------------------------------------------------

EMPTY = [
    ("none known", section_of(NONE), "nilknown-or-entry"),
    ("without a row", section_of(replace(NONE, negations=())), "nilknown"),
    ("old", section_of(replace(NONE, negations=()), old=True), "unavailable"),
    ("no information", section_of(replace(NONE, negations=()), state=DeskState.NO_INFORMATION), ""),
    ("not recorded", section_of(replace(NONE, negations=()), state=DeskState.NOT_RECORDED), ""),
    ("withheld", section_of(replace(NONE, negations=()), state=DeskState.WITHHELD), "withheld"),
    ("narrative", section_of(replace(NONE, negations=()), state=DeskState.NARRATIVE_ONLY), ""),
    ("inactive", section_of(replace(NONE, negations=()), state=DeskState.ONLY_INACTIVE), ""),
    ("not asked", VerifiedSection("", "AllergySummary", DeskState.NOT_ASKED_FOR), "notasked"),
    ("not shared", VerifiedSection("a", "AllergySummary", DeskState.NOT_SHARED), ""),
    ("0 of 3", VerifiedSection("a", "AllergySummary", DeskState.NOT_SHARED, total=3), "withheld"),
    ("failed", section_of(allergies(), state=DeskState.FAILED_CHECK), ""),
    ("not matched", section_of(allergies(), state=DeskState.NOT_MATCHED), ""),
    ("could not check", section_of(replace(NONE), state=DeskState.COULD_NOT_CHECK), ""),
    ("out of date", section_of(replace(NONE), state=DeskState.OUT_OF_DATE), ""),
    (
        "some withheld",
        section_of(replace(NONE, warnings=("deliberately-withheld",))),
        "unavailable",
    ),
]


@pytest.mark.parametrize(("section", "code"), [r[1:] for r in EMPTY], ids=[r[0] for r in EMPTY])
def test_each_state_gives_its_reason(section, code):
    found = composed(document(section), "Allergies and adverse reactions")
    if code == "nilknown-or-entry":
        assert len(found["entry"]) == 1
        return
    assert "entry" not in found
    assert reason(found) == (code or "unavailable")


def test_a_part_of_a_list_says_how_much_of_it():
    part = section_of(allergies(items=(LATEX,)), state=DeskState.PARTLY_SHARED, total=5)
    found = composed(document(part), "Allergies and adverse reactions")
    assert len(found["entry"]) == 1
    assert "1 of 5 shared" in found["text"]["div"]
    (state,) = found["extension"]
    told = {part["url"]: part for part in state["extension"]}
    assert (told["shown"]["valueUnsignedInt"], told["total"]["valueUnsignedInt"]) == (1, 5)


def test_a_row_of_absence_beside_items_is_words_only():
    some = section_of(allergies(negations=(NO_ALLERGIES,)))
    made = document(some)
    texts = [r["code"]["text"] for r in resources(made, "AllergyIntolerance")]
    assert texts == ["Penicillin", "Latex"]


@pytest.mark.parametrize("state", [DeskState.OUT_OF_DATE, DeskState.COULD_NOT_CHECK])
def test_what_is_uncertain_is_marked_on_every_resource(state):
    found = resources(document(section_of(allergies(), state=state)), "AllergyIntolerance")
    assert len(found) == 2
    assert all(r["meta"]["security"][0]["code"] == "UNCERTREL" for r in found)
    alone = written(verified(section_of(allergies(), state=state)))
    (person,) = resources(alone, "Patient")
    assert person["meta"]["security"][0]["code"] == "UNCERTREL"
    (settled,) = resources(document(section_of(allergies(), state=state)), "Patient")
    assert "meta" not in settled


@pytest.mark.parametrize("state", HIDDEN)
def test_what_must_not_be_shown_never_goes_out(state):
    made = document(section_of(allergies(), state=state))
    assert not resources(made, "AllergyIntolerance")
    assert "Penicillin" not in str(made)


def test_content_that_names_nobody_never_goes_out():
    made = document(section_of(allergies(), subject={"givenNames": ["Given"]}))
    assert "Penicillin" not in str(made)


def test_where_nothing_may_go_out_there_is_no_document():
    with pytest.raises(ServiceError) as refused:
        written(verified(section_of(allergies(), state=DeskState.FAILED_CHECK)))
    assert refused.value.code == "not_found"


RECORDS = st.sampled_from(
    [NONE, allergies(), allergies(items=(LATEX,)), replace(NONE, negations=())]
)
SECTIONS = st.builds(
    section_of,
    RECORDS,
    state=st.sampled_from(DeskState),
    old=st.booleans(),
    warnings=st.sampled_from([(), ("some-kinds-left-out",), ("data-in-transit",), ("Own words",)]),
)


@given(SECTIONS)
def test_only_a_whole_fresh_and_checked_assertion_reads_as_none(section):
    made = document(section)
    assert_is_a_document(made)
    found = composed(made, "Allergies and adverse reactions")
    denied = [r for r in resources(made, "AllergyIntolerance") if "No known" in r["code"]["text"]]
    none = denied or ("emptyReason" in found and reason(found) == "nilknown")
    after = build(read_again(made), source=SOURCE, now=NOW).record("AllergySummary")
    if none or (after is not None and after.state is SectionState.NONE_KNOWN):
        # A source that knows nothing of the whole may deny a part, in its own words.
        assert section.state in {DeskState.NONE_KNOWN, DeskState.NO_INFORMATION}
        assert not section.old
        assert set(section.warnings) <= {"some-kinds-left-out"}
        assert section.negations or section.state is DeskState.NONE_KNOWN


# -- where it is from -----------------------------------------------------------------------


def test_each_section_says_from_whom_as_of_when_and_how_checked():
    made = document(section_of(allergies()))
    urls = {e["fullUrl"]: e["resource"] for e in made["entry"]}
    found = resources(made, "Provenance")
    assert len(found) == 2
    about = found[1]
    kinds = {urls[t["reference"]]["resourceType"] for t in about["target"]}
    assert kinds == {"AllergyIntolerance"}
    assert about["occurredDateTime"] == "2026-11-01"
    author, verifier = [urls[agent["who"]["reference"]] for agent in about["agent"]]
    assert author["identifier"][0]["value"] == ISSUER.ods
    assert (author["name"], verifier["name"]) == (ISSUER.name, "Example Hospital")
    told = {p["url"]: p for p in about["extension"][0]["extension"]}
    assert told["verdict"]["valueCode"] == "accepted"
    assert told["trustListAgeSeconds"]["valueUnsignedInt"] == 3600
    assert told["statusListAgeSeconds"]["valueUnsignedInt"] == 60
    assert told["check"]["extension"][2]["valueCode"] == "passed"


def test_a_record_whose_check_failed_is_named_without_its_content():
    made = document(section_of(allergies(), state=DeskState.FAILED_CHECK, code="status.revoked"))
    told = [p for r in resources(made, "Provenance") for p in walk(r) if p.get("url") == "problem"]
    assert [p["valueString"] for p in told] == ["status.revoked"]


def test_a_difference_from_the_person_admitted_stands_first():
    made = document(section_of(allergies()), differences=("familyName",))
    (composition,) = resources(made, "Composition")
    assert "family name is not that of the person admitted" in composition["text"]["div"]


def test_the_presentation_goes_along_only_when_asked_for():
    assert not resources(document(section_of(allergies())), "Binary", "DocumentReference")
    made = document(section_of(allergies()), presentation=b"{}")
    (held,) = resources(made, "Binary")
    (described,) = resources(made, "DocumentReference")
    assert held["data"] == "e30="
    address = described["content"][0]["attachment"]["url"]
    assert address == f"urn:uuid:{held['id']}"
    sources = {e["what"]["reference"] for r in resources(made, "Provenance") for e in r["entity"]}
    assert sources == {f"urn:uuid:{described['id']}"}


# -- what R4 has no place for ---------------------------------------------------------------

DATES = [
    ("2001", {"day": "2001"}),
    ("2001-05", {"day": "2001-05"}),
    ("2001-02-29", {"words": "2001-02-29"}),
    ("2020-05-12T10:00:00Z", {"day": "2020-05-12T10:00:00Z"}),
    ("2020-05-12T10:00", {"words": "2020-05-12T10:00"}),
    ("about 1990", {"words": "about 1990"}),
    ("0000", {"words": "0000"}),
    (None, {}),
]


@pytest.mark.parametrize(("text", "members"), DATES)
def test_a_date_goes_out_as_it_is_or_in_words(text, members):
    assert moment("day", text, in_words="words") == members


def test_a_date_without_a_place_for_words_keeps_them_beside_the_day():
    made = moment("day", "2020-05-12T10:00")
    assert made["day"] == "2020-05-12"
    assert made["_day"]["extension"][0]["valueString"] == "2020-05-12T10:00"
    assert moment("day", "2020-02-30 or so").keys() == {"_day"}


def test_a_medicine_that_must_not_be_given_is_not_taken_whatever_its_status():
    item = Item({"text": "Ibuprofen", "group": "not_given", "status": "active", "dose": "400 mg"})
    record = replace(medicines(), items=(item,))
    (made,) = resources(document(section_of(record)), "MedicationStatement")
    assert made["status"] == "not-taken"
    assert made["_status"]["extension"][0]["valueString"] == "active"
    assert made["dosage"] == [{"text": "400 mg"}]


def test_an_active_problem_with_an_end_keeps_both_apart():
    item = Item(
        {"text": "Asthma", "group": "current", "clinicalStatus": "active"}, {"abatement": "2020"}
    )
    record = replace(medicines(), type="ProblemSummary", items=(item,), always={})
    (made,) = resources(document(section_of(record)), "Condition")
    assert "abatementDateTime" not in made  # invariant con-4
    assert made["extension"][0]["valueString"] == "2020"


@pytest.mark.parametrize(("value", "place"), [({"value": "Yes"}, "component"), (None, "value")])
def test_a_delivery_date_is_the_value_of_its_own_observation_or_a_component(value, place):
    code = "11778-8" if value is None else "82810-3"
    unit = {"text": "Delivery", "coding": [{"system": "http://loinc.org", "code": code}]}
    item = Item(unit | ({"value": value} if value else {}), {"edd": "2027-03-01"})
    record = replace(medicines(), type="PregnancyStatus", items=(item,), always={})
    (made,) = resources(document(section_of(record)), "Observation")
    assert ("component" in made) is (place == "component")
    assert_stands_in(section_of(record), read_again(document(section_of(record))))


def test_words_of_a_source_are_never_markup():
    item = Item({"text": "<script>alert(1)</script>\x00 & more"})
    found = composed(
        document(section_of(allergies(items=(item, PENICILLIN)))), "Allergies and adverse reactions"
    )
    assert "<script>" not in found["text"]["div"]
    assert "&lt;script&gt;" in found["text"]["div"]
    assert "\x00" not in found["text"]["div"]
