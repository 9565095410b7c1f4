"""Travel mode: the vault goes away in one file, nothing is left, and it comes back as it was."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from wallet_world import PASSPHRASE

from healthpassport.errors import VaultError
from wallet.service import Wallet
from wallet.vault import bring_back
from wallet.vault.travelling import HEAD_BYTES, MAGIC


def refused(code):
    return pytest.raises(VaultError, match=f"^{code}: ")


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder / "holiday photos.bin"


def files(folder):
    """All files below a folder but the stick."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in found if "stick" not in path.parts)


@pytest.fixture
def packed(filled_wallet, stick):
    """A wallet whose vault is away."""
    return filled_wallet.travel.away(stick, PASSPHRASE)


def test_the_wallet_looks_as_if_it_was_never_set_up(filled_wallet, tmp_path, stick):
    assert files(tmp_path)
    away = filled_wallet.travel.away(stick, PASSPHRASE)
    assert away.path == stick
    assert not filled_wallet.exists
    assert filled_wallet.locked
    assert files(tmp_path) == []
    assert not (tmp_path / "anchors").exists()
    with refused("vault.missing"):
        filled_wallet.look()
    with refused("vault.missing"):
        filled_wallet.unlock(PASSPHRASE)


def test_it_comes_back_with_everything(world, filled_wallet, stick):
    question = filled_wallet.prepare(world.ask()["link"])
    filled_wallet.share(question)
    filled_wallet.open_past(PASSPHRASE)
    before = (filled_wallet.records(), filled_wallet.past.entries())
    away = filled_wallet.travel.away(stick, PASSPHRASE)
    back = filled_wallet.travel.back(stick, PASSPHRASE)
    assert back.number == away.number
    assert not stick.exists()
    filled_wallet.open_past(PASSPHRASE)
    assert (filled_wallet.records(), filled_wallet.past.entries()) == before
    filled_wallet.say("I feel dizzy")


def test_it_comes_back_to_another_computer(world, packed, tmp_path, stick):
    other = Wallet(world.surroundings(tmp_path / "other"))
    other.travel.back(stick, PASSPHRASE, keep=True)
    assert stick.exists()
    assert len(other.records()) == 2
    other.close()


def test_an_older_copy_is_noticed_by_its_number_and_by_the_vault_later(
    world, filled_wallet, tmp_path, stick
):
    first = filled_wallet.travel.away(stick, PASSPHRASE)
    older = tmp_path / "stick" / "older"
    shutil.copy(stick, older)
    filled_wallet.travel.back(stick, PASSPHRASE)
    filled_wallet.say("I feel dizzy")
    second = filled_wallet.travel.away(stick, PASSPHRASE)
    assert first.number != second.number
    assert filled_wallet.travel.back(older, PASSPHRASE).number == first.number


def test_an_older_vault_in_a_newer_file_is_refused(filled_wallet, tmp_path, stick):
    vault = tmp_path / "wallet" / "vault.db"
    older = vault.read_bytes()
    filled_wallet.say("I feel dizzy")
    filled_wallet.travel.away(stick, PASSPHRASE)
    mixed = stick.read_bytes()[:HEAD_BYTES] + older
    import hashlib  # noqa: PLC0415

    stick.write_bytes(mixed + hashlib.blake2b(mixed, digest_size=32).digest())
    with refused("vault.rollback"):
        filled_wallet.travel.back(stick, PASSPHRASE)
    assert not filled_wallet.exists
    assert files(tmp_path) == []


def test_a_changed_counter_is_refused(filled_wallet, packed, tmp_path, stick):
    import hashlib  # noqa: PLC0415

    data = bytearray(stick.read_bytes()[:-32])
    data[len(MAGIC) + 16 + 7] ^= 1
    stick.write_bytes(bytes(data) + hashlib.blake2b(data, digest_size=32).digest())
    with refused("vault.anchor"):
        filled_wallet.travel.back(stick, PASSPHRASE)
    assert files(tmp_path) == []
    assert stick.exists()


def test_a_wrong_passphrase_puts_nothing_away_and_brings_nothing_back(
    filled_wallet, tmp_path, stick
):
    with refused("vault.unlock_failed"):
        filled_wallet.travel.away(stick, "not the one")
    assert not stick.exists()
    filled_wallet.unlock(PASSPHRASE)
    filled_wallet.travel.away(stick, PASSPHRASE)
    with refused("vault.unlock_failed"):
        filled_wallet.travel.back(stick, "not the one")
    assert stick.exists()
    assert files(tmp_path) == []
    filled_wallet.travel.back(stick, PASSPHRASE)


