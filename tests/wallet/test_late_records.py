"""Records that come late: what was read since stays, and each offer is asked for in its own way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from refreshing_world import EGG, ISSUER, LATEX, NUT, PASSPHRASE, RefreshingWorld, listed
from waiting_steps import codes, decide, later, waited
from wallet_world import with_json

from healthpassport.errors import TrustError
from wallet.service.put_off import read_put_off


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
    assert "" in codes(wallet.waiting.look())
    assert len(listed(wallet)) == 3
    assert wallet.waiting.list() == ()


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
