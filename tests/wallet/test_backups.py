"""Backups of a real wallet: made, tested, brought back on a new device, shared among helpers."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from backup_files import refused as backup_refused
from wallet_home import refused
from wallet_world import PASSPHRASE

from healthpassport.record_words import day
from wallet.backup.reading import look
from wallet.service import Wallet
from wallet.service.backups import Backups
from wallet.service.recipients import HelpersParts
from wallet.service.restoring import put_in_place
from wallet.service.shelf import mark_shown, read_copy
from wallet.vault import KdfCost, Passkey, Passphrase, RecoveryWords

NEW = "four other made-up words"


def today():
    return day(datetime.now(UTC).date(), "en")


@pytest.fixture
def backups(filled_wallet):
    return of(filled_wallet)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "stick" / "backup.hpb"


@pytest.fixture(autouse=True)
def _stick(path):
    path.parent.mkdir()


@pytest.fixture
def device(world, tmp_path):
    """Another device of the same person, without a wallet."""
    made = Wallet(world.surroundings(tmp_path / "second"))
    yield made
    made.close()


def of(wallet):
    return Backups(wallet._opened, wallet._around, cost=KdfCost())


def restore(device, path, way=PASSPHRASE):
    restored = of(device).restore(path, way, new=NEW, cost=KdfCost())
    device.unlock(NEW)
    return restored


def shown(wallet):
    return [(r.id, r.type, r.issuer, r.as_of, r.item_count) for r in wallet.records()]


def test_a_wallet_comes_back_whole_on_another_device(backups, filled_wallet, device, path):
    made = backups.make(path, way=PASSPHRASE)
    assert made.opens_with == ("passphrase",)
    assert path.stat().st_mode & 0o777 == 0o600
    restored = restore(device, path)
    assert restored.records == 2
    assert shown(device) == shown(filled_wallet)
    for number in "12":
        assert device.show(number).lines == filled_wallet.show(number).lines
    assert device._opened().wallet_id != filled_wallet._opened().wallet_id


def test_a_wallet_that_came_back_can_share(world, backups, device, path):
    backups.make(path, way=PASSPHRASE)
    restore(device, path)
    device.update_trust()
    request = world.ask()
    question = device.prepare(request["link"])
    device.share(question)
    assert world.seen(request)["state"] == "answered"


def test_copies_that_came_back_count_as_shown(backups, filled_wallet, device, path):
    """They may have been, after the backup: nobody can tell, and no asker is told they are new."""
    backups.make(path, way=PASSPHRASE)
    assert all(record.fresh_copies for record in filled_wallet.records())
    restore(device, path)
    assert not any(record.fresh_copies for record in device.records())


def test_history_stays_out_unless_it_is_chosen(backups, device, path):
    backups.make(path, way=PASSPHRASE)
    restore(device, path)
    device.open_past(NEW)
    assert device.history() == ()


def test_history_comes_along_when_chosen(backups, filled_wallet, device, path):
    made = backups.make(path, way=PASSPHRASE, with_history=True)
    assert "It also holds who has seen your records." in made.lines
    assert filled_wallet._opened().private_locked
    restore(device, path)
    device.open_past(NEW)
    filled_wallet.open_past(PASSPHRASE)
    assert device.history() == filled_wallet.history() != ()


def test_a_test_says_that_a_new_backup_holds_everything(backups, path):
    backups.make(path, way=PASSPHRASE)
    found = backups.test(path, PASSPHRASE)
    assert found.newest
    assert found.lines == (
        f"All of this backup can be read. It was made on {today()}.",
        "It holds all that is in your wallet now.",
    )


def test_a_test_names_what_is_newer_changed_or_gone(backups, filled_wallet, path):
    backups.make(path, way=PASSPHRASE)
    filled_wallet.say("I feel dizzy when I stand up")
    filled_wallet.remove("1")
    vault = filled_wallet._opened()
    copy = read_copy(vault, vault.rows("copies")[0])
    with vault.transaction() as writer:
        mark_shown(writer, copy)
    found = backups.test(path, PASSPHRASE)
    assert not found.newest
    assert found.added["records"] == 1
    assert found.removed["records"] == 1
    text = " ".join(found.lines)
    assert "Not in it yet:" in text
    assert "Changed since then: copies of records (1)." in text
    assert "In it, but not in your wallet now: copies of records (5); records (1)." in text
    assert found.lines[-1].startswith("Make a new backup")


def test_a_test_leaves_nothing_behind_and_changes_nothing(backups, filled_wallet, path, tmp_path):
    backups.make(path, way=PASSPHRASE)
    vault = filled_wallet._around.vault_file
    before = vault.read_bytes(), sorted(tmp_path.rglob("*"))
    backups.test(path, PASSPHRASE)
    with backup_refused("backup.unlock_failed"):
        backups.test(path, "not the passphrase")
    assert (vault.read_bytes(), sorted(tmp_path.rglob("*"))) == before


def test_words_open_backups_that_were_made_without_them(backups, filled_wallet, device, path):
    words = filled_wallet.ways.new_words()
    filled_wallet.ways.add_words(words, given=PASSPHRASE)
    made = backups.make(path, way=PASSPHRASE)
    assert set(made.opens_with) == {"passphrase", "words"}
    assert backups.test(path, RecoveryWords(words)).newest
    restore(device, path, RecoveryWords(words))
    later = path.with_name("later.hpb")
    assert "words" in of(device).make(later, way=NEW).opens_with
    assert of(device).test(later, RecoveryWords(words)).newest


def test_words_that_were_taken_out_open_no_new_backup(backups, filled_wallet, path):
    words = filled_wallet.ways.new_words()
    filled_wallet.ways.add_words(words, given=PASSPHRASE)
    newer = filled_wallet.ways.new_words()
    filled_wallet.ways.change("words", RecoveryWords(newer), given=PASSPHRASE)
    backups.make(path, way=PASSPHRASE)
    assert backups.test(path, RecoveryWords(newer)).newest
    with backup_refused("backup.unlock_failed"):
        backups.test(path, RecoveryWords(words))
    filled_wallet.ways.remove("words", given=PASSPHRASE)
    backups.make(path, way=PASSPHRASE)
    with backup_refused("backup.no_such_way"):
        backups.test(path, RecoveryWords(newer))


def test_two_of_three_helpers_bring_it_back(backups, device, path):
    parts = backups.split(way=PASSPHRASE)
    assert parts.lines[0] == (
        "Two of these people together can open everything. Do not choose people who live together."
    )
    backups.make(path, way=PASSPHRASE)
    texts = tuple(share.text() for share in parts.shares)
    assert backups.join(path, HelpersParts(texts[1:]))
    restore(device, path, HelpersParts((texts[2], texts[0])))
    assert len(device.records()) == 2


def test_a_new_split_makes_old_parts_worthless_for_new_backups_only(backups, path):
    old = HelpersParts(tuple(share.text() for share in backups.split(way=PASSPHRASE).shares[:2]))
    backups.make(path, way=PASSPHRASE)
    again = backups.split(way=PASSPHRASE)
    assert any("still open old ones" in line for line in again.lines)
    newer = path.with_name("newer.hpb")
    backups.make(newer, way=PASSPHRASE)
    with backup_refused("backup.share_old"):
        backups.join(newer, old)
    assert backups.join(path, old)
    new = HelpersParts(tuple(share.text() for share in again.shares[1:]))
    assert backups.join(newer, new)
    with backup_refused("backup.share_old"):
        backups.join(path, new)


def test_a_slip_in_a_helpers_part_says_which_part_and_group(backups, path):
    texts = [share.text() for share in backups.split(way=PASSPHRASE).shares[:2]]
    wrong = texts[1][:13] + ("2" if texts[1][13] == "1" else "1") + texts[1][14:]
    backups.make(path, way=PASSPHRASE)
    with pytest.raises(Exception, match="part 2: look at group 3"):
        backups.join(path, HelpersParts((texts[0], wrong)))


def test_a_sheet_opens_the_wallet_and_its_backups(backups, filled_wallet, device, path):
    code = "-".join(backups.sheet(way=PASSPHRASE))
    backups.make(path, way=PASSPHRASE)
    way = backups.read_way(code.lower())
    assert isinstance(way, RecoveryWords)
    assert backups.test(path, way).newest
    filled_wallet.lock()
    filled_wallet.unlock(way)
    restore(device, path, way)
    with backup_refused("backup.sheet_words"):
        backups.sheet(way=PASSPHRASE)
    assert "-".join(backups.sheet(way=way)) == code


def test_what_is_typed_is_told_apart(backups, filled_wallet):
    words = filled_wallet.ways.new_words()
    assert backups.read_way(" ".join(words).upper()) == RecoveryWords(words)
    assert backups.read_way("any other words at all") == Passphrase("any other words at all")


def test_a_way_that_does_not_open_the_wallet_makes_no_backup(backups, path):
    for make in (lambda: backups.make(path, way="not the passphrase"),):
        with refused("vault.unlock_failed"):
            make()
    with refused("vault.unlock_failed"):
        backups.split(way="not the passphrase")
    with refused("vault.unlock_failed"):
        backups.sheet(way="not the passphrase")
    assert not path.exists()


def test_a_passkey_alone_makes_no_backup_that_it_could_not_open(backups, filled_wallet, path):
    key = Passkey(b"credential", b"s" * 32)
    filled_wallet.ways.add_passkey(key.credential_id, key.secret, given=PASSPHRASE)
    with backup_refused("backup.way"):
        backups.make(path, way=key)
    backups.sheet(way=PASSPHRASE)
    assert backups.make(path, way=key).opens_with == ("words",)
    with backup_refused("backup.way"):
        backups.test(path, key)


def test_a_wallet_that_stands_is_never_restored_over(backups, filled_wallet, path):
    backups.make(path, way=PASSPHRASE)
    before = filled_wallet._around.vault_file.read_bytes()
    with backup_refused("backup.wallet_here"):
        backups.restore(path, PASSPHRASE, new=NEW)
    assert filled_wallet._around.vault_file.read_bytes() == before


def test_a_wallet_made_meanwhile_is_not_replaced(backups, device, path, monkeypatch):
    backups.make(path, way=PASSPHRASE)
    around = device._around

    def made_meanwhile(folder, place):
        around.vault_file.write_bytes(b"another wallet")
        put_in_place(folder, place)

    monkeypatch.setattr("wallet.service.backups.put_in_place", made_meanwhile)
    with backup_refused("backup.wallet_here"):
        restore(device, path)
    assert around.vault_file.read_bytes() == b"another wallet"


def test_a_disk_that_knows_no_second_name_takes_the_wallet_too(backups, device, path, monkeypatch):
    def refuse(_self, _target):
        raise PermissionError

    backups.make(path, way=PASSPHRASE)
    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    restore(device, path)
    assert len(device.records()) == 2


@pytest.mark.parametrize("change", ["cut", "flip", "wrong passphrase", "weak passphrase"])
def test_what_cannot_be_restored_leaves_no_wallet(backups, device, path, change):
    backups.make(path, way=PASSPHRASE)
    data = path.read_bytes()
    way, new = PASSPHRASE, NEW
    if change == "cut":
        path.write_bytes(data[:-1])
    elif change == "flip":
        path.write_bytes(data[:-100] + bytes([data[-100] ^ 1]) + data[-99:])
    elif change == "wrong passphrase":
        way = "not the passphrase"
    else:
        new = "short"
    with pytest.raises(Exception, match=r"^(backup|vault)\."):
        of(device).restore(path, way, new=new, cost=KdfCost())
    home = device._around.vault_file.parent
    assert not device.exists
    assert list(home.iterdir()) == [] if home.exists() else True


def test_a_backup_of_another_wallet_is_told(backups, world, tmp_path, path):
    stranger = world.wallet(tmp_path / "stranger")
    of(stranger).make(path, way=PASSPHRASE)
    with backup_refused("backup.other_wallet"):
        backups.test(path, PASSPHRASE)
    with backup_refused("backup.in_the_way"):
        backups.make(path, way=PASSPHRASE)
    assert look(path).header.wallet == stranger._opened().wallet_id
    stranger.close()


def test_the_backup_that_a_wallet_came_from_can_still_be_tested(backups, device, path):
    backups.make(path, way=PASSPHRASE)
    restore(device, path)
    found = of(device).test(path, PASSPHRASE)
    assert set(found.changed) == {"copies", "grants"}  # these must move to this device first


def test_a_locked_wallet_makes_and_tests_no_backup(backups, filled_wallet, path):
    backups.make(path, way=PASSPHRASE)
    filled_wallet.lock()
    with refused("vault.locked"):
        backups.make(path, way=PASSPHRASE)
    with refused("vault.locked"):
        backups.test(path, PASSPHRASE)


def test_a_reminder_comes_with_new_records_and_with_time(world, filled_wallet, path):
    backups = of(filled_wallet)
    due = backups.due()
    assert (due.last, due.due) == (None, True)
    assert due.lines[0].startswith("You have no backup yet.")
    backups.make(path, way=PASSPHRASE)
    assert not backups.due().due
    assert backups.due().lines == (f"Your last backup is from {today()}.",)
    later = Backups(
        filled_wallet._opened,
        replace(
            filled_wallet._around, clock=lambda: filled_wallet._around.clock() + timedelta(days=31)
        ),
    )
    assert later.due().due
    filled_wallet.say("I feel dizzy when I stand up")
    assert backups.due().lines[1] == "Your records have changed since then. Make a new one."


def test_an_empty_wallet_is_not_reminded(wallet):
    assert not of(wallet).due().due


def test_what_an_interrupted_test_left_is_swept_away(backups, filled_wallet, path):
    home = filled_wallet._around.vault_file.parent
    left = home / ".backup-00aa"
    left.mkdir()
    (left / "vault.db").write_bytes(b"half")
    os.utime(left, (0, 0))
    backups.make(path, way=PASSPHRASE)
    backups.test(path, PASSPHRASE)
    assert not left.exists()


def test_every_language_is_spoken(world, filled_wallet, path):
    welsh = Backups(
        filled_wallet._opened,
        replace(filled_wallet._around, language="cy"),
        cost=KdfCost(),
    )
    made = welsh.make(path, way=PASSPHRASE)
    assert "Mae'n agor gyda: eich cyfrinymadrodd." in made.lines
    assert welsh.test(path, PASSPHRASE).lines[0].startswith("Gellir darllen popeth")
    assert "meddygfa" in welsh.said("reissue")