def test_no_file_is_overwritten_on_either_way(filled_wallet, tmp_path, stick):
    stick.write_text("photos")
    with refused("vault.away_exists"):
        filled_wallet.travel.away(stick, PASSPHRASE)
    assert stick.read_text() == "photos"
    assert len(filled_wallet.records()) == 2
    stick.unlink()
    filled_wallet.travel.away(stick, PASSPHRASE)
    filled_wallet.travel.back(stick, PASSPHRASE, keep=True)
    with refused("vault.exists"):
        filled_wallet.travel.back(stick, PASSPHRASE)


@pytest.mark.parametrize("place", ["wallet/away", "wallet/trust/away", "anchors/away"])
def test_it_is_not_put_into_the_wallets_own_folder(filled_wallet, tmp_path, place):
    with refused("vault.away_place"):
        filled_wallet.travel.away(tmp_path / place, PASSPHRASE)
    assert len(filled_wallet.records()) == 2


def test_a_folder_that_is_not_there_is_told_and_nothing_is_wiped(filled_wallet, tmp_path):
    with refused("vault.io"):
        filled_wallet.travel.away(tmp_path / "nowhere" / "file", PASSPHRASE)
    filled_wallet.unlock(PASSPHRASE)
    assert len(filled_wallet.records()) == 2


def test_a_stick_without_room_keeps_the_vault_where_it_is(
    filled_wallet, tmp_path, stick, monkeypatch
):
    from wallet.vault import travelling  # noqa: PLC0415

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(travelling.os, "fsync", full)
    with refused("vault.no_space"):
        filled_wallet.travel.away(stick, PASSPHRASE)
    monkeypatch.undo()
    assert not stick.exists()
    filled_wallet.unlock(PASSPHRASE)
    assert len(filled_wallet.records()) == 2


def test_another_program_that_writes_is_not_cut_off(filled_wallet, tmp_path, stick):
    other = sqlite3.connect(tmp_path / "wallet" / "vault.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with refused("vault.locked"):
        filled_wallet.travel.away(stick, PASSPHRASE)
    other.execute("ROLLBACK")
    other.close()
    assert not stick.exists()


def test_another_window_finds_nothing_to_read(world, filled_wallet, tmp_path, stick):
    other = Wallet(filled_wallet._around)
    other.unlock(PASSPHRASE)
    filled_wallet.travel.away(stick, PASSPHRASE)
    with pytest.raises(VaultError):
        other.records()
    other.close()


def test_copies_of_a_mending_go_as_well_and_other_files_stay(filled_wallet, tmp_path, stick):
    filled_wallet.mend(PASSPHRASE)
    (tmp_path / "wallet" / "notes.txt").write_text("mine")
    filled_wallet.travel.away(stick, PASSPHRASE)
    assert files(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize(
    "data",
    [b"", b"HPAWAY", MAGIC, MAGIC + bytes(56), MAGIC + bytes(500), b"photos" * 100],
    ids=["empty", "short", "magic", "a head", "zeros", "photos"],
)
def test_what_is_no_vault_is_not_brought_back(filled_wallet, packed, tmp_path, stick, data):
    stick.write_bytes(data)
    with refused("vault.away_unreadable"):
        filled_wallet.travel.back(stick, PASSPHRASE)
    assert files(tmp_path) == []


def test_no_bit_of_the_file_can_be_changed(packed, tmp_path, stick):
    whole = stick.read_bytes()
    for place in (0, 9, 30, HEAD_BYTES + 5, len(whole) // 2, len(whole) - 40, len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        stick.write_bytes(changed)
        with refused("vault.away_unreadable"):
            bring_back(stick, path=tmp_path / "w" / "v.db", anchor_folder=tmp_path / "a")
    for length in (len(whole) - 1, len(whole) // 2, HEAD_BYTES, 1):
        stick.write_bytes(whole[:length])
        with refused("vault.away_unreadable"):
            bring_back(stick, path=tmp_path / "w" / "v.db", anchor_folder=tmp_path / "a")
    assert not (tmp_path / "w" / "v.db").exists()


def test_the_file_says_nothing_in_the_clear(packed, stick):
    data = stick.read_bytes()
    for value in (b"Penicillin", b"Example Surgery", b"9990000018", PASSPHRASE.encode()):
        assert value not in data
    assert stick.stat().st_mode & 0o077 == 0
