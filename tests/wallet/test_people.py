"""Several people's passports in one wallet: kept apart, chosen first, removed whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from family import ANN, BETH, MAIR, about, numbered, with_proxy
from simulated_issuer import summary
from wallet_world import past_of

from healthpassport.errors import PassportError
from healthpassport.summary import PatientSummary
from wallet.service import WhichPersonError, WhoseError, shelf

ALLERGIES = "AllergySummary"


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def add(world, wallet, made, **more):
    offer = world.offer(made)
    return wallet.accept(wallet.add_offer(offer.link), offer.pin, **more)


@pytest.fixture
def family(world, filled_wallet):
    """The owner's own records, and those of twins."""
    for subject in (ANN, BETH):
        add(world, filled_wallet, about(numbered(subject)), person="new")
    world.wire.calm()
    return filled_wallet


def test_the_first_records_make_the_owners_own_passport_unasked(filled_wallet):
    (me,) = filled_wallet.people.list()
    assert (me.name, me.born, me.mine, me.records) == ("Quillon Zephyrine", "1958-07-14", True, 2)
    assert {view.person for view in filled_wallet.records()} == {me.id}


def test_the_first_records_of_a_young_child_are_not_the_owners(world, wallet):
    add(world, wallet, about(numbered(ANN)))
    assert not wallet.people.list()[0].mine
    assert wallet.prepare(world.ask()["link"]).acting_for == "Ann Zephyrine"


def test_somebody_new_is_asked_about_and_the_offer_waits(world, filled_wallet):
    offer = world.offer(about(numbered(MAIR)))
    preview = filled_wallet.add_offer(offer.link)
    with pytest.raises(WhoseError) as asked:
        filled_wallet.accept(preview, offer.pin)
    assert (asked.value.name, asked.value.born) == ("Mair Morgan", "1944-02-29")
    assert asked.value.maybe == ()
    assert [choice.name for choice in asked.value.others] == ["Quillon Zephyrine"]
    assert len(filled_wallet.records()) == 2
    with refused("people.another"):
        filled_wallet.accept(preview, offer.pin, person="me")
    with refused("people.unknown"):
        filled_wallet.accept(preview, offer.pin, person="Nobody")
    added = filled_wallet.accept(preview, offer.pin, person="new")
    assert [one.name for one in filled_wallet.people.list()] == ["Quillon Zephyrine", "Mair Morgan"]
    assert {view.person for view in added} == {filled_wallet.people.find("Mair Morgan").id}
    with refused("wallet.offer_refused"):  # it was claimed once
        filled_wallet.accept(preview, offer.pin, person="new")


def test_what_waited_is_gone_once_the_wallet_locks(world, filled_wallet):
    offer = world.offer(about(numbered(MAIR)))
    preview = filled_wallet.add_offer(offer.link)
    with refused("people.whose"):
        filled_wallet.accept(preview, offer.pin)
    filled_wallet.lock()
    filled_wallet.unlock("three made-up words")
    with refused("wallet.offer_refused"):
        filled_wallet.accept(preview, offer.pin, person="new")
    assert len(filled_wallet.people.list()) == 1


def test_newer_records_find_their_passport_and_replace_only_their_own(world, family):
    before = {view.id for view in family.records("Beth")}
    add(world, family, about(numbered(ANN), "Peanut"))
    assert {view.id for view in family.records("Beth")} == before
    texts = [family.show(view.id).lines for view in family.records("Ann")]
    assert any(line.label.startswith("Peanut") for lines in texts for line in lines)
    assert [one.records for one in family.people.list()] == [2, 2, 2]


def test_a_twin_without_a_number_is_asked_about(world, family):
    nobody_knows = {name: value for name, value in ANN.items() if name != "givenNames"}
    with pytest.raises(WhoseError) as asked:
        add(world, family, about(nobody_knows))
    assert {choice.name for choice in asked.value.maybe} == {"Ann Zephyrine", "Beth Zephyrine"}


def test_a_number_that_stands_on_a_twins_record_is_asked_about(world, family):
    mistaken = {**BETH, "nhsNumber": numbered(ANN)["nhsNumber"]}
    with pytest.raises(WhoseError):
        add(world, family, about(mistaken))


def test_a_married_name_stays_in_the_same_passport(world, filled_wallet):
    changed = {**summary().records[0].subject, "familyName": "Yarrow"}
    add(world, filled_wallet, about(changed))
    (me,) = filled_wallet.people.list()
    assert (me.name, me.records) == ("Quillon Yarrow", 2)


