"""Several ways into one vault: each opens alone, each can be changed, the last one stays."""

from __future__ import annotations

import secrets

import pytest
from wallet_home import CONTENT, PASSPHRASE, SECRET, WORDS, open_and_read_all, refused

from wallet.vault import (
    PRIVATE_LIMIT,
    Passkey,
    Passphrase,
    RecoveryWords,
    WayKind,
    kdf,
    new_words,
)

NEW = "four other made-up words"
BY_WORDS = RecoveryWords(WORDS)
BY_KEY = Passkey(b"credential 1", SECRET)
GIVEN = [
    pytest.param(PASSPHRASE, id="passphrase"),
    pytest.param(BY_WORDS, id="words"),
    pytest.param(BY_KEY, id="passkey"),
]


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr("wallet.vault.making.NEW_COST", kdf.KdfCost())


@pytest.fixture
def three(filled):
    """A home whose vault opens by passphrase, words and passkey."""
    vault = filled.unlocked()
    vault.add_way(BY_WORDS, given=PASSPHRASE)
    vault.add_way(BY_KEY, given=BY_WORDS, label="  The laptop's\nown key ")
    vault.close()
    return filled


def everything(vault, way):
    vault.unlock(way)
    vault.open_private(way)
    found = {table: {vault.read(table, row) for row in vault.rows(table)} for table in CONTENT}
    vault.lock()
    return found


@pytest.mark.parametrize("way", GIVEN)
def test_each_way_opens_everything_by_itself(three, way):
    vault = three.open()
    assert everything(vault, way) == CONTENT
    vault.close()


def test_the_ways_can_be_seen_while_the_vault_is_locked(three):
    vault = three.open()
    found = vault.ways()
    assert [way.kind for way in found] == [WayKind.PASSPHRASE, WayKind.WORDS, WayKind.PASSKEY]
    assert [way.label for way in found] == ["", "", "The laptop's own key"]
    assert {way.added_on for way in found} == {three.clock.now.date()}
    assert found[2].credential_id == b"credential 1"
    assert len({way.id for way in found}) == 3
    assert len(vault.passkey_input) == 32
    vault.close()


def test_a_secret_is_not_in_what_a_way_shows_of_itself():
    assert PASSPHRASE not in repr(Passphrase(PASSPHRASE))
    assert WORDS[0] not in repr(BY_WORDS)
    assert SECRET.hex() not in repr(BY_KEY)
    assert repr(SECRET) not in repr(BY_KEY)


@pytest.mark.parametrize(
    ("way", "code"),
    [
        (RecoveryWords(new_words(secrets.token_bytes)), "vault.unlock_failed"),
        (RecoveryWords(("abandon",) * 12), "vault.recovery_words"),
        (Passkey(b"credential 1", secrets.token_bytes(32)), "vault.unlock_failed"),
        (Passkey(b"credential 2", SECRET), "vault.way_unknown"),
        (" ".join(WORDS), "vault.unlock_failed"),
        (SECRET.hex(), "vault.unlock_failed"),
    ],
)
def test_what_is_not_a_way_in_opens_nothing(three, way, code):
    vault = three.open()
    with refused(code):
        vault.unlock(way)
    assert vault.locked
    vault.close()


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (Passphrase("short"), "vault.passphrase_weak"),
        (Passphrase("x" * 1025), "vault.passphrase_weak"),
        (RecoveryWords(WORDS[:11]), "vault.recovery_words"),
        (RecoveryWords((*WORDS[:11], "zoo")), "vault.recovery_words"),
        (RecoveryWords((*WORDS[:11], "notaword")), "vault.recovery_words"),
        (Passkey(b"id", bytes(32)), "vault.passkey"),
        (Passkey(b"id", SECRET[:31]), "vault.passkey"),
        (Passkey(b"", SECRET), "vault.passkey"),
        (Passkey(b"x" * 1024, SECRET), "vault.passkey"),
        (Passphrase(NEW), "vault.way_exists"),
    ],
)
def test_a_new_way_that_is_none_is_refused_and_changes_nothing(filled, new, code):
    before = filled.path.read_bytes()
    vault = filled.unlocked()
    with refused(code):
        vault.add_way(new, given=PASSPHRASE)
    vault.close()
    assert filled.path.read_bytes() == before


def test_there_is_one_passphrase_one_set_of_words_and_each_passkey_once(three):
    vault = three.unlocked()
    for again in (RecoveryWords(new_words(secrets.token_bytes)), BY_KEY, Passphrase(NEW)):
        with refused("vault.way_exists"):
            vault.add_way(again, given=PASSPHRASE)
    for number in range(9):
        vault.add_way(Passkey(b"more %d" % number, SECRET), given=BY_KEY)
    with refused("vault.way_exists"):
        vault.add_way(Passkey(b"one too many", SECRET), given=BY_KEY)
    assert len(vault.ways()) == 12
    vault.close()


