"""Damaged, altered, cut or forged: every way has its name, and no row of it is wrong."""

from __future__ import annotations

import json
import os
import random

import pytest
from backup_files import (
    PART,
    ROWS,
    first_of,
    header_end,
    known,
    make,
    passphrase_rows,
    refused,
    rows_of,
    with_header,
    with_part,
)

from healthpassport.errors import BackupError
from wallet.backup.content import Row
from wallet.backup.reading import look

__all__ = ["known"]

FLIPS = 200  # an ordinary run; PASSPORT_BACKUP_FLIPS=10000 for the figure of issue 5


@pytest.fixture
def backup(tmp_path, known):
    path = tmp_path / "a.hpb"
    make(path, known)
    return path


def test_cutting_it_anywhere_is_seen(backup):
    data = backup.read_bytes()
    picks = random.Random(5)  # noqa: S311 - places, not secrets
    places = {1, 8, 13, 14, 100, header_end(data), header_end(data) + 47, header_end(data) + 48}
    places |= {header_end(data) + 48 + PART * n for n in range(4)}
    places |= {picks.randrange(1, len(data)) for _ in range(60)}
    for place in sorted(places):
        backup.write_bytes(data[:place])
        with refused("backup.cut_short"):
            rows_of(backup)
        with refused("backup.cut_short"):
            look(backup)
    backup.write_bytes(b"")
    with refused("backup.not_a_backup"):
        rows_of(backup)


def test_more_than_was_written_is_seen(backup):
    backup.write_bytes(backup.read_bytes() + b"\0")
    for reading in (rows_of, look):
        with refused("backup.damaged"):
            reading(backup)


def test_no_bit_can_be_flipped_unseen(backup):
    """Damage has a name, and what is read is what was written or nothing."""
    data = backup.read_bytes()
    picks = random.Random(7)  # noqa: S311 - places, not secrets
    head = header_end(data) + 48
    count = int(os.environ.get("PASSPORT_BACKUP_FLIPS", str(FLIPS)))
    for number in range(count):
        bit = picks.randrange(head * 8) if number % 3 == 0 else picks.randrange(len(data) * 8)
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        backup.write_bytes(changed)
        with pytest.raises(BackupError) as raised:
            rows_of(backup)
        assert raised.value.code in {
            "backup.damaged",
            "backup.cut_short",
            "backup.not_a_backup",
        }, bit


def test_parts_in_the_wrong_order_or_of_another_backup_are_told(tmp_path, backup, known):
    data = backup.read_bytes()
    start = header_end(data) + 48
    first, second = data[start : start + PART], data[start + PART : start + 2 * PART]
    swapped = data[:start] + second + first + data[start + 2 * PART :]
    make(tmp_path / "b", known)
    foreign = (tmp_path / "b").read_bytes()[-4 * PART :][:PART]
    for changed in (swapped, data[:start] + foreign + data[start + PART :]):
        backup.write_bytes(changed)
        for reading in (rows_of, look):
            with refused("backup.parts_mixed"):
                reading(backup)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda part: part[:30] + bytes([part[30] ^ 1]) + part[31:], id="content"),
        pytest.param(lambda part: part[:8] + b"\x01" + part[9:], id="called the last"),
    ],
)
def test_a_part_that_was_forged_with_care_is_told(backup, change):
    backup.write_bytes(with_part(backup.read_bytes(), 1, change))
    with refused("backup.altered"):
        rows_of(backup)


def test_parts_taken_out_at_the_end_are_told_even_with_a_new_last_one(backup):
    data = backup.read_bytes()
    shorter = with_part(data[:-PART], 2, lambda part: part[:8] + b"\x01" + part[9:])
    backup.write_bytes(shorter)
    with refused("backup.altered"):
        rows_of(backup)


def changed_header(data, **members):
    told = json.loads(data[14 : header_end(data)]) | members
    return with_header(data, json.dumps(told, sort_keys=True, separators=(",", ":")).encode())


def test_a_header_that_was_changed_with_care_is_told(backup):
    data = backup.read_bytes()
    for members in ({"made": "2026-11-26T18:00:00Z"}, {"wallet": "A" * 22}):
        backup.write_bytes(changed_header(data, **members))
        with refused("backup.altered"):
            rows_of(backup)


def slot(**members):
    made = {"kind": "words", "sealed": "A" * 107} | members
    return {name: value for name, value in made.items() if value is not None}


PASS = {"kind": "passphrase", "salt": "A" * 22, "passes": 3, "memory": 64 * 1024 * 1024}
PARTS = {"kind": "split", "split": "AAAAAA", "parts": ["A" * 22] * 3}


