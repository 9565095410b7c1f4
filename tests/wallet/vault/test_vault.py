from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wallet_home import PASSPHRASE, refused

from healthpassport.errors import VaultError
from wallet.vault import IDLE_LIMIT, KdfCost, Vault

VERBS = ["add", "replace", "delete", "reopen", "fail"]
FIXED = datetime(2026, 11, 1, tzinfo=UTC)


def add_and_fail(writer, value):
    writer.add("records", value)
    writer.delete("records", 2**60)


def test_what_was_stored_is_read_again(filled):
    vault = filled.unlocked()
    assert sorted(vault.read("records", row) for row in vault.rows("records")) == [
        b"record 0",
        b"record 1",
    ]
    counts = {"records": 2, "copies": 3, "history": 1}
    assert {table: rows for table, rows in vault.check().items() if rows} == counts
    vault.close()


def test_rows_are_found_by_a_blind_tag(filled):
    vault = filled.unlocked()
    assert len(vault.rows("records", tag=vault.tag("AllergySummary"))) == 2
    assert vault.rows("records", tag=vault.tag("ProblemSummary")) == ()
    vault.close()


def test_a_replaced_row_reads_as_its_newest_version(filled):
    vault = filled.wide_open()
    (row,) = vault.rows("history")
    with vault.transaction() as writer:
        writer.replace("history", row, b"changed")
    assert vault.read("history", row) == b"changed"
    with vault.transaction() as writer:
        writer.delete("history", row)
    with refused("vault.not_found"):
        vault.read("history", row)
    vault.close()


@pytest.mark.parametrize("verb", ["replace", "delete"])
def test_changing_what_is_not_there_is_refused_and_changes_nothing(filled, verb):
    vault = filled.unlocked()
    with refused("vault.not_found"), vault.transaction() as writer:
        writer.add("state", b"lost with the transaction")
        writer.replace("history", 7, b"x") if verb == "replace" else writer.delete("history", 7)
    assert vault.rows("state") == ()
    vault.close()


def test_a_transaction_that_fails_leaves_no_trace(filled):
    vault = filled.unlocked()
    with refused("vault.not_found"), vault.transaction() as writer:
        add_and_fail(writer, b"half")
    assert len(vault.rows("records")) == 2
    vault.close()
    again = filled.unlocked()
    assert len(again.rows("records")) == 2
    again.close()


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param("three made-up wordz", id="vau-001-wrong"),
        pytest.param("", id="vau-001-empty"),
        pytest.param("x" * 1_000_000, id="vau-001-one-megabyte"),
        pytest.param(PASSPHRASE + " ", id="vau-001-trailing-space"),
        pytest.param("\ud800 lone surrogate", id="vau-001-lone-surrogate"),
    ],
)
def test_a_wrong_passphrase_is_refused_and_loses_nothing(filled, attempt):
    before = filled.path.read_bytes()
    vault = filled.open()
    with refused("vault.unlock_failed"):
        vault.unlock(attempt)
    assert vault.locked
    vault.unlock(PASSPHRASE)
    vault.close()
    assert filled.path.read_bytes() == before


def test_vau_001_two_spellings_of_one_accent_are_one_passphrase(home):
    home.create("cafe\u0301 made-up words").close()
    vault = home.open()
    vault.unlock("caf\u00e9 made-up words")
    vault.close()


@pytest.mark.parametrize("passphrase", ["", "short", "       8", "x" * 1025])
def test_a_new_passphrase_of_a_bad_length_is_refused(home, passphrase):
    with refused("vault.passphrase_weak"):
        home.create(passphrase)
    assert not home.path.exists()


def test_a_second_vault_never_replaces_the_first(filled):
    before = filled.path.read_bytes()
    with refused("vault.exists"):
        filled.create()
    assert filled.path.read_bytes() == before


def test_nothing_can_be_read_while_locked(filled):
    vault = filled.open()
    for use in (
        lambda: vault.rows("records"),
        lambda: vault.read("records", 1),
        lambda: vault.tag("x"),
        vault.check,
        lambda: vault.transaction().__enter__(),
    ):
        with refused("vault.locked"):
            use()
    vault.close()


def test_vau_018_fifteen_idle_minutes_lock(filled):
    vault = filled.unlocked()
    keys = vault._open.keys
    filled.clock.turn(minutes=14, seconds=59)
    assert vault.rows("records")
    filled.clock.now += IDLE_LIMIT
    assert vault.locked
    with refused("vault.locked"):
        vault.rows("records")
    assert not any(keys.data)
    assert not any(any(key) for key in keys.tables.values())
    vault.close()


def test_a_clock_that_runs_backwards_locks(filled):
    vault = filled.unlocked()
    filled.clock.turn(minutes=-1)
    assert vault.locked
    vault.close()


def test_reading_in_the_middle_of_a_change_is_a_fault_of_the_program(filled):
    vault = filled.unlocked()
    with pytest.raises(RuntimeError), vault.transaction():
        vault.rows("records")
    assert len(vault.rows("records")) == 2
    vault.close()


