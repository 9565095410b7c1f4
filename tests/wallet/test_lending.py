"""Two real wallets: one lends chosen parts until a date, the other shows them and no more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from lending_world import add, copies, lent, record, refused
from simulated_issuer import summary
from wallet_world import past_of

from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt_vc
from wallet.service import HistoryKind


def test_a_helper_shows_what_was_lent_and_staff_are_told(world, owner, helper):
    gift = lent(owner, helper)
    lender = next(one for one in helper.people.list() if one.until)
    assert (lender.name, lender.records, lender.mine) == ("Quillon Zephyrine", 2, False)
    request = world.ask()
    question = helper.prepare(request["link"], "Quillon")
    assert question.acting_for == "Quillon Zephyrine"
    helper.share(question)
    seen = world.seen(request)["result"]
    assert seen["verdict"] == "accepted"
    allergies = next(s for s in seen["sections"] if s["type"] == "AllergySummary")
    assert (allergies["state"], allergies["shown"], allergies["total"]) == ("items", 2, 2)
    assert gift.until.date() == world.world.clock().date() + timedelta(days=92)


def test_copies_that_are_lent_leave_the_owners_stock(owner, helper):
    before = {json.loads(text)["text"] for text in copies(owner)}
    lent(owner, helper)
    assert len(copies(owner)) == 6
    theirs = {json.loads(text)["text"].partition("~")[0] for text in copies(helper)}
    left = {json.loads(text)["text"].partition("~")[0] for text in copies(owner)}
    assert not theirs & left
    assert len(theirs & {text.partition("~")[0] for text in before}) == 4


def test_the_helper_holds_no_more_than_what_was_chosen(world, owner, helper):
    lent(owner, helper, items={2})
    shown = [view for view in helper.records("Quillon") if view.type == "AllergySummary"]
    assert [(view.shown, view.item_count) for view in shown] == [(1, 2)]
    texts = [json.loads(text)["text"] for text in copies(helper)]
    told = [sd_jwt_vc.open_held(text).payload.get("items") for text in texts]
    parts = [items for items in told if items and len(items) == 1]
    assert [items[0]["unit"]["text"] for items in parts] == ["Natural rubber latex"] * 2
    assert "Penicillin" not in str(parts)


def test_a_part_of_the_allergies_never_looks_like_all_of_them(world, owner, helper):
    lent(owner, helper, items={2})
    request = world.ask()
    question = helper.prepare(request["link"], "Quillon")
    (whole,) = [tick for tick in question.ticks if tick.label == "Allergies"]
    assert "(1 of 2)" in whole.value
    receipt = helper.share(question)
    assert any(line.startswith("Allergies: 1/2") for line in receipt.what)
    result = world.seen(request)["result"]
    allergies = next(s for s in result["sections"] if s["type"] == "AllergySummary")
    assert (allergies["state"], allergies["shown"], allergies["total"]) == ("partly_shared", 1, 2)
    assert result["allergyHeading"] == "Known allergies"


@pytest.mark.parametrize("items", [set(), {0}, {3}, {1, 3}, {-1}])
def test_a_list_is_not_lent_without_a_line_of_it(owner, helper, items):
    invitation = helper.helpers.invite("Mair")
    with refused("helper.nothing_chosen"):
        owner.helpers.give(invitation.text, [owner.part(record(owner), items=items)])
    assert len(copies(owner)) == 10


def test_where_somebody_lives_is_lent_only_when_it_is_chosen(world, wallet, helper):
    made = summary()
    subject = {**made.records[0].subject, "phone": "01632 960000", "postcode": "LS1 1AB"}
    add(world, wallet, replace(made, records=(replace(made.records[0], subject=subject),)))
    identity = record(wallet, "PatientIdentity")
    for private, expected in (((), set()), (("phone",), {"phone"})):
        invitation = helper.helpers.invite("Mair")
        gift = wallet.helpers.give(invitation.text, [wallet.part(identity, private=private)])
        helper.helpers.keep(helper.helpers.look(gift.package))
        (view,) = helper.records("Quillon")
        held = set(helper.show(view.id).payload) & {"phone", "postcode"}
        assert held == expected


def test_words_are_the_same_on_both_screens_and_differ_for_every_key(owner, helper):
    invitation = helper.helpers.invite("Mair")
    read = owner.helpers.read(f"  {invitation.text[:40]}\n{invitation.text[40:]} ")
    assert read == invitation
    assert len(read.words) == 6
    assert helper.helpers.invite("Mair").words != invitation.words
    gift = owner.helpers.give(invitation.text, [owner.part(record(owner))])
    received = helper.helpers.look(gift.package)
    assert received.words == gift.words
    assert received.words != invitation.words
    assert not received.known


def test_a_second_package_of_the_same_wallet_is_known_and_goes_to_the_same_passport(owner, helper):
    lent(owner, helper, items={1})
    invitation = helper.helpers.invite("Mair")
    gift = owner.helpers.give(invitation.text, [owner.part(record(owner))], until=None)
    received = helper.helpers.look(gift.package)
    assert received.known
    helper.helpers.keep(received)
    assert len([one for one in helper.people.list() if one.until]) == 1
    (allergies,) = [v for v in helper.records("Quillon") if v.type == "AllergySummary"]
    assert (allergies.shown, allergies.item_count) == (2, 2)


def test_the_owner_sees_what_was_given_and_the_helper_nothing_of_it(world, owner, helper):
    owner.share(owner.prepare(world.ask()["link"]))
    gift = lent(owner, helper, items={1})
    entry = past_of(owner)[0]
    assert (entry.kind, entry.who, entry.retention) == (
        HistoryKind.GIVEN, "Mair", gift.until.date().isoformat(),
    )  # fmt: skip
    assert "Allergies: 1/2" in entry.what
    assert [e.kind for e in past_of(helper)] == [HistoryKind.ADDED, HistoryKind.ADDED]
    helper.share(helper.prepare(world.ask()["link"], "Quillon"))
    assert past_of(helper)[0].kind is HistoryKind.SHARED
    assert HistoryKind.SHARED not in [e.kind for e in past_of(owner)[:1]]
    (view,) = owner.helpers.given()
    assert (view.name, view.person_name, view.active) == ("Mair", "Quillon Zephyrine", True)


def test_what_is_lent_makes_no_card_that_would_outlive_it(owner, helper):
    lent(owner, helper)
    theirs = next(view.id for view in helper.records("Quillon") if view.type == "AllergySummary")
    with refused("helper.not_yours"):
        helper.cards.choices(theirs)
    with pytest.raises(PassportError):  # and what is one's own is nobody else's list
        helper.cards.make({"AllergySummary"}, theirs)
    told = {words["en"] for _, words in helper.cards.choices().always}
    assert "Zephyrine" not in told
