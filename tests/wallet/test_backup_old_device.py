"""After a restore the old device is stopped: its copies are marked, and its link is dead."""

from __future__ import annotations

import pytest
from refreshing_world import PASSPHRASE, RefreshingWorld

from wallet.service import Wallet
from wallet.service.backups import Backups
from wallet.service.grants import read_grants
from wallet.vault import KdfCost

NEW = "four other made-up words"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("refreshing") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    return whole


@pytest.fixture
def old(world, tmp_path):
    made = world.filled(tmp_path / "old")
    yield made
    made.close()


@pytest.fixture
def new(world, old, tmp_path):
    path = tmp_path / "a.hpb"
    backups(old).make(path, way=PASSPHRASE)
    made = Wallet(world.surroundings(tmp_path / "new"))
    backups(made).restore(path, PASSPHRASE, new=NEW, cost=KdfCost())
    made.unlock(NEW)
    made.update_trust()
    yield made
    made.close()


def backups(wallet):
    return Backups(wallet._opened, wallet._around, cost=KdfCost())


def test_the_backup_holds_token_and_key_and_both_are_new_afterwards(old, new):
    [before], [brought] = read_grants(old._opened()), read_grants(new._opened())
    assert (brought.token, brought.key) == (before.token, before.key)
    [outcome] = new.updates.stop_old_device()
    assert (outcome.done, outcome.stopped, outcome.renewed) == (True, True, True)
    [after] = read_grants(new._opened())
    assert after.token != before.token
    assert after.key != before.key


def test_nothing_of_the_surgery_is_used_before_the_old_device_is_stopped(world, new):
    world.wire.sent.clear()
    [outcome] = new.updates.refresh()
    assert outcome.code == "wallet.old_device"
    assert not [request for request in world.wire.sent if request.method == "POST"]


def test_the_old_devices_copies_are_marked_and_it_is_told(world, old, new):
    new.updates.stop_old_device()
    assert set(world.statuses(old)) == {3}
    assert set(world.statuses(new)) == {0}
    [told] = old.updates.refresh()
    assert told.code == "grant.device_stopped"
    assert all(record.fresh_copies for record in new.records())


def test_a_second_restore_from_the_same_backup_is_refused_by_the_surgery(world, new, tmp_path):
    new.updates.stop_old_device()
    thief = Wallet(world.surroundings(tmp_path / "thief"))
    backups(thief).restore(tmp_path / "a.hpb", PASSPHRASE, new=NEW, cost=KdfCost())
    thief.unlock(NEW)
    thief.update_trust()
    [outcome] = thief.updates.stop_old_device()
    assert not outcome.stopped
    assert not outcome.renewed
    assert set(world.statuses(new)) == {0}
    thief.close()
