"""The leave to come back when records move between passports, and copies that it once gave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lending_world import record, refused
from refreshing_world import EGG, LATEX, NUT, PASSPHRASE, RefreshingWorld, listed

from healthpassport.status.entries import VALID, WITHDRAWN
from issuer.store import statuses
from wallet.service.grants import read_grants
from wallet.service.withdrawing import Withdrawing


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("moved") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    return whole


@pytest.fixture
def owner(world, tmp_path):
    made = world.filled(tmp_path / "owner")
    yield made
    made.close()


@pytest.fixture
def helper(world, tmp_path):
    made = world.wallet(tmp_path / "helper")
    yield made
    made.close()


def lend(owner, helper):
    helper.unlock(PASSPHRASE)
    return owner.helpers.give(helper.helpers.invite("Mair").text, [owner.part(record(owner))])


def places(gift):
    return [place for lent in gift.records for place in lent.places]


def states(world, *gifts):
    with world.issuer.store.reading() as tx:
        return {
            statuses.entry(tx, int(uri.rpartition("/")[2]), idx)[1]
            for gift in gifts
            for uri, idx in places(gift)
        }


def move_all(owner):
    new = owner.move(record(owner), "new").id
    for view in owner.records():
        if view.person != new:
            owner.move(view.id, new)
    return new


def test_the_first_record_that_moves_takes_its_leave_along(owner):
    moved = record(owner)
    new = owner.move(moved, "new").id
    can = {one.record: one.can for one in owner.updates.timetable()}
    assert [name for name, able in can.items() if able] == [moved]
    owner.move(moved, "me")  # and back
    assert all(one.can for one in owner.updates.timetable())
    assert new not in {grant.person for grant in read_grants(owner._vault)}


def test_when_all_have_moved_all_are_brought_up_to_date_there(world, owner):
    new = move_all(owner)
    count = len(owner.records())
    world.tell(NUT, LATEX, EGG)
    world.now += timedelta(minutes=2)
    [outcome] = owner.updates.refresh()
    assert (outcome.done, outcome.person) == (True, new)
    assert {view.person for view in owner.records()} == {new}
    assert len(owner.records()) == count
    assert len(listed(owner)) == 3


def test_what_was_lent_before_the_move_is_told_and_withdrawn(world, owner, helper):
    gift = lend(owner, helper)
    new = move_all(owner)
    with refused("helper.still_lent"):
        owner.people.remove(new)
    ended = owner.helpers.end(gift.id)
    assert ended.left == ()
    assert states(world, gift) == {WITHDRAWN}
    owner.people.remove(new)


def test_a_newer_offer_after_the_move_keeps_the_leave_that_lent_copies_need(world, owner, helper):
    gift = lend(owner, helper)
    new = move_all(owner)
    offer = world.offer_source()
    owner.accept(owner.add_offer(offer.link), offer.pin, person=new)
    assert owner.helpers.end(gift.id).left == ()
    assert states(world, gift) == {WITHDRAWN}


def test_copies_of_two_offers_of_one_surgery_are_withdrawn_each_by_its_own(world, owner, helper):
    first = lend(owner, helper)
    world.add(owner)
    second = lend(owner, helper)
    assert len({grant.token for grant in read_grants(owner._vault)}) == 2
    assert states(world, first, second) == {VALID}
    mixed = [*places(first), *places(second)]
    [iss] = {lent.iss for lent in first.records}
    Withdrawing(owner._vault, owner._around)(iss, first.person, mixed)
    assert states(world, first, second) == {WITHDRAWN}


def test_copies_of_another_person_are_not_withdrawn_by_this_ones_leave(world, owner, helper):
    gift = lend(owner, helper)
    [iss] = {lent.iss for lent in gift.records}
    with refused("helper.not_withdrawn"):
        Withdrawing(owner._vault, owner._around)(iss, "0" * 14, places(gift))
    assert states(world, gift) == {VALID}
