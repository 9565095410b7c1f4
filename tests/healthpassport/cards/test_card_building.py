"""What stands on a card: by choice, whole, and never with an allergy list that looks shorter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from card_forge import ISS, LIST, card, claims
from record_examples import AS_OF, LATEX, SOURCE, SUBJECT, allergies, identity, medicines

from healthpassport import cards
from healthpassport.errors import CardError
from healthpassport.summary import Item, PatientSummary, Record, SectionState
from issuer.records.emergency import emergency_summary
from schemas.cards import table
from schemas.definitions import states, warnings

CONTACT = Record(
    "EmergencyContacts",
    SOURCE,
    SectionState.ITEMS,
    AS_OF,
    subject=SUBJECT,
    items=(Item({"text": "Maren Zephyrine"}, {"phone": "01632 960001"}),),
)
PREGNANT = Record(
    "PregnancyStatus",
    SOURCE,
    SectionState.ITEMS,
    AS_OF,
    subject=SUBJECT,
    items=(Item({"text": "Pregnant", "status": "final"}),),
)
HOME = identity(subject=SUBJECT | {"addressLines": ["1 Example Street"], "postcode": "ZZ99 9ZZ"})


def ticked(*records):
    return {entry.key for entry in cards.entries(records) if entry.ticked}


def built(*records, keys=None):
    return cards.build(records, cards.choices(records, ticked(*records) if keys is None else keys))


def many(count: int):
    return tuple(
        Item({"text": f"Allergy to {n} {n * 7919:x} {n * 104729:x}"}) for n in range(count)
    )


def test_name_birth_date_and_allergies_need_no_tick():
    content = built(identity(), allergies(), keys=())
    assert set(content.subject) == {"familyName", "givenNames", "birthDate"}
    assert (content.allergies.item_count, content.allergies.items) == (2, ())


def test_the_allergies_state_count_and_date_stand_on_every_card():
    found = built(identity(), allergies(), keys=()).allergies
    assert (found.state, found.item_count, found.as_of) == (SectionState.ITEMS, 2, AS_OF)
    assert not found.complete


def test_number_and_address_stand_there_only_by_choice():
    assert not {"nhsNumber", "addressLines"} & built(HOME, allergies()).subject.keys()
    keys = {entry.key for entry in cards.entries((HOME, allergies())) if entry.detail}
    content = built(HOME, allergies(), keys=keys)
    assert content.subject["nhsNumber"]["value"] == "9990000018"
    assert content.subject["addressLines"] == ["1 Example Street"]


def test_other_people_and_pregnancy_start_unticked():
    offered = {e.record_type: e for e in cards.entries((allergies(), CONTACT, PREGNANT))}
    assert offered["EmergencyContacts"].sensitive
    assert not offered["EmergencyContacts"].ticked
    assert not offered["PregnancyStatus"].ticked


def test_what_is_past_starts_unticked_but_never_an_allergy():
    gone = replace(LATEX, unit={"text": "Latex", "clinicalStatus": "resolved"})
    held = (allergies(items=(*allergies().items, gone)), medicines("current", "stopped"))
    content = built(identity(), *held)
    assert len(content.allergies.items) == 3
    assert [i.unit["group"] for i in content.section("MedicationSummary").items] == ["current"]


def test_a_section_of_which_nothing_is_ticked_is_left_out():
    assert (
        built(identity(), allergies(), medicines("current"), keys=()).section("MedicationSummary")
        is None
    )


def test_a_contact_brings_its_telephone_number():
    keys = {e.key for e in cards.entries((allergies(), CONTACT))}
    content = built(identity(), allergies(), CONTACT, keys=keys)
    assert content.section("EmergencyContacts").items[0].fields == {"phone": "01632 960001"}


def test_two_equal_entries_are_two_ticks():
    twice = allergies(items=(LATEX, LATEX))
    keys = [entry.key for entry in cards.entries((twice,)) if entry.detail is None]
    assert len(set(keys)) == 2
    assert len(built(identity(), twice, keys=keys[1:]).allergies.items) == 1


def test_a_tick_means_the_same_when_another_entry_comes_before_it():
    key = cards.entries((allergies(items=(LATEX,)),))[-1].key
    later = allergies()
    assert built(identity(), later, keys={key}).allergies.items[0].unit["text"] == "Latex"


def test_without_an_allergy_list_the_summary_says_what_is_known_of_allergies():
    summary = emergency_summary(identity(), [medicines("current")])
    found = built(identity(), medicines("current"), summary).allergies
    assert (found.state, found.item_count) == (SectionState.NOT_RECORDED, 0)


def test_that_there_are_none_is_said_by_the_list_alone():
    none = allergies(items=(), state=SectionState.NONE_KNOWN)
    summary = emergency_summary(identity(), [none])
    with pytest.raises(CardError, match=r"card\.no_allergies"):
        built(identity(), summary)


def test_what_a_summary_warns_of_stands_on_the_card():
    summary = emergency_summary(identity(), [medicines("current")])
    warned = replace(summary, warnings=("confidential-items",))
    said = built(identity(), warned).allergies
    assert said.warnings == ("confidential-items",)
    assert cards.allergy_statement(said).heading is cards.AllergyHeading.UNAVAILABLE


def test_a_summary_that_counts_allergies_does_not_stand_for_their_list():
    summary = emergency_summary(identity(), [allergies()])
    with pytest.raises(CardError, match=r"card\.no_allergies"):
        built(identity(), summary)


def test_no_card_without_a_word_on_allergies():
    with pytest.raises(CardError, match=r"card\.no_allergies"):
        built(identity(), medicines("current"))


def test_no_card_for_somebody_who_has_died():
    with pytest.raises(CardError, match=r"card\.deceased"):
        built(identity(always={"deceased": True}), allergies())


def test_no_card_of_nobody():
    nameless = {"nhsNumber": SUBJECT["nhsNumber"]}
    with pytest.raises(CardError, match=r"card\.content"):
        built(identity(subject=nameless), allergies(subject=nameless))


def test_two_lists_of_one_kind_make_no_card():
    with pytest.raises(CardError, match=r"card\.twice"):
        built(allergies(), allergies())


def test_warnings_of_the_source_travel():
    held = allergies(warnings=("some-kinds-left-out", "deliberately-withheld", "in our own words"))
    text = card(identity(), held)
    found = cards.parse(text).claims.content.allergies.warnings
    assert found == ("deliberately-withheld", "in our own words")  # the first is said of every card


def test_each_section_keeps_its_own_day():
    older = replace(medicines("current"), as_of=date(2025, 1, 2))
    content = cards.parse(card(identity(), allergies(), older)).claims.content
    assert content.section("MedicationSummary").as_of == date(2025, 1, 2)
    assert content.allergies.as_of == AS_OF


def test_what_is_measured_is_no_smaller_than_what_is_made():
    for held in ((identity(), allergies()), (identity(), allergies(), medicines("current"))):
        space = cards.room(built(*held), iss=ISS, status_uri=LIST)
        assert space.octets >= cards.octets_of(card(*held))


def test_too_much_is_told_in_bytes_and_never_cut():
    space = cards.room(built(identity(), allergies(items=many(60))), iss=ISS, status_uri=LIST)
    assert not space.fits
    assert space.over == space.octets - space.limit


def test_a_suggestion_to_make_room_begins_with_what_is_needed_least():
    held = (
        HOME,
        allergies(),
        replace(
            medicines(*["current"] * 4),
            items=tuple(
                replace(i, unit=i.unit | {"dose": f"take {n * 7919:x} of {n * 104729:x}, {n:032b}"})
                for n, i in enumerate(medicines(*["current"] * 40).items)
            ),
            always={"counts": {"current": 40, "onHold": 0, "recentlyStopped": 0}},
        ),
    )
    keys = {entry.key for entry in cards.entries(held)}
    off = cards.to_take_off(held, keys, iss=ISS, status_uri=LIST)
    assert off[:3] == ("detail:postcode", "detail:addressLines", "detail:nhsNumber")
    assert all(not key.startswith("AllergySummary") for key in off)
    assert cards.room(built(*held, keys=keys - set(off)), iss=ISS, status_uri=LIST).fits


def test_no_suggestion_ever_names_an_allergy():
    held = (identity(), allergies(items=many(60)))
    assert cards.to_take_off(held, cards.usual(held), iss=ISS, status_uri=LIST) is None


def test_nothing_is_suggested_where_all_fits():
    held = (identity(), allergies())
    assert cards.to_take_off(held, cards.usual(held), iss=ISS, status_uri=LIST) == ()


def test_the_table_has_a_number_for_every_state_and_warning():
    assert set(table().states) == set(states())
    assert {*table().warnings, table().implied_warning} == set(warnings())


def test_the_table_has_a_number_for_every_member_that_never_parts():
    """A definition that grows must grow the table, or a card could not hold its entries."""
    from healthpassport.summary import definition  # noqa: PLC0415

    for one in table().sections:
        assert one.unit.keys() == definition(one.record_type).unit_fields.keys() - {"coding"}


def test_a_whole_summary_makes_a_card_of_one_person():
    summary = PatientSummary((identity(), allergies(), medicines("current")))
    assert claims(*summary.records).content.subject["familyName"] == "Example"
