"""What keeping records up to date does to what is lent: it ends in time, and is told in words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from lending_world import record
from refreshing_world import EGG, HOST, LATEX, NUT, PASSPHRASE, RefreshingWorld, refresh
from typer.testing import CliRunner

from healthpassport.status.entries import REPLACED, VALID, WITHDRAWN
from issuer.store import statuses
from wallet import cli
from wallet.cli import session
from wallet.service import Wallet


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("lent") / "w")


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


def lend(world, owner, helper, *, days=0, **more):
    """Both of the owner's records, lent until the end of today, or of ``days`` later."""
    invitation = helper.helpers.invite("Mair")
    parts = [owner.part(record(owner, kind)) for kind in ("PatientIdentity", "AllergySummary")]
    until = (world.now + timedelta(days=days)).date()
    return owner.helpers.give(invitation.text, parts, until=until, **more)


def next_day(world, *wallets):
    world.pass_time(days=1)
    for wallet in wallets:
        wallet.unlock(PASSPHRASE)


def states(world, gift):
    """What the surgery's list says of each lent copy."""
    with world.issuer.store.reading() as tx:
        return {
            statuses.entry(tx, int(uri.rpartition("/")[2]), idx)[1]
            for lent in gift.records
            for uri, idx in lent.places
        }


def test_what_is_due_ends_and_withdraws_what_is_lent_and_over(world, owner, helper):
    gift = lend(world, owner, helper)
    owner.updates.refresh_due()
    assert owner.helpers.given()[0].active
    next_day(world, owner)
    assert [one.id for one in owner.updates.lent_due()] == [gift.id]
    owner.updates.refresh_due()
    assert owner.updates.lent_due() == ()
    [ended] = owner.helpers.given()
    assert (ended.active, ended.left, ended.ended) == (False, (), world.now)
    assert states(world, gift) == {WITHDRAWN}


def test_a_surgery_that_is_away_leaves_it_due(world, owner, helper):
    gift = lend(world, owner, helper)
    next_day(world, owner)
    world.wire.down.add(HOST)
    owner.updates.refresh_due()
    assert [one.left for one in owner.updates.lent_due()] == [("Example Surgery",)]
    world.wire.calm()
    world.now += timedelta(minutes=1)
    owner.updates.refresh_due()
    assert owner.updates.lent_due() == ()
    assert states(world, gift) == {WITHDRAWN}


def test_neither_opening_nor_looking_nor_sharing_asks_a_surgery(world, owner, helper):
    lend(world, owner, helper)
    next_day(world, owner)
    world.wire.sent.clear()
    owner.lock()
    owner.unlock(PASSPHRASE)
    owner.updates.due()
    assert len(owner.updates.lent_due()) == 1
    owner.share(owner.prepare(world.ask()["link"]))
    assert not [one for one in world.wire.sent if "/holder/" in one.url or "/token" in one.url]
    assert len(owner.updates.lent_due()) == 1


def test_the_timer_says_what_a_surgery_must_still_withdraw(
    world, owner, helper, tmp_path, monkeypatch
):
    lend(world, owner, helper)
    world.pass_time(days=1)
    owner.close()
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(tmp_path / "owner")))

    def run(*words):
        return CliRunner().invoke(cli.app, [*words, "--passphrase-file", str(secret)])

    assert "Lent to Mair: over, to be withdrawn now" in run("due").stdout
    assert len(json.loads(run("due", "--json").stdout)["lent"]) == 1
    world.wire.down.add(HOST)
    left = "Example Surgery must still withdraw what you lent to Mair."
    assert left in run("refresh", "--due").stderr
    world.wire.calm()
    world.now += timedelta(minutes=1)
    assert left not in run("refresh", "--due").stderr
    assert json.loads(run("due", "--json").stdout)["lent"] == []


AGAIN = "What you lent to Mair no longer works. Lend it again."


def test_a_newer_record_replaces_what_is_lent_and_its_owner_reads_so_at_once(world, owner, helper):
    gift = lend(world, owner, helper, days=1)
    assert states(world, gift) == {VALID}
    assert owner.updates.lend_again() == ()
    world.tell(NUT, LATEX, EGG)
    world.now += timedelta(minutes=10)
    notes = refresh(owner).notes
    # No older list goes on beside one that says something else; what says the same does.
    assert states(world, gift) == {REPLACED, VALID}
    told = {note.record_type: note.lines("en") for note in notes}
    assert told["PatientIdentity"] == ("Nothing has changed.",)
    assert told["AllergySummary"][-1] == AGAIN
    assert any("egg" in line for line in told["AllergySummary"])
    assert sum("fenthyg eto" in note.lines("cy")[-1] for note in notes) == 1
    kept = owner.updates.changes(unread=True)
    assert sum(AGAIN in note.lines("en") for note in kept) == 1
    assert [one.older for one in owner.updates.lend_again()] == [("Allergies",)]


def test_what_is_lent_goes_on_where_the_record_says_the_same_and_nothing_is_said(
    world, owner, helper
):
    gift = lend(world, owner, helper, days=1)
    for take in (lambda: refresh(owner), lambda: world.add(owner)):
        world.now += timedelta(minutes=10)
        take()
        assert states(world, gift) == {VALID}
        assert owner.updates.lend_again() == ()
        assert all(note.nothing for note in owner.updates.changes())
    world.tell(NUT)
    world.now += timedelta(minutes=10)
    told = {note.record_type: note.lines("en")[-1] for note in refresh(owner).notes}
    assert told["PatientIdentity"] == "Nothing has changed."
    assert [one.older for one in owner.updates.lend_again()] == [("Allergies",)]


def test_once_an_old_device_is_stopped_nothing_that_was_lent_goes_on(world, owner, helper):
    gift = lend(world, owner, helper, days=1)
    world.now += timedelta(minutes=10)
    owner.updates.stop_old_device()
    assert VALID not in states(world, gift)
    assert [one.older for one in owner.updates.lend_again()] == [("Your details", "Allergies")]
    assert sum(AGAIN in note.lines("en") for note in owner.updates.changes()) == 2


def test_it_is_told_once_and_not_of_what_has_ended(world, owner, helper):
    gift = lend(world, owner, helper)
    world.tell(NUT, LATEX, EGG)
    world.now += timedelta(minutes=10)
    assert sum(AGAIN in note.lines("en") for note in refresh(owner).notes) == 1
    world.now += timedelta(minutes=10)
    assert all(note.nothing for note in refresh(owner).notes)
    owner.helpers.end(gift.id)
    assert owner.updates.lend_again() == ()
    helper.unlock(PASSPHRASE)
    lend(world, owner, helper)
    owner.helpers.end(owner.helpers.given()[0].id)
    world.now += timedelta(minutes=10)
    assert all(note.nothing for note in refresh(owner).notes)


def test_a_record_that_is_no_longer_given_cannot_be_lent_again(world, owner, helper):
    lend(world, owner, helper)
    world.tell()
    world.now += timedelta(minutes=10)
    refresh(owner)
    lines = [line for note in owner.updates.changes() for line in note.lines("en")]
    assert any(line.startswith("What you lent to Mair no longer works.") for line in lines)
