"""Transcripts: who has seen what, receipts, the sheet, the letter, forgetting, and travel mode."""

from __future__ import annotations

import json

import pytest
from wallet_world import with_json


@pytest.fixture
def shared(ready, world):
    """A wallet that shared once."""
    code, _, err = ready("present", world.ask()["link"], "--share")
    assert code == 0, err
    assert "Receipt checked." in err
    return ready


def test_the_list_has_numbers_ids_and_the_state_of_each_receipt(shared):
    code, out, _ = shared("history")
    first, second = out.splitlines()
    assert code == 0
    assert first.startswith("1. ")
    assert "You shared, Example Hospital" in first
    assert "Receipt checked. [" in first
    assert "You added records" in second
    assert "ceipt" not in second
    rows = json.loads(shared("history", "--json")[1])["history"]
    assert [(row["kind"], row["receipt"]) for row in rows] == [
        ("shared", "checked"),
        ("added", "not_due"),
    ]
    assert rows[0]["id"] in first


def test_a_share_says_at_once_what_became_of_the_receipt(ready, world):
    def bend(request, answer):
        if "/responses/" in request.url:
            return with_json(lambda value: value.update(receipt="no receipt"))(answer)
        return answer

    world.wire.bend = bend
    code, _, err = ready("present", world.ask()["link"], "--share")
    assert code == 0
    assert "The receipt does not match what you sent." in err
    assert "This is no receipt that we can read." in err
    world.wire.bend = lambda _, answer: answer
    _, out, _ = ready("present", world.ask()["link"], "--share", "--json")
    told = json.loads(out)
    assert (told["receipt"], told["problems"]) == ("checked", [])


def test_a_receipt_is_shown_as_it_was_signed(shared):
    code, out, err = shared("receipt", "show", "1")
    assert code == 0
    assert out.count(".") == 2
    assert "Example Hospital" in err
    told = json.loads(shared("receipt", "show", "1", "--json")[1])
    assert told["receipts"][0]["token"] == out.strip()
    assert told["receipts"][0]["says"]["purpose"]["id"] == "emergency"
    code, out, err = shared("receipt", "show", "2")
    assert (code, out) == (0, "")


def test_a_receipt_on_paper_is_added_from_a_file_or_a_pipe(ready, world, tmp_path):
    kept = []

    def bend(request, answer):
        if "/responses/" in request.url:
            return with_json(lambda value: kept.append(value.pop("receipt")))(answer)
        return answer

    world.wire.bend = bend
    _, _, err = ready("present", world.ask()["link"], "--share")
    assert "No receipt came." in err
    (tmp_path / "receipt.txt").write_text(kept[0])
    code, out, err = ready("receipt", "add", tmp_path / "receipt.txt")
    assert code == 0, err
    assert "Receipt checked. [" in out
    assert "Kept." in err
    code, _, err = ready("receipt", "add", "-", typed=kept[0])
    assert code == 1
    assert "receipt.duplicate" in err
    assert "receipt.format" in ready("receipt", "add", "-", typed="paper")[2]
    assert ready("receipt", "add", tmp_path / "nowhere")[0] == 2


def test_the_sheet_and_the_letter_are_printed(shared):
    code, out, _ = shared("complaint", "1")
    assert code == 0
    assert "ABOUT WHAT I SHARED" in out
    assert "0303 123 1113" in out
    assert json.loads(shared("complaint", "1", "--json")[1])["version"] == 1
    code, out, _ = shared("letter", "1")
    assert "notes of my care must stay" in out
    assert json.loads(shared("letter", "1", "--json")[1])["paragraphs"]
    code, _, err = shared("letter", "2")
    assert (code, "wallet.entry_shared_nothing" in err) == (1, True)
    assert "wallet.entry_unknown" in shared("complaint", "9")[2]


def test_a_line_is_deleted_once_the_person_says_so(shared):
    code, _, err = shared("forget-entry", "1", typed="n\n")
    assert code == 1
    assert "You shared" in err
    assert len(shared("history")[1].splitlines()) == 2
    code, _, err = shared("forget-entry", "1", "--yes")
    assert code == 0
    assert "Deleted here." in err
    (left,) = shared("history")[1].splitlines()
    assert "You added records" in left


def test_the_wallet_goes_away_and_comes_back(shared, tmp_path):
    target = tmp_path / "stick.bin"
    code, out, err = shared("travel", "away", target, typed="n\n")
    assert (code, target.exists()) == (1, False)
    code, out, err = shared("travel", "away", target, "--yes", "--json")
    assert code == 0, err
    away = json.loads(out)
    assert away["number"] in err
    assert "This cannot hide all." in err
    assert shared("list")[0] == 1
    code, out, err = shared("travel", "back", target)
    assert code == 0, err
    assert out.strip() == away["number"]
    assert not target.exists()
    assert len(shared("list")[1].splitlines()) == 2
    assert "vault.exists" in shared("travel", "back", target)[2]


def test_recovery_words_bring_it_back_as_well(shared, tmp_path):
    from wallet.cli import session  # noqa: PLC0415

    wallet = session.wallet()
    wallet.unlock("three made-up words")
    words = wallet.ways.new_words()
    wallet.ways.add_words(words, given="three made-up words")
    wallet.close()
    target = tmp_path / "stick.bin"
    assert shared("travel", "away", target, "--yes")[0] == 0
    (tmp_path / "passphrase").write_text(" ".join(words) + "\n")
    assert shared("travel", "back", target)[0] == 0
