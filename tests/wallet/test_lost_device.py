"""A device is lost: the backup comes back on a new one, and the old one is stopped."""

from __future__ import annotations

import pytest
from refreshing_world import LATEX, PASSPHRASE, RefreshingWorld, listed

from wallet.service import Wallet
from wallet.service.backups import Backups
from wallet.vault import KdfCost

NEW = "four other made-up words"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("lost") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    return whole


def of(wallet):
    return Backups(wallet._opened, wallet._around, cost=KdfCost())


def test_a_backup_made_long_before_still_stops_the_lost_device(world, tmp_path):
    lost = world.filled(tmp_path / "lost")
    path = tmp_path / "backup.hpb"
    of(lost).make(path, way=PASSPHRASE)
    for _ in range(2):  # the lost device went on for a while: its tokens turned
        world.pass_time(minutes=10)
        assert lost.updates.refresh()[0].done
    world.tell(LATEX)
    found = Wallet(world.surroundings(tmp_path / "found"))
    of(found).restore(path, PASSPHRASE, new=NEW, cost=KdfCost())
    found.unlock(NEW)
    found.update_trust()
    [before] = found.updates.refresh()
    assert before.code == "wallet.old_device"
    [stopped] = found.updates.stop_old_device()
    assert (stopped.done, stopped.stopped, stopped.renewed) == (True, True, True)
    assert any("peanut" in line for note in stopped.notes for line in note.lines("en"))
    assert listed(found) == ["Allergy to latex"]
    assert set(world.statuses(found)) == {0}
    assert set(world.statuses(lost)) == {3}
    [told] = lost.updates.refresh()
    assert told.kind == "stopped"
    assert found.updates.refresh()[0].done
    lost.close()
    found.close()


def test_the_thief_of_a_device_cannot_take_the_grant_back(world, tmp_path):
    lost = world.filled(tmp_path / "lost")
    path = tmp_path / "backup.hpb"
    of(lost).make(path, way=PASSPHRASE)
    found = Wallet(world.surroundings(tmp_path / "found"))
    of(found).restore(path, PASSPHRASE, new=NEW, cost=KdfCost())
    found.unlock(NEW)
    found.update_trust()
    assert found.updates.stop_old_device()[0].done
    [told] = lost.updates.stop_old_device()
    assert (told.code, told.stopped) == ("grant.device_stopped", False)
    assert found.updates.refresh()[0].done
    lost.close()
    found.close()