@pytest.mark.parametrize("wrong", ["some other made-up words", Passkey(b"x", SECRET)])
def test_a_change_of_ways_needs_a_valid_way_again(three, wrong):
    vault = three.unlocked()
    words = vault.ways()[1].id
    before = three.path.read_bytes()
    code = "vault.unlock_failed" if isinstance(wrong, str) else "vault.way_unknown"
    for change in (
        lambda: vault.add_way(Passkey(b"new", SECRET), given=wrong),
        lambda: vault.remove_way(words, given=wrong),
        lambda: vault.change_way(words, Passphrase(NEW), given=wrong),
    ):
        with refused(code):
            change()
    vault.close()
    assert three.path.read_bytes() == before


def test_a_change_of_ways_needs_the_open_vault(three):
    vault = three.open()
    words = vault.ways()[1].id
    for change in (
        lambda: vault.add_way(Passkey(b"new", SECRET), given=PASSPHRASE),
        lambda: vault.remove_way(words, given=PASSPHRASE),
        lambda: vault.change_way(words, Passphrase(NEW), given=PASSPHRASE),
        lambda: vault.open_private(PASSPHRASE),
    ):
        with refused("vault.locked"):
            change()
    vault.close()


def test_a_way_that_was_taken_out_opens_nothing_and_the_last_one_stays(three):
    vault = three.unlocked()
    passphrase, words, key = (way.id for way in vault.ways())
    vault.remove_way(passphrase, given=BY_WORDS)
    vault.remove_way(words, given=BY_WORDS)
    with refused("vault.last_way"):
        vault.remove_way(key, given=BY_KEY)
    with refused("vault.way_unknown"):
        vault.remove_way(words, given=BY_KEY)
    vault.lock()
    for gone in (PASSPHRASE, BY_WORDS):
        with refused("vault.way_unknown"):
            vault.unlock(gone)
    assert everything(vault, BY_KEY) == CONTENT
    vault.close()


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize(
    ("place", "new", "old"),
    [
        (0, Passphrase(NEW), PASSPHRASE),
        (1, RecoveryWords(new_words(bytes)), BY_WORDS),
        (2, Passkey(b"credential 1", bytes(31) + b"\x01"), BY_KEY),
        (2, Passkey(b"credential 2", SECRET), BY_KEY),
    ],
)
def test_a_changed_way_opens_and_the_old_one_does_not(three, given, place, new, old):
    vault = three.unlocked()
    label = vault.ways()[place].label
    changed = vault.change_way(vault.ways()[place].id, new, given=given)
    assert changed == vault.ways()[place]
    assert changed.label == label
    vault.lock()
    with pytest.raises(Exception, match=r"vault\.(unlock_failed|way_unknown)"):
        vault.unlock(old)
    assert everything(vault, new) == CONTENT
    vault.close()


def test_a_changed_passphrase_costs_what_the_old_one_did(home):
    cost = kdf.KdfCost(memory=kdf.MIN_MEMORY + 1024)
    vault = home.create(cost=cost)
    vault.change_passphrase(PASSPHRASE, NEW)
    assert vault._header().slots[0].cost == cost
    vault.close()


def test_vau_012_a_header_put_back_with_an_old_way_is_refused(three):
    with three.raw() as file:
        before = file.execute("SELECT body, checksum FROM header").fetchone()
    vault = three.unlocked()
    vault.remove_way(vault.ways()[1].id, given=PASSPHRASE)
    vault.close()
    with three.raw() as file:
        file.execute("UPDATE header SET body = ?, checksum = ?", before)
    vault = three.open()
    for way in (BY_WORDS, PASSPHRASE, BY_KEY):
        with refused("vault.rollback"):
            vault.unlock(way)
    vault.close()


def test_vau_011_two_programs_that_change_the_ways_do_not_undo_each_other(three, monkeypatch):
    first, second = three.unlocked(), three.unlocked()
    words = first.ways()[1].id
    write = type(first)._write_header

    def overtaken(self, header, **more):
        monkeypatch.setattr(type(first), "_write_header", write)
        second.remove_way(words, given=PASSPHRASE)
        write(self, header, **more)

    monkeypatch.setattr(type(first), "_write_header", overtaken)
    with refused("vault.locked"):
        first.add_way(Passkey(b"new", SECRET), given=PASSPHRASE)
    assert [way.kind for way in first.ways()] == [WayKind.PASSPHRASE, WayKind.PASSKEY]
    first.add_way(Passkey(b"new", SECRET), given=PASSPHRASE)
    assert len(second.ways()) == 3
    first.close()
    second.close()


