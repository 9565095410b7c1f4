"""Receipts that come later: on paper, as a file, or for an emergency card that was read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from past_world import CARD, HOSPITAL, bend_receipt, refused, share, unlisted
from wallet_world import PASSPHRASE

from healthpassport import receipts
from healthpassport.receipts import ReceivedRecord
from wallet.service import HistoryKind, Past, ReceiptState
from wallet.service.card_store import read_cards


@pytest.fixture
def filled_wallet(filled_wallet):
    """With its history open."""
    filled_wallet.open_past(PASSPHRASE)
    return filled_wallet


def test_a_receipt_that_could_not_be_checked_waits_and_is_checked_when_it_is_given_again(
    world, filled_wallet, monkeypatch
):
    asked = filled_wallet.prepare(world.ask()["link"])
    with monkeypatch.context() as patched:
        patched.setattr(type(filled_wallet._around), "trust", unlisted)
        told = filled_wallet.share(asked)
    assert (told.receipt, told.problems) == (ReceiptState.NOT_CHECKED, ("trust.stale",))
    token = filled_wallet.past.show("1").receipts[0][0].token
    entry = filled_wallet.past.add_receipt(token)
    assert entry.receipt is ReceiptState.CHECKED
    assert len(filled_wallet.past.show("1").receipts) == 1


def test_an_answer_that_was_lost_on_the_way_can_be_confirmed_on_paper(world, filled_wallet):
    kept = []
    bend_receipt(world, kept.append)
    share(world, filled_wallet)
    paper = "\n".join(kept[0][i : i + 60] for i in range(0, len(kept[0]), 60))
    entry = filled_wallet.past.add_receipt(paper)
    assert (entry.receipt, entry.problems) == (ReceiptState.CHECKED, ())
    with refused("receipt.duplicate"):
        filled_wallet.past.add_receipt(kept[0])


def test_a_receipt_may_come_as_the_answer_of_a_desk(world, filled_wallet):
    kept = []
    bend_receipt(world, kept.append)
    share(world, filled_wallet)
    assert filled_wallet.past.add_receipt(json.dumps({"receipt": kept[0]})).problems == ()


@pytest.mark.parametrize("text", ["", "paper", "{}", '{"receipt": 7}', "{", "x" * 200_000])
def test_what_is_given_and_is_no_receipt_is_refused_and_not_kept(filled_wallet, text):
    with refused("receipt.format"):
        filled_wallet.past.add_receipt(text)
    assert not filled_wallet._opened().rows("receipts")


def test_a_receipt_for_somebody_elses_answer_fits_nothing(world, filled_wallet, tmp_path):
    other = world.wallet(tmp_path / "other")
    offer = world.offer()
    other.accept(other.add_offer(offer.link), offer.pin)
    other.open_past(PASSPHRASE)
    share(world, other)
    token = other.past.show("1").receipts[0][0].token
    other.close()
    with refused("receipt.nothing_matches"):
        filled_wallet.past.add_receipt(token)


def card_receipt(world, **parts):
    record = ReceivedRecord(
        type="EmergencySummary", format="passport_card+cose", paths=("items.unit",)
    )
    given = {"records": (record,), "reason": 2, "now": datetime.now(UTC), "role": "clinician"}
    return world.world.desk.receipts.give_for_card(CARD, **(given | parts))


def past_with_card(wallet, *cards):
    hashes = [receipts.card_hash(card) for card in cards]
    return Past(wallet._opened, wallet._around, cards=lambda _: hashes)


def test_the_reading_of_a_card_makes_an_entry_of_its_own(world, filled_wallet):
    past = past_with_card(filled_wallet, b"an older one", CARD)
    entry = past.add_receipt(card_receipt(world))
    assert entry.entry.kind is HistoryKind.EMERGENCY_READ
    assert (entry.entry.who, entry.entry.purpose) == (HOSPITAL, "Emergency care")
    assert entry.receipt is ReceiptState.CHECKED
    assert entry.id in {one.id for one in past.entries()}
    sheet = past.complaint(entry.id).wire()
    facts = {row["name"]: row["lines"] for row in sheet["facts"]}
    assert (facts["reason"], facts["role"]) == (["The law asked for it"], ["clinician"])
    assert "card_hash" in {row["name"] for row in sheet["proof"]}


def test_the_reading_of_another_card_is_no_business_of_ours(world, filled_wallet):
    before = filled_wallet.past.entries()
    with refused("receipt.nothing_matches"):
        past_with_card(filled_wallet, b"mine").add_receipt(card_receipt(world))
    with refused("receipt.nothing_matches"):
        filled_wallet.past.add_receipt(card_receipt(world))
    assert filled_wallet.past.entries() == before


def test_the_reading_of_a_card_is_kept_once_and_checked_later(world, filled_wallet, monkeypatch):
    past, token = past_with_card(filled_wallet, CARD), card_receipt(world)
    with monkeypatch.context() as patched:
        patched.setattr(type(filled_wallet._around), "trust", unlisted)
        assert past.add_receipt(token).receipt is ReceiptState.NOT_CHECKED
    assert past.add_receipt(token).receipt is ReceiptState.CHECKED
    kinds = [entry.entry.kind for entry in past.entries()]
    assert kinds.count(HistoryKind.EMERGENCY_READ) == 1


def test_a_card_that_was_read_tomorrow_is_told(world, filled_wallet):
    token = card_receipt(world, now=datetime.now(UTC) + timedelta(days=1))
    entry = past_with_card(filled_wallet, CARD).add_receipt(token)
    assert (entry.receipt, entry.problems) == (ReceiptState.DIFFERENT, ("receipt.time",))


def test_a_card_of_the_wallet_itself_is_known_by_its_receipt(world, filled_wallet):
    from healthpassport import cards  # noqa: PLC0415

    asked = filled_wallet.cards.choices()
    filled_wallet.cards.make(asked.ticked)
    (stored,) = read_cards(filled_wallet._opened())
    message = cards.parse(stored.text).message
    record = ReceivedRecord(type="AllergySummary", format=cards.FORMAT, paths=("items.unit",))
    token = world.world.desk.receipts.give_for_card(
        message, records=(record,), reason=4, now=datetime.now(UTC)
    )
    entry = filled_wallet.past.add_receipt(token)
    assert (entry.entry.kind, entry.receipt) == (HistoryKind.EMERGENCY_READ, ReceiptState.CHECKED)
    assert entry.entry.what == ("Allergies",)
