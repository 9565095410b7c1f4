"""Records that come late: what was read since stays, and each offer is asked for in its own way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from refreshing_world import EGG, ISSUER, LATEX, NUT, PASSPHRASE, RefreshingWorld, listed
from waiting_steps import codes, decide, later, waited
from wallet_world import with_json

from healthpassport.errors import TrustError
from wallet.service.grants import read_grants
from wallet.service.put_off import change_put_off, read_put_off
from wallet.service.shelf import assign, read_records


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("late") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    whole.change(sign_off="all", deferred_notification=True)
    return whole


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


def test_what_comes_late_does_not_replace_what_was_read_since(world, wallet):
    waited(world, wallet)
    world.pass_time(days=2)
    wallet.unlock(PASSPHRASE)
    world.change(sign_off="none")
    world.tell(NUT, LATEX, EGG)
    world.add(wallet)
    assert len(listed(wallet)) == 3
    decide(world)
    assert codes(wallet.waiting.look()) == [""]
    assert len(listed(wallet)) == 3
    assert wallet.waiting.list() == ()
    told = [json.loads(r.body)["event"] for r in world.wire.sent if r.url.endswith("/notification")]
    assert set(told) == {"credential_failure"}  # so that the surgery ends nothing newer for it


def test_of_two_offers_that_wait_the_later_reading_stays(world, wallet):
    waited(world, wallet)
    world.pass_time(days=1)
    wallet.unlock(PASSPHRASE)
    world.tell(NUT, LATEX, EGG)
    waited(world, wallet)
    later(world)
    decide(world, only="PatientIdentity")
    assert "" in codes(wallet.waiting.look())
    assert len({one.person for one in read_put_off(wallet._vault)}) == 1
    later(world)
    decide(world)
    told = codes(wallet.waiting.look())
    assert "" in told
    assert "wallet.record_forgotten" not in told
    assert len(listed(wallet)) == 3
    assert wallet.waiting.list() == ()


def test_what_one_offer_still_has_to_come_is_asked_for_by_its_own_leave(world, wallet):
    """The later offer takes over the one record that came; the earlier is needed all the same."""
    waited(world, wallet)
    later(world)
    decide(world, only="PatientIdentity")
    assert "" in codes(wallet.waiting.look())
    offer = world.offer_source(wanted=("PatientIdentity",))
    assert wallet.accept(wallet.add_offer(offer.link), offer.pin) == ()
    later(world)
    decide(world, only="PatientIdentity")
    assert "wallet.record_forgotten" not in codes(wallet.waiting.look())
    first, second = read_grants(wallet._vault)
    assert sorted(map(len, (first.names, second.names))) == [0, 1]
    left = read_put_off(wallet._vault)
    assert {one.grant for one in left} == {g.id for g in (first, second) if not g.names}
    later(world)
    decide(world)
    assert codes(wallet.waiting.look()) == [""]
    assert wallet.waiting.list() == ()
    assert {one.type for one in wallet.records()} >= {"PatientIdentity", "AllergySummary"}


def test_a_leave_of_which_nothing_came_ends_with_what_was_to_come_of_it(world, wallet):
    for one in waited(world, wallet):
        assert len(read_grants(wallet._vault)) == 1
        wallet.waiting.forget(one.id)
    assert read_grants(wallet._vault) == ()


def test_a_row_of_an_older_wallet_finds_its_leave_by_surgery_and_person(world, wallet):
    waited(world, wallet)
    rows = read_put_off(wallet._vault)
    with wallet._vault.transaction() as writer:
        for one in rows:
            change_put_off(writer, replace(one, grant=""))
    later(world)
    decide(world)
    assert codes(wallet.waiting.look()) == [""]


def test_what_comes_late_is_checked_for_whose_it_is_as_at_a_refresh(world, wallet):
    """What is not surely of the same person is another's: nobody is there to be asked."""
    world.change(sign_off="none")
    world.add(wallet)
    world.change(sign_off="all")
    wallet.updates.refresh()
    held = [one for one in read_records(wallet._vault) if one.record.type == "PatientIdentity"]
    with wallet._vault.transaction() as writer:
        less = {k: v for k, v in held[0].payload.items() if k not in ("nhsNumber", "birthDate")}
        assign(writer, replace(held[0], payload=less), held[0].person)
    later(world)
    decide(world)
    assert codes(wallet.waiting.look()) == ["wallet.other_person"]


def test_two_offers_of_which_one_gave_no_leave_to_come_back_are_asked_for_each_in_its_way(
    world, wallet
):
    def alone(request, answer):
        no_way_back = with_json(lambda told: told.pop("refresh_token", None))
        return no_way_back(answer) if request.url == f"{ISSUER}/token" else answer

    world.change(deferred_interval_seconds=60)
    offer = world.offer_source()
    preview = wallet.add_offer(offer.link)
    world.wire.bend = alone
    wallet.accept(preview, offer.pin)
    world.wire.calm()
    world.now += timedelta(seconds=5)
    world.tell(NUT, LATEX, EGG)
    waited(world, wallet)
    for only in ("PatientIdentity", None):
        later(world)
        decide(world, only=only)
        told = codes(wallet.waiting.look())
        assert "" in told
        assert "wallet.record_forgotten" not in told
    assert len(listed(wallet)) == 3
    assert wallet.waiting.list() == ()
    world.tell(NUT, LATEX)


def test_a_list_that_is_out_of_date_costs_no_record_that_came(world, wallet, monkeypatch):
    from wallet.service import waiting as module  # noqa: PLC0415

    waited(world, wallet)
    later(world)
    decide(world)

    def stale(*_given, **_named):
        raise TrustError("trust.stale")

    with monkeypatch.context() as bent:
        bent.setattr(module, "check_collected", stale)
        assert codes(wallet.waiting.look()) == ["trust.stale"]
    assert {one.ended for one in wallet.waiting.list()} == {""}
    later(world)
    assert codes(wallet.waiting.look()) == [""]
    assert wallet.records()