def test_one_program_writes_history_after_the_other_changed_the_ways(three):
    first, second = three.unlocked(), three.unlocked()
    second.change_way(second.ways()[0].id, Passphrase(NEW), given=PASSPHRASE)
    with first.transaction() as writer:
        row = writer.add("history", b"after the change")
    second.open_private(NEW)
    assert second.read("history", row) == b"after the change"
    first.close()
    second.close()


@pytest.mark.parametrize("way", GIVEN)
def test_history_is_written_while_open_and_read_after_a_second_unlock(three, way):
    vault = three.unlocked()
    with vault.transaction() as writer:
        row = writer.add("history", b"shared today")
        receipt = writer.add("receipts", b"a receipt")
    assert vault.private_locked
    for table, found in (("history", row), ("receipts", receipt)):
        with refused("vault.private_locked"):
            vault.read(table, found)
    vault.check()
    vault.open_private(way)
    assert not vault.private_locked
    assert vault.read("history", row) == b"shared today"
    assert vault.read("receipts", receipt) == b"a receipt"
    vault.close_private()
    with refused("vault.private_locked"):
        vault.read("history", row)
    vault.close()


def test_an_ordinary_unlock_leaves_the_private_key_out_of_memory(three):
    vault = three.wide_open()
    private = bytes(vault._open.private)
    assert len(private) == 32
    held = vault._open.private
    vault.close_private()
    assert not any(held)
    vault.lock()
    vault.unlock(PASSPHRASE)
    assert vault._open.private == b""
    (row,) = vault.rows("history")
    place, sealed = vault._storage.row(vault._wallet, "history", row)
    from wallet.vault.rowkeys import Lock  # noqa: PLC0415
    from wallet.vault.sealing import unseal  # noqa: PLC0415

    keys = vault._open.keys
    public = vault._open.header.public
    for key in (keys.data, *keys.tables.values(), keys.tags, keys.rows, keys.manifest):
        with refused("vault.row_binding"):
            unseal(sealed, place=place, lock=Lock(keys.tables["history"], public, bytes(key)))
    assert unseal(sealed, place=place, lock=Lock(keys.tables["history"], public, private))
    vault.close()


def test_the_second_unlock_ends_after_five_minutes_idle_or_not(three):
    vault = three.wide_open()
    (row,) = vault.rows("history")
    for _ in range(4):
        three.clock.turn(seconds=74)
        assert vault.read("history", row)
    three.clock.turn(seconds=4)
    assert vault.private_locked
    with refused("vault.private_locked"):
        vault.read("history", row)
    assert not vault.locked
    assert PRIVATE_LIMIT.total_seconds() == 300
    vault.close()


def test_a_clock_put_back_ends_the_second_unlock(three):
    vault = three.wide_open()
    three.clock.turn(minutes=2)
    assert vault.rows("records")
    vault.open_private(PASSPHRASE)
    vault._open.used = three.clock.now
    vault._open.private_since = three.clock.now.replace(year=2027)
    assert vault.private_locked
    vault.close()


def test_a_wrong_second_unlock_opens_no_history(three):
    vault = three.unlocked()
    with refused("vault.unlock_failed"):
        vault.open_private("some other made-up words")
    assert vault.private_locked
    assert vault.rows("records")
    vault.close()


def test_a_planted_private_row_is_refused(three):
    """Who has the public key and not the data key cannot write history that anybody believes."""
    from wallet.vault.place import Place  # noqa: PLC0415
    from wallet.vault.rowkeys import Lock  # noqa: PLC0415
    from wallet.vault.sealing import seal  # noqa: PLC0415

    vault = three.open()
    wallet, public = vault._wallet, vault._header().public
    vault.close()
    with three.raw() as file:
        row, version, tag, nonce = file.execute(
            "SELECT id, version, tag, nonce FROM history"
        ).fetchone()
        place = Place(wallet, "history", row, version, tag)
        draws = iter([bytes(32), nonce, bytes(31) + b"\x01", bytes(24)])
        sealed = seal(
            b"planted", place=place, lock=Lock(bytes(32), public), random=lambda _: next(draws)
        )
        file.execute(
            "UPDATE history SET row_key = ?, body = ?, checksum = ?",
            (sealed.row_key, sealed.body, sealed.checksum),
        )
    with refused("vault.row_binding"):
        open_and_read_all(three)


def test_private_rows_take_no_words_that_could_be_tried(three):
    vault = three.unlocked()
    with pytest.raises(ValueError, match="second unlock"), vault.transaction() as writer:
        writer.add("history", b"x", words=["Example Hospital"])
    vault.close()


def test_a_vault_can_begin_with_a_passkey_alone(home):
    vault = home.create(BY_KEY)
    vault.unlock(BY_KEY)
    assert [way.kind for way in vault.ways()] == [WayKind.PASSKEY]
    with refused("vault.way_unknown"):
        vault.unlock(PASSPHRASE)
    vault.close()
