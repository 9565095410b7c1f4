"""Wrong guesses cost time, and nobody is locked out for ever."""

from __future__ import annotations

import time

import pytest
from quick_kdf import REAL
from wallet_home import PASSPHRASE, WORDS, refused

from healthpassport.errors import VaultError
from wallet.vault import RecoveryWords, kdf
from wallet.vault.guesses import FREE_GUESSES, LONGEST_WAIT

WRONG = "some other made-up words"


def guess_wrong(home, times=1):
    for _ in range(times):
        vault = home.open()
        with refused("vault.unlock_failed"):
            vault.unlock(WRONG)
        vault.close()


def seconds_left(home):
    """How long the right passphrase must wait, as another program that starts now is told."""
    vault = home.open()
    try:
        vault.unlock(PASSPHRASE)
    except VaultError as error:
        assert error.code == "vault.wait"  # noqa: PT017
        return int(error.detail.split()[0])
    finally:
        vault.close()
    return 0


def test_vau_021_ten_wrong_guesses_make_the_next_one_wait(filled):
    guess_wrong(filled, FREE_GUESSES)
    assert seconds_left(filled) == 30
    filled.clock.turn(seconds=29)
    assert seconds_left(filled) == 1
    filled.clock.turn(seconds=1)
    assert seconds_left(filled) == 0


def test_vau_021_each_guess_after_that_waits_twice_as_long_up_to_a_quarter_of_an_hour(filled):
    guess_wrong(filled, FREE_GUESSES)
    waits = []
    for _ in range(8):
        waits.append(seconds_left(filled))
        filled.clock.turn(seconds=waits[-1])
        guess_wrong(filled)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    filled.clock.turn(seconds=LONGEST_WAIT)
    assert seconds_left(filled) == 0


def test_vau_021_a_success_starts_the_count_again(filled):
    guess_wrong(filled, FREE_GUESSES - 1)
    filled.unlocked().close()
    guess_wrong(filled, FREE_GUESSES)
    assert seconds_left(filled) == 30


def test_vau_021_asking_while_waiting_costs_nothing_and_tries_nothing(filled, monkeypatch):
    guess_wrong(filled, FREE_GUESSES)

    def tried(*_args, **_more):
        raise AssertionError

    monkeypatch.setattr(kdf.argon2id, "kdf", tried)
    for _ in range(5):
        assert seconds_left(filled) == 30


def test_vau_021_a_guess_is_counted_before_it_is_made(filled, monkeypatch):
    def killed(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(kdf.argon2id, "kdf", killed)
    for _ in range(FREE_GUESSES):
        vault = filled.open()
        with pytest.raises(KeyboardInterrupt):
            vault.unlock(PASSPHRASE)
        vault.close()
    assert seconds_left(filled) == 30


def test_vau_021_guesses_at_the_second_unlock_and_at_a_change_count_too(filled):
    vault = filled.unlocked()
    way = vault.ways()[0].id
    for _ in range(FREE_GUESSES // 2):
        for guess in (
            lambda: vault.open_private(WRONG),
            lambda: vault.remove_way(way, given=WRONG),
        ):
            with pytest.raises(VaultError):
                guess()
    vault.close()
    guess_wrong(filled, FREE_GUESSES // 2)
    assert seconds_left(filled) == 30


def test_recovery_words_do_not_wait(filled):
    vault = filled.unlocked()
    vault.add_way(RecoveryWords(WORDS), given=PASSPHRASE)
    vault.close()
    guess_wrong(filled, FREE_GUESSES)
    vault = filled.open()
    vault.unlock(RecoveryWords(WORDS))
    vault.close()
    assert seconds_left(filled) == 0


@pytest.mark.parametrize("span", [{"days": -400}, {"days": 400}])
def test_vau_021_a_clock_that_was_wrong_locks_nobody_out(filled, span):
    guess_wrong(filled, FREE_GUESSES)
    filled.clock.turn(**span)
    waited = seconds_left(filled)
    assert waited <= LONGEST_WAIT
    filled.clock.turn(seconds=waited)
    assert seconds_left(filled) == 0


@pytest.mark.parametrize("data", [b"", b"x", b"\xff" * 8, b"\xff" * 800, b"\x00" * 4001])
def test_a_damaged_count_locks_nobody_out(filled, data):
    (anchor,) = filled.anchors.iterdir()
    anchor.with_suffix(".guesses").write_bytes(data)
    filled.clock.turn(seconds=min(seconds_left(filled), LONGEST_WAIT))
    assert seconds_left(filled) == 0


def test_a_disk_that_takes_no_count_stops_nobody(filled, monkeypatch):
    def fail(*_args, **_more):
        raise PermissionError

    monkeypatch.setattr("wallet.vault.guesses.os.open", fail)
    guess_wrong(filled, 2)
    filled.unlocked().close()


def test_vau_021_a_guess_at_a_new_vault_costs_64_mib_and_time(home, monkeypatch):
    monkeypatch.setattr(kdf.argon2id, "kdf", REAL)
    costs = []

    def watched(size, secret, salt, opslimit, memlimit):
        costs.append((opslimit, memlimit))
        return REAL(size, secret, salt, opslimit=opslimit, memlimit=memlimit)

    vault = home.create(cost=None)
    monkeypatch.setattr(kdf.argon2id, "kdf", watched)
    before = time.perf_counter()
    with refused("vault.unlock_failed"):
        vault.unlock(WRONG)
    assert time.perf_counter() - before >= 0.2  # half a second where it was measured
    assert costs == [(4, 192 * 1024 * 1024)]
    vault.close()
