"""Ending what was lent: at its date, by its owner, at each surgery, and what desks then say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from lending_world import add, copies, later, lent, record, refused
from wallet_world import ISSUER, past_of

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError
from wallet.handing import read_invitation
from wallet.service import HistoryKind, lending, shelf
from wallet.service.passports import read_passports


def test_after_the_end_date_nothing_can_be_shown_and_all_of_it_is_gone(world, owner, helper):
    lent(owner, helper)
    link = world.ask()["link"]
    over = world.world.clock() - timedelta(seconds=1)
    vault = helper._vault
    rows = [r for r in shelf.read_records(vault) if r.until]
    (passport,) = (one for one in read_passports(vault) if one.lent)
    with vault.transaction() as writer:
        for stored in rows:
            writer.replace("records", stored.row, shelf._record_bytes(replace(stored, until=over)))
        writer.replace("people", passport.row, replace(passport, until=over).wire())
    with refused("helper.ended"):
        helper.prepare(link, "Quillon")
    assert helper.prepare(link).person == helper.people.find("me").id
    helper.lock()
    helper.unlock("three made-up words")
    assert [one.name for one in helper.people.list()] == ["Mair Morgan"]
    assert len(copies(helper)) == 10
    assert past_of(helper)[0].kind is HistoryKind.REMOVED


def test_the_end_comes_by_itself_when_the_helpers_wallet_opens(world, owner, helper):
    lent(owner, helper, until=world.world.clock().date())
    later(helper, days=1)
    assert [one.name for one in helper.people.list()] == ["Mair Morgan"]


def test_ending_asks_each_issuer_for_exactly_those_copies(owner, helper, monkeypatch):
    gift = lent(owner, helper, items={1})
    keys = {json.loads(text)["text"].partition("~")[0] for text in copies(helper)}
    asked = []
    helpers = owner.helpers
    helpers._withdraw = lambda iss, person, places: asked.append((iss, person, places))
    ended = helpers.end(gift.id)
    places = [place for _iss, _person, found in asked for place in found]
    assert [len(found) for _iss, _person, found in asked] == [2, 2]
    statuses = set()
    for text in keys:
        status = json.loads(b64url_decode(text.split(".")[1]))["status"]["status_list"]
        statuses.add((status["uri"], status["idx"]))
    assert set(places) <= statuses
    assert ended.left == ()
    assert not ended.active
    assert ended.package == ""
    assert past_of(owner)[0].kind is HistoryKind.ENDED
    helpers.end(gift.id)
    assert len(asked) == 2  # once is enough


def test_an_issuer_that_is_away_is_asked_again(world, owner, helper):
    gift = lent(owner, helper)
    helpers = owner.helpers
    world.wire.down.add(ISSUER.removeprefix("https://"))
    ended = helpers.end(gift.id)
    world.wire.down.clear()
    assert ended.left == ("Example Surgery",)
    asked = []
    helpers._withdraw = lambda *where: asked.append(where)
    assert helpers.tidy(online=True) == 1
    assert helpers.given()[0].left == ()
    assert helpers.tidy(online=True) == 0
    assert [e.kind for e in past_of(owner)].count(HistoryKind.ENDED) == 1


def test_an_end_date_ends_it_by_itself(world, owner, helper):
    gift = lent(owner, helper, until=world.world.clock().date())
    assert owner.helpers.tidy(online=True) == 0
    later(owner, days=1)
    asked = []
    helpers = owner.helpers
    helpers._withdraw = lambda *where: asked.append(where)
    assert not helpers.given()[0].active
    assert helpers.tidy(online=True) == 1
    assert len(asked) == 2
    assert helpers.given()[0].id == gift.id


def test_after_it_was_withdrawn_the_desk_says_so(world, owner, helper):
    gift = lent(owner, helper)
    owner.helpers.end(gift.id)
    assert owner.helpers.given()[0].left == ()
    world.world.desk.update()  # as it does by itself every few minutes
    request = world.ask()
    question = helper.prepare(request["link"], "Quillon")
    with refused("wallet.not_accepted"):
        helper.share(question)
    seen = world.seen(request)["result"]
    allergies = next(s for s in seen["sections"] if s["type"] == "AllergySummary")
    assert (allergies["state"], allergies["items"]) == ("failed_check", [])
    assert allergies["problem"]["code"] == "status.revoked"
    assert seen["allergyHeading"] == "Allergies unavailable"
    request = world.ask()
    owner.share(owner.prepare(request["link"]))  # the owner's own copies are as good as before
    assert world.seen(request)["result"]["verdict"] == "accepted"


def test_what_came_by_an_older_offer_is_withdrawn_after_a_newer_one_too(world, owner, helper):
    gift = lent(owner, helper)
    add(world, owner)
    assert owner.helpers.given()[0].older == ()  # it says the same, and what was lent goes on
    assert owner.helpers.end(gift.id).left == ()
    world.world.desk.update()
    request = world.ask()
    with refused("wallet.not_accepted"):
        helper.share(helper.prepare(request["link"], "Quillon"))


def test_two_helpers_are_ended_apart(owner, helper, world, tmp_path):
    first = lent(owner, helper)
    other = world.wallet(tmp_path / "other")
    second = lent(owner, other)
    owner.helpers.end(first.id)
    assert [(v.id == second.id, v.active) for v in owner.helpers.given()] == [
        (True, True), (False, False),
    ]  # fmt: skip
    assert {p for r in first.records for p in r.places}.isdisjoint(
        p for r in second.records for p in r.places
    )
    other.close()


def test_somebody_whose_records_are_lent_is_not_removed_before_it_ends(owner, helper):
    gift = lent(owner, helper)
    with refused("helper.still_lent"):
        owner.people.remove("me")
    with refused("helper.unknown"):
        owner.helpers.end("zz")
    owner.helpers.end(gift.id)
    owner.people.remove("me")
    assert owner.people.list() == ()
    assert owner.helpers.given()[0].person_name == ""


def test_a_helper_can_remove_what_was_lent(owner, helper):
    lent(owner, helper)
    helper.people.remove("Quillon")
    assert len(copies(helper)) == 10


def test_a_package_says_little_by_its_length(owner, helper):
    sizes = set()
    for items in ({1}, None):
        gift = owner.helpers.give(
            helper.helpers.invite("Mair").text,
            [owner.part(record(owner), items=items)],
            copies=1,
        )
        sizes.add(len(gift.package))
        assert not gift.fits_qr
    assert len(sizes) == 1


def test_an_interrupted_gift_takes_nothing(owner, helper, monkeypatch):
    def fail(*_all, **_more):
        raise PassportError("helper.too_much")

    monkeypatch.setattr(lending, "seal_package", fail)
    with refused("helper.too_much"):
        owner.helpers.give(helper.helpers.invite("Mair").text, [owner.part(record(owner))])
    assert len(copies(owner)) == 10
    assert owner.helpers.given() == ()


def test_an_invitation_reads_the_same_wherever_it_is_read(helper):
    made = helper.helpers.invite("Mair Morgan")
    assert read_invitation(made.text) == made
    assert len(made.text) < 300