def test_vau_012_a_changed_passphrase_opens_and_the_old_one_does_not(filled):
    vault = filled.open()
    vault.change_passphrase(PASSPHRASE, "four other made-up words")
    assert len(vault.rows("records")) == 2
    vault.lock()
    with refused("vault.unlock_failed"):
        vault.unlock(PASSPHRASE)
    vault.unlock("four other made-up words")
    vault.close()


def test_vau_012_a_passphrase_change_that_fails_keeps_the_old_one(filled, monkeypatch):
    vault = filled.open()

    def broken(*_args):
        raise VaultError("vault.no_space")

    monkeypatch.setattr(vault._storage, "write_manifest", broken)
    with refused("vault.no_space"):
        vault.change_passphrase(PASSPHRASE, "four other made-up words")
    vault.close()
    filled.unlocked().close()


def test_a_weak_new_passphrase_is_refused_before_the_old_one_is_tried(filled):
    vault = filled.open()
    with refused("vault.passphrase_weak"):
        vault.change_passphrase(PASSPHRASE, "short")
    vault.close()


@pytest.mark.parametrize(
    "cost",
    [
        KdfCost(passes=2),
        KdfCost(memory=64 * 1024 * 1024 - 1),
        KdfCost(passes=17),
        KdfCost(memory=2**40),
    ],
)
def test_a_cost_outside_floor_and_ceiling_is_refused(home, cost):
    with refused("vault.kdf"):
        home.create(cost=cost)
    assert not home.path.exists()


def test_vau_011_two_programs_see_each_others_changes(filled):
    first, second = filled.unlocked(), filled.unlocked()
    with first.transaction() as writer:
        row = writer.add("state", b"by the first")
    assert second.read("state", row) == b"by the first"
    with second.transaction() as writer:
        other = writer.add("state", b"by the second")
    assert set(first.rows("state")) == {row, other}
    first.close()
    second.close()


def test_vau_011_a_program_that_waits_too_long_is_told_so(filled, monkeypatch):
    monkeypatch.setattr("wallet.vault.storage.BUSY_TIMEOUT", 0.05)
    first, second = filled.unlocked(), filled.unlocked()
    with first.transaction() as writer:
        writer.add("state", b"slow")
        with refused("vault.locked"), second.transaction():
            pass
    assert len(first.rows("state")) == 1
    first.close()
    second.close()


def test_threads_of_one_program_take_turns(filled):
    vault = filled.unlocked()

    def work():
        for _ in range(5):
            with vault.transaction() as writer:
                writer.add("state", secrets.token_bytes(8))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.rows("state")) == 20
    vault.close()


def test_prv_012_short_and_long_records_of_any_kind_look_alike(home):
    vault = home.create()
    vault.unlock(PASSPHRASE)
    with vault.transaction() as writer:
        writer.add("records", b"a")
        writer.add("records", b"a sensitive kind of record" * 100)
    vault.close()
    with home.raw() as file:
        lengths = {len(body) for (body,) in file.execute("SELECT body FROM records")}
    assert len(lengths) == 1
    assert b"sensitive" not in home.path.read_bytes()


def test_deleted_rows_leave_no_bytes_behind(filled):
    with filled.raw() as file:
        body = file.execute("SELECT body FROM history").fetchone()[0]
    assert body[:64] in filled.path.read_bytes()
    vault = filled.unlocked()
    (row,) = vault.rows("history")
    with vault.transaction() as writer:
        writer.delete("history", row)
    vault.close()
    assert body[:64] not in filled.path.read_bytes()


def test_row_ids_that_collide_are_drawn_again(home):
    draws = iter([bytes(7), bytes(7), bytes(6) + b"\x01"])
    vault = home.create()
    vault.unlock(PASSPHRASE)
    vault._random = lambda size: next(draws) if size == 7 else secrets.token_bytes(size)
    with vault.transaction() as writer:
        assert [writer.add("state", b"a"), writer.add("state", b"b")] == [0, 1]
    vault.close()


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["add", "replace", "delete", "reopen", "fail"]),
            st.binary(max_size=5000),
        ),
        max_size=12,
    )
)
def test_the_vault_holds_what_a_plain_dictionary_would(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("vault")
    options = {
        "anchor_folder": folder / "anchors",
        "clock": lambda: FIXED,
        "random": secrets.token_bytes,
    }
    vault = Vault.create(folder / "v" / "vault.db", passphrase=PASSPHRASE, **options)
    vault.unlock(PASSPHRASE)
    model: dict[int, bytes] = {}
    for verb, value in steps:
        if verb == "reopen":
            vault.close()
            vault = Vault(folder / "v" / "vault.db", **options)
            vault.unlock(PASSPHRASE)
        elif verb == "fail":
            with refused("vault.not_found"), vault.transaction() as writer:
                add_and_fail(writer, value)
        elif verb == "add" or not model:
            with vault.transaction() as writer:
                model[writer.add("records", value)] = value
        elif verb == "replace":
            row = min(model)
            with vault.transaction() as writer:
                writer.replace("records", row, value)
            model[row] = value
        else:
            row = max(model)
            with vault.transaction() as writer:
                writer.delete("records", row)
            del model[row]
        assert {row: vault.read("records", row) for row in vault.rows("records")} == model
    vault.close()