@pytest.mark.parametrize(
    "members",
    [
        {"v": 2},
        {"backup": "AAAA"},
        {"wallet": "A" * 23},
        {"backup": 1},
        {"made": "today"},
        {"made": "2026-11-25T18:00:00+00:00"},
        {"made": "2026-11-25T18:00:00.5Z"},
        {"aead": "none"},
        {"more": True},
        {"slots": {}},
        {"slots": ["words"]},
        {"slots": [slot()] * 9},
        {"slots": [slot(kind="biometric")]},
        {"slots": [slot(kind=None)]},
        {"slots": [slot(sealed="AAAA")]},
        {"slots": [slot(sealed="A" * 106 + "=")]},
        {"slots": [slot(note="x")]},
        {"slots": [slot(**PASS, more=1)]},
        {"slots": [slot(**PASS)] * 2},
        {"slots": [slot(**PASS | {"salt": "AAAA"})]},
        {"slots": [slot(**PASS | {"salt": "=" * 22})]},
        {"slots": [slot(**PASS | {"passes": "3"})]},
        {"slots": [slot(**PASS | {"memory": None})]},
        {"slots": [slot(**PARTS | {"split": "AAAA"})]},
        {"slots": [slot(**PARTS | {"split": 7})]},
        {"slots": [slot(**PARTS | {"parts": ["A" * 22] * 2})]},
        {"slots": [slot(**PARTS | {"parts": ["A" * 22, "A" * 22, 3]})]},
        {"slots": [slot(**PARTS | {"parts": ["A" * 22, "A" * 22, "AAAA"]})]},
    ],
)
def test_a_header_that_no_wallet_writes_is_refused(backup, members):
    backup.write_bytes(changed_header(backup.read_bytes(), **members))
    for reading in (rows_of, look):
        with refused("backup.damaged"):
            reading(backup)


def test_a_header_that_is_no_json_is_refused(backup):
    data = backup.read_bytes()
    for header in (b"", b"{", b"[]", data[14 : header_end(data)] + b" "):
        backup.write_bytes(with_header(data, header))
        with refused("backup.damaged"):
            rows_of(backup)
    backup.write_bytes(data[:10] + b"\x00\x01\x00\x00" + data[14:])
    with refused("backup.damaged"):
        rows_of(backup)


@pytest.mark.parametrize(
    ("passes", "memory"), [(2, 2**26), (3, 2**26 - 1), (17, 2**26), (3, 2**30 + 1)]
)
def test_a_cost_that_is_too_low_or_too_high_is_refused_before_it_is_spent(backup, passes, memory):
    weak = slot(**PASS | {"passes": passes, "memory": memory})
    backup.write_bytes(changed_header(backup.read_bytes(), slots=[weak]))
    with refused("backup.kdf"):
        passphrase_rows(backup)


def test_a_backup_of_a_newer_wallet_is_told_from_a_damaged_one(backup):
    data = backup.read_bytes()
    newer = data[:8] + b"\x00\x02" + data[10:]
    backup.write_bytes(newer)
    with refused("backup.damaged"):
        look(backup)
    backup.write_bytes(with_header(newer, b"whatever a later version may say"))
    with refused("backup.version"):
        look(backup)


def test_a_file_of_another_kind_is_told(tmp_path):
    for content in (b"SQLite format 3\0" * 100, b"h", b"hpbackuq" * 20):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(BackupError) as raised:
            look(tmp_path / "x")
        assert raised.value.code in {"backup.not_a_backup", "backup.cut_short"}
    with refused("backup.missing"):
        look(tmp_path / "nothing")
    with refused("backup.io"):
        look(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"rows": ROWS[:-1]}, id="a row too few"),
        pytest.param({"rows": (*ROWS, ROWS[-1])}, id="a row twice"),
        pytest.param({"rows": ROWS[::-1]}, id="out of order"),
        pytest.param(
            {"rows": (*ROWS, Row("strange", 1, bytes(16), b"", b""))}, id="an unknown table"
        ),
    ],
)
def test_rows_that_do_not_fit_what_it_says_of_itself_are_refused(tmp_path, known, wrong):
    make(tmp_path / "a", known, first=first_of(ROWS), **wrong)
    with refused("backup.mixed_up"):
        rows_of(tmp_path / "a")


def test_a_backup_that_names_two_wallets_is_refused(tmp_path, known):
    class Torn(type(first_of(ROWS))):
        def frame(self):
            return first_of(ROWS, wallet=b"x" * 16).frame()

    torn = first_of(ROWS)
    make(tmp_path / "a", known, first=Torn(torn.wallet, torn.counts, torn.finding))
    with refused("backup.mixed_up"):
        rows_of(tmp_path / "a")


@pytest.mark.parametrize(
    "frame",
    [
        b'{"v":2}',
        b'{"v":1}',
        b"[]",
        b'{"v":1,"wallet":"","counts":{},"finding":{"tags":"AAAA"}}',
        b'{"v":1,"wallet":"","counts":{},"finding":{},"more":1}',
    ],
)
def test_content_of_a_later_wallet_is_told(tmp_path, known, frame):
    class Later(type(first_of(ROWS))):
        def frame(self):
            return len(frame).to_bytes(4, "big") + frame

    later = first_of(ROWS)
    make(tmp_path / "a", known, first=Later(later.wallet, later.counts, later.finding))
    with refused("backup.version"):
        rows_of(tmp_path / "a")