def test_a_changed_number_is_asked_about_and_never_mixed_in_one_answer(world, filled_wallet):
    (first,) = (r for r in summary().records if r.type == "PatientIdentity")
    number = {"value": "9990000042", "verificationStatus": "01"}
    changed = PatientSummary((replace(first, subject={**first.subject, "nhsNumber": number}),))
    with refused("people.whose"):
        add(world, filled_wallet, changed)
    add(world, filled_wallet, changed, person="me")
    assert [one.records for one in filled_wallet.people.list()] == [2]
    request = world.ask()
    filled_wallet.share(filled_wallet.prepare(request["link"]))
    assert world.seen(request)["result"]["codes"] == []


def test_the_person_is_chosen_before_any_value_is_shown(world, family):
    link = world.ask()["link"]
    world.wire.calm()
    with pytest.raises(WhichPersonError) as which:
        family.prepare(link)
    names = [choice.name for choice in which.value.choices]
    assert names == ["Quillon Zephyrine", "Ann Zephyrine", "Beth Zephyrine"]
    fetched = len(world.wire.sent)
    question = family.prepare(link, which.value.choices[1].id)
    assert len(world.wire.sent) == fetched  # a desk may tell its question only once
    assert question.acting_for == "Ann Zephyrine"
    assert question.notes[0] == "You are acting for Ann Zephyrine. Staff will be told."
    assert "Quillon" not in str(question.ticks)
    mine = family.prepare(world.ask()["link"], "me")
    assert (mine.acting_for, mine.notes) == ("", ())
    with refused("people.unknown"):
        family.prepare(world.ask()["link"], "Zephyrine")  # three are called so


def test_only_those_who_have_what_is_asked_for_are_to_choose_from(world, filled_wallet):
    identity = PatientSummary((about(numbered(MAIR)).records[0],))
    add(world, filled_wallet, identity, person="new")
    question = filled_wallet.prepare(world.ask("medicines_check")["link"], "me")
    assert question.person == filled_wallet.people.find("me").id
    filled_wallet.people.remove("me")
    assert filled_wallet.prepare(world.ask()["link"]).acting_for == "Mair Morgan"


def test_choices_for_one_person_say_nothing_of_another(world, family):
    question = family.prepare(world.ask()["link"], "Ann")
    latex = next(t.number for t in question.ticks if t.label.startswith("Natural rubber"))
    family.share(question, question.ticked - {latex})
    other = family.prepare(world.ask()["link"], "Beth")
    assert latex in other.ticked
    assert latex not in family.prepare(world.ask()["link"], "Ann").ticked


def test_history_says_about_whom_without_a_name(world, family):
    family.share(family.prepare(world.ask()["link"], "Ann"))
    entry = past_of(family)[0]
    assert entry.person == family.people.find("Ann").id
    assert "Ann" not in str(entry.wire())


def test_removing_a_passport_takes_all_of_it_and_nothing_else(world, family):
    vault = family._vault
    ann = family.people.find("Ann")
    cards = [
        family.cards.make((), next(r.id for r in family.records(who) if r.type == ALLERGIES))
        for who in ("Ann", "me")
    ]
    family.cards.withdraw(cards[0].id)
    family.people.remove("Ann")
    left = {"records": 4, "copies": 20, "grants": 2, "cards": 1, "people": 2}
    assert {table: count for table, count in family.check().items() if table in left} == left
    for table in ("records", "grants", "cards"):
        assert all(ann.id.encode() not in vault.read(table, row) for row in vault.rows(table))
    with refused("people.unknown"):
        family.people.remove("Ann")


def test_a_card_of_somebody_who_was_removed_can_still_be_withdrawn(family):
    allergies = next(r.id for r in family.records("Ann") if r.type == ALLERGIES)
    card = family.cards.make((), allergies)
    family.people.remove("Ann")
    assert [one.state.value for one in family.cards.list()] == ["active"]
    assert family.cards.withdraw(card.id).state.value == "withdrawn"


def test_the_last_record_takes_its_passport_with_it(family):
    for view in family.records("Ann"):
        family.remove(view.id)
    assert [one.name for one in family.people.list()] == ["Quillon Zephyrine", "Beth Zephyrine"]


def test_an_owners_own_word_stands_beside_the_name(family):
    view = family.people.rename("Ann", "  My   girl ")
    assert (view.label, view.title) == ("My girl", "My girl (Ann Zephyrine)")
    assert family.people.find("my girl").id == view.id
    assert family.people.rename("my girl", "").title == "Ann Zephyrine"
    for label in ("x" * 61, "a\u202eb", "\x1b[2J"):
        with refused("people.label"):
            family.people.rename("Ann", label)


def test_there_is_one_owner_at_the_most(family):
    assert family.people.rename("Ann", mine=True).mine
    assert [one.name for one in family.people.list() if one.mine] == ["Ann Zephyrine"]


