"""Making and opening: whoever has a secret gets every row, and no file is lost on the way."""

from __future__ import annotations

import json
import os
import secrets
import unicodedata
from datetime import timedelta

import pytest
from backup_by_the_book import read
from backup_files import (
    NOW,
    PART,
    PASSPHRASE,
    ROWS,
    WORDS,
    first_of,
    header_end,
    known,
    make,
    passphrase_rows,
    refused,
    rows_of,
    with_header,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wallet.backup.content import Row
from wallet.backup.keys import RandomSecret, SlotKind, passphrase_recipient, recipient
from wallet.backup.parts import padded_parts
from wallet.backup.reading import joined
from wallet.backup.split import new_split

__all__ = ["known"]

OTHER = RandomSecret(b"o" * 16, SlotKind.WORDS)


@pytest.fixture
def backup(tmp_path, known):
    path = tmp_path / "a.hpb"
    make(path, known)
    return path


def test_every_way_opens_it_alone(backup, known):
    *_, shares = known
    assert rows_of(backup) == ROWS
    assert passphrase_rows(backup) == ROWS
    assert rows_of(backup, joined(backup, shares[:2])) == ROWS


def test_a_passphrase_opens_it_however_its_accents_were_typed(tmp_path, known):
    composed = unicodedata.normalize("NFC", "mamgu a'i hŵyr bach")
    way = passphrase_recipient(composed, random=secrets.token_bytes)
    make(tmp_path / "a", known, recipients=(way,))
    assert passphrase_rows(tmp_path / "a", unicodedata.normalize("NFD", composed)) == ROWS


row_values = st.binary(max_size=60) | st.integers(60_000, 140_000).map(bytes)
places = st.tuples(st.sampled_from(["copies", "records", "state"]), st.integers(0, 2**56 - 1))


@given(
    content=st.dictionaries(
        places,
        st.tuples(st.binary(min_size=16, max_size=16), st.binary(max_size=12), row_values),
        max_size=6,
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_goes_in_comes_out(tmp_path, known, content):
    rows = tuple(Row(*place, *content[place]) for place in sorted(content))
    path = tmp_path / "any.hpb"
    make(path, known, rows, replace=True)
    assert rows_of(path) == rows
    book = read(path.read_bytes(), "words", WORDS.secret)
    assert book.rows == [(r.table, r.row, r.tag, r.words, r.value) for r in rows]


@pytest.mark.parametrize(
    ("needed", "parts"), [(1, 4), (4, 4), (5, 8), (129, 256), (257, 512), (513, 768)]
)
def test_lengths_grow_in_few_steps(needed, parts):
    assert padded_parts(needed) == parts


def test_the_length_of_a_file_does_not_tell_what_is_in_it(tmp_path, known):
    sizes = {
        make(tmp_path / f"{number}", known, rows).size
        for number, rows in enumerate(
            [(), ROWS, tuple(Row("records", n, bytes(16), b"", bytes(9000)) for n in range(20))]
        )
    }
    assert len(sizes) == 1


def test_two_backups_of_the_same_rows_have_nothing_in_common(tmp_path, known):
    make(tmp_path / "a", known)
    make(tmp_path / "b", known)
    first, second = ((tmp_path / name).read_bytes()[-PART:] for name in "ab")
    assert sum(x == y for x, y in zip(first, second, strict=True)) < PART / 100


def test_no_value_stands_in_the_file(backup, known):
    data = backup.read_bytes()
    for found in (b"AllergySummary", b"a copy", b"records", PASSPHRASE.encode(), WORDS.secret):
        assert found not in data
    passphrase, split, _shares = known
    assert passphrase.public not in data
    assert split.public not in data


def test_a_wrong_secret_opens_nothing(backup):
    with refused("backup.unlock_failed"):
        passphrase_rows(backup, "three other words")
    for text in ("", "x" * 2000):
        with refused("backup.unlock_failed"):
            passphrase_rows(backup, text)
    with refused("backup.unlock_failed"):
        rows_of(backup, OTHER)


def test_a_kind_of_secret_that_it_was_not_made_for_is_told(tmp_path, known):
    passphrase, _split, shares = known
    make(tmp_path / "a", known, recipients=(passphrase,))
    with refused("backup.no_such_way"):
        rows_of(tmp_path / "a")
    with refused("backup.no_split"):
        joined(tmp_path / "a", shares[:2])


def test_a_backup_that_nobody_could_open_is_not_made(tmp_path, known):
    with refused("backup.way"):
        make(tmp_path / "a", known, recipients=())
    assert list(tmp_path.iterdir()) == []


def test_a_secret_of_one_backup_opens_no_slot_that_was_moved_from_it(tmp_path, known):
    """The key is sealed for one file: a slot of another one does not open in it."""
    make(tmp_path / "a", known, recipients=(recipient(WORDS, {}),))
    make(tmp_path / "b", known, recipients=(recipient(OTHER, {}),))
    first, second = ((tmp_path / name).read_bytes() for name in "ab")
    told = json.loads(second[14 : header_end(second)])
    told["slots"] = json.loads(first[14 : header_end(first)])["slots"]
    header = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    (tmp_path / "b").write_bytes(with_header(second, header))
    with refused("backup.unlock_failed"):
        rows_of(tmp_path / "b")


def test_the_file_is_private_and_nothing_is_left_beside_it(backup):
    assert backup.stat().st_mode & 0o777 == 0o600
    assert list(backup.parent.iterdir()) == [backup]


def test_an_older_backup_is_replaced_and_nothing_else_is(backup, known):
    make(backup, known, ROWS[:1], now=NOW + timedelta(days=1))
    assert rows_of(backup) == ROWS[:1]
    with refused("backup.in_the_way"):
        make(backup, known)
    with refused("backup.in_the_way"):
        make(backup, known, first=first_of(ROWS, wallet=b"x" * 16), now=NOW + timedelta(days=2))
    assert rows_of(backup) == ROWS[:1]
    make(backup, known, replace=True)
    assert rows_of(backup) == ROWS


def test_a_file_that_is_no_backup_is_never_written_over_unasked(tmp_path, known):
    path = tmp_path / "letter.txt"
    path.write_text("Dear grandmother")
    with refused("backup.in_the_way"):
        make(path, known)
    assert path.read_text() == "Dear grandmother"
    with refused("backup.in_the_way"):
        make(tmp_path, known)


def test_a_folder_that_is_not_there_is_told(tmp_path, known):
    with refused("backup.io"):
        make(tmp_path / "stick" / "a.hpb", known)


def test_a_full_disk_keeps_the_old_backup(backup, known, monkeypatch):
    before = backup.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wallet.backup.writing.os.fsync", full)
    with refused("backup.no_space"):
        make(backup, known, now=NOW + timedelta(days=1))
    assert backup.read_bytes() == before
    assert list(backup.parent.iterdir()) == [backup]


def test_what_an_interrupted_backup_left_is_swept_away_later(backup, known):
    left = backup.with_name(f".{backup.name}.00aa.new")
    fresh = backup.with_name(f".{backup.name}.00bb.new")
    left.write_bytes(b"half")
    fresh.write_bytes(b"being written")
    os.utime(left, (0, 0))
    make(backup, known, now=NOW + timedelta(days=1))
    assert set(backup.parent.iterdir()) == {backup, fresh}


def test_old_shares_do_not_open_a_backup_of_a_new_split(tmp_path, known):
    passphrase, _split, old = known
    split, new = new_split(secrets.token_bytes)
    make(tmp_path / "a", known, recipients=(passphrase, split))
    with refused("backup.share_old"):
        joined(tmp_path / "a", old[:2])
    assert rows_of(tmp_path / "a", joined(tmp_path / "a", new[1:])) == ROWS
