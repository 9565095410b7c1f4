"""Crashes, the timetable, and the old device: what keeping up to date must survive."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from refreshing_world import (
    HOST,
    ISSUER,
    PASSPHRASE,
    RefreshingWorld,
    content,
    fails,
    on,
    refresh,
)

from healthpassport.errors import FetchError
from wallet.service import Wallet, grants
from wallet.service.grants import read_grants


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("refreshing") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    return whole


@pytest.fixture
def wallet(world, tmp_path):
    made = world.filled(tmp_path)
    yield made
    made.close()


# Crashes and lost answers.


def test_a_lost_answer_to_the_refresh_costs_nothing(world, wallet):
    def lost(_answer):
        raise FetchError("net.timeout")

    world.wire.bend = on("/token", lost)
    fails(world, wallet, "net.timeout")
    world.pass_time(days=3)  # far beyond any grace
    wallet.unlock(PASSPHRASE)
    assert refresh(wallet).done


class CrashError(Exception):
    """The process is killed here."""


@pytest.mark.parametrize("point", ["_keep_turned", "renew", "store"])
def test_a_kill_between_turning_the_token_and_storing_loses_nothing(
    world, tmp_path, monkeypatch, point
):
    wallet = world.filled(tmp_path)
    before = content(wallet)

    def killed(*_args, **_kwargs):
        raise CrashError

    from wallet.service import renewing, updates  # noqa: PLC0415

    place = {"_keep_turned": grants, "renew": updates, "store": renewing}[point]
    monkeypatch.setattr(place, "_store" if point == "store" else point, killed)
    with pytest.raises(CrashError):
        wallet.updates.refresh()
    monkeypatch.undo()
    wallet.close()
    world.pass_time(days=2)
    again = Wallet(world.surroundings(tmp_path))
    again.unlock(PASSPHRASE)
    assert content(again) == before
    assert set(world.statuses(again)) == {0}
    assert refresh(again).done
    assert set(world.statuses(again)) == {0}
    again.close()


def test_two_windows_of_one_wallet_do_not_end_the_grant(world, tmp_path):
    first = world.filled(tmp_path)
    second = Wallet(world.surroundings(tmp_path))
    second.unlock(PASSPHRASE)
    assert refresh(first).done
    assert refresh(second).done
    assert refresh(first).done
    first.close()
    second.close()


# The timetable.


def test_a_record_is_due_before_a_desk_calls_it_old(world, wallet):
    from healthpassport.verification.policy import FreshnessPolicy  # noqa: PLC0415

    policy = FreshnessPolicy()
    assert wallet.updates.due() == ()
    for entry in wallet.updates.timetable():
        [view] = [view for view in wallet.records() if view.id == entry.record]
        assert not entry.now
        assert entry.next - world.now < policy.limit(view.type)
        assert entry.next - world.now <= (view.expires_at - view.added_at) / 2
        assert entry.next - world.now <= timedelta(days=36)


def test_refreshing_what_is_due_does_that_and_no_more(world, wallet):
    soonest = min(wallet.updates.timetable(), key=lambda entry: entry.next)
    world.pass_time(days=0, seconds=(soonest.next - world.now).total_seconds() + 1)
    wallet.unlock(PASSPHRASE)
    wallet.update_trust()
    due = wallet.updates.due()
    assert soonest.record in {entry.record for entry in due}
    world.wire.sent.clear()
    assert all(outcome.done for outcome in wallet.updates.refresh_due())
    assert wallet.updates.due() == ()
    world.wire.sent.clear()
    assert wallet.updates.refresh_due() == ()
    assert not world.wire.sent


def test_prv_008_presenting_changes_nothing_in_the_timetable_and_asks_no_issuer(world, wallet):
    world.pass_time(days=2)
    wallet.unlock(PASSPHRASE)
    wallet.update_trust()
    world.world.desk.update()
    before = wallet.updates.timetable()
    grants_before = read_grants(wallet._vault)
    for _ in range(6):  # also when every copy was shown
        request = world.ask()
        world.wire.sent.clear()
        wallet.share(wallet.prepare(request["link"]))
        assert not [url for url in world.wire.urls() if url.startswith(ISSUER)]
    assert wallet.updates.timetable() == before
    assert read_grants(wallet._vault) == grants_before
    declined = world.ask()
    wallet.decline(wallet.prepare(declined["link"]))
    assert wallet.updates.timetable() == before


def test_looking_at_the_timetable_or_opening_the_wallet_asks_nobody(world, wallet):
    world.wire.sent.clear()
    wallet.lock()
    wallet.unlock(PASSPHRASE)
    wallet.records()
    wallet.updates.timetable()
    wallet.updates.due(world.now + timedelta(days=400))
    wallet.updates.changes()
    assert not world.wire.sent


# Stop the old device.


def test_stopping_the_old_device_kills_its_copies_and_tells_it(world, tmp_path):
    old = world.filled(tmp_path / "old")
    old.lock()
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    new = Wallet(world.surroundings(tmp_path / "new"))
    new.unlock(PASSPHRASE)
    grants.mark_restored(new._vault)
    assert refresh(new).code == "wallet.old_device"
    assert new.updates.due(world.now + timedelta(days=90)) == ()
    [outcome] = new.updates.stop_old_device()
    assert (outcome.done, outcome.stopped, outcome.renewed) == (True, True, True)
    assert outcome.issuer == "Example Surgery"
    assert set(world.statuses(new)) == {0}
    old.unlock(PASSPHRASE)
    assert set(world.statuses(old)) == {3}
    told = refresh(old)
    assert told.code == "grant.device_stopped"
    assert "stopped from your other device" in told.title
    assert refresh(new).done
    old.close()
    new.close()


def test_a_surgery_that_is_down_is_stopped_at_the_next_try(world, wallet):
    world.wire.down.add(HOST)
    [outcome] = wallet.updates.stop_old_device()
    assert (outcome.done, outcome.stopped) == (False, False)
    world.wire.calm()
    [outcome] = wallet.updates.stop_old_device()
    assert (outcome.done, outcome.stopped) == (True, True)


@pytest.mark.parametrize("lost", ["/holder/device", "/holder/grant", "/credential"])
def test_an_answer_that_is_lost_on_the_way_is_made_good_at_the_next_try(world, wallet, lost):
    def gone(_answer):
        raise FetchError("net.timeout")

    world.wire.bend = on(lost, gone)
    [outcome] = wallet.updates.stop_old_device()
    assert not outcome.done
    world.wire.calm()
    world.pass_time(days=2)
    wallet.unlock(PASSPHRASE)
    [outcome] = wallet.updates.stop_old_device()
    assert (outcome.done, outcome.stopped) == (True, True)
    assert set(world.statuses(wallet)) == {0}


def test_where_nothing_can_be_read_again_the_old_device_is_stopped_all_the_same(world, tmp_path):
    wallet = world.wallet(tmp_path)
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    [outcome] = wallet.updates.stop_old_device()
    assert (outcome.done, outcome.stopped, outcome.renewed) == (False, True, False)
    assert outcome.code == "grant.no_source"
    assert set(world.statuses(wallet)) == {3}
    wallet.close()


def test_lent_records_and_own_words_are_nobodys_to_refresh(world, wallet):
    wallet.say("I feel dizzy")
    from wallet.service import shelf  # noqa: PLC0415

    types = {entry.label for entry in wallet.updates.timetable()}
    assert len(types) == len(wallet.records()) - 1
    stored = shelf.read_records(wallet._vault)[0]
    lent = replace(stored, until=world.now + timedelta(days=3))
    with wallet._vault.transaction() as writer:
        writer.replace("records", lent.row, shelf._record_bytes(lent))
    assert len(wallet.updates.timetable()) == len(wallet.records()) - 2