def test_a_record_can_be_put_right_but_not_with_somebody_else(world, family):
    record = family.records("Ann")[0]
    with refused("people.another"):
        family.move(record.id, "Beth")
    moved = family.move(record.id, "new")
    assert (moved.name, moved.records) == ("Ann Zephyrine", 1)
    left = next(one for one in family.people.list() if one.records == 1 and one.id != moved.id)
    assert family.move(record.id, left.id).records == 2
    assert len(family.people.list()) == 3


def test_own_words_are_of_one_person(world, family):
    with refused("wallet.whose_words"):
        family.say("Dizzy")
    family.say("Dizzy", person="me")
    family.say("She sleeps badly", person="Ann")
    question = family.prepare(world.ask()["link"], "Ann")
    told = str([tick.label for tick in question.ticks])
    assert "sleeps badly" in told
    assert "Dizzy" not in told


def test_a_wallet_from_before_derives_its_passports_from_the_records(family):
    vault = family._vault
    stored = {row: json.loads(vault.read("records", row)) for row in vault.rows("records")}
    with vault.transaction() as writer:
        for row, content in stored.items():
            del content["person"]
            writer.replace("records", row, json.dumps(content).encode())
        for row in tuple(writer.index.tables["people"]):
            writer.delete("people", row)
    names = [(one.name, one.mine, one.records) for one in family.people.list()]
    assert names[0] == ("Quillon Zephyrine", True, 2)
    assert set(names[1:]) == {("Ann Zephyrine", False, 2), ("Beth Zephyrine", False, 2)}


def aged(world, wallet, years, review_age=11):
    """A child's records of ten days ago, whose birthday was three days ago."""
    wallet._around = replace(wallet._around, review_age=review_age)
    day = world.world.clock().date() - timedelta(days=3)
    born = f"{day.year - years}-{day.month:02}-{day.day:02}"
    made = about({**numbered(ANN), "birthDate": born})
    add(world, wallet, with_proxy(made, "Quillon Zephyrine"), person="new")
    stored = [r for r in shelf.read_records(wallet._vault) if r.payload["birthDate"] == born]
    with wallet._vault.transaction() as writer:
        for record in stored:
            older = replace(record, issued_at=record.issued_at - timedelta(days=10))
            writer.replace("records", record.row, shelf._record_bytes(older))
    return wallet.people.find("Ann")


@pytest.mark.parametrize(("years", "review_age"), [(11, 11), (13, 13), (16, 11), (16, 13)])
def test_at_11_and_16_the_surgery_must_check_a_proxys_copies_again(
    world, filled_wallet, years, review_age
):
    ann = aged(world, filled_wallet, years, review_age)
    assert ann.again == 3
    with refused("people.check_again"):
        filled_wallet.prepare(world.ask()["link"], "Ann")
    question = filled_wallet.prepare(world.ask()["link"])  # only the owner's are left
    assert question.acting_for == ""


def test_what_is_issued_again_can_be_shown_again(world, filled_wallet):
    ann = aged(world, filled_wallet, 11)
    made = about({**numbered(ANN), "birthDate": ann.born})
    add(world, filled_wallet, made)
    question = filled_wallet.prepare(world.ask()["link"], "Ann")
    assert "Penicillin V" in str(question.ticks)
    assert question.notes[-1].startswith("The surgery must check these again first: People who")
    filled_wallet.people.rename("Ann", mine=True)  # in their own wallet nothing is held up
    assert filled_wallet.people.find("Ann").again == 0


@pytest.mark.parametrize(("years", "review_age"), [(10, 11), (12, 11), (11, 13), (15, 11)])
def test_no_other_birthday_holds_anything_up(world, filled_wallet, years, review_age):
    assert aged(world, filled_wallet, years, review_age).again == 0


def test_who_may_act_goes_out_unasked_only_from_those_who_act(world, filled_wallet):
    add(world, filled_wallet, with_proxy(about(numbered(ANN)), "Quillon Zephyrine"), person="new")
    add(world, filled_wallet, with_proxy(summary(), "Some Body"), person="me")
    for person, expected in (("Ann", True), ("me", False)):
        question = filled_wallet.prepare(world.ask()["link"], person)
        (box,) = [t for t in question.ticks if t.label == "People who can act for you"]
        assert box.ticked is expected


def test_what_waits_for_its_owner_is_gone_once_the_wallet_locks_and_the_refusal_says_so(
    world, filled_wallet
):
    offer = world.offer(about(numbered(ANN)))
    preview = filled_wallet.add_offer(offer.link)
    with pytest.raises(PassportError) as asked:
        filled_wallet.accept(preview, offer.pin)
    assert "once the wallet is locked or closed, you need a new code" in asked.value.hint
    filled_wallet.lock()
    filled_wallet.unlock("three made-up words")
    with pytest.raises(PassportError):  # the surgery gives an offer once
        filled_wallet.accept(preview, offer.pin, person="new")
    assert len(filled_wallet.people.list()) == 1
