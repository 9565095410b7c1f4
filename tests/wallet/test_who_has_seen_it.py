"""Who has seen what: receipts are checked and kept, told where they differ, and can be deleted."""

from __future__ import annotations

import dataclasses
import json

import pytest
from past_world import HOSPITAL, bend_receipt, refused, share
from wallet_world import DESK, PASSPHRASE

import schemas
from healthpassport import receipts
from healthpassport.errors import catalogue
from healthpassport.fetch import HttpResponse
from healthpassport.keys import generate_signer
from wallet.service import HistoryKind, Past, ReceiptState
from wallet.vault import PRIVATE_TABLES


@pytest.fixture
def filled_wallet(filled_wallet):
    """With its history open."""
    filled_wallet.open_past(PASSPHRASE)
    return filled_wallet


def resigned(world, **changes):
    """The same receipt, signed by the desk's own key, with other claims."""
    identity = world.world.desk.identity

    def change(token):
        found = receipts.read_unchecked(token)
        made = found.model_validate(found.model_dump() | changes)
        return receipts.issue(made, signer=identity.signer, chain=identity.chain)

    return change


def test_a_share_is_confirmed_by_a_receipt_that_is_checked_and_kept(world, filled_wallet):
    told = share(world, filled_wallet)
    assert (told.receipt, told.problems) == (ReceiptState.CHECKED, ())
    first = filled_wallet.past.entries()[0]
    assert (first.entry.kind, first.receipt) == (HistoryKind.SHARED, ReceiptState.CHECKED)
    detail = filled_wallet.past.show(first.id)
    ((kept, receipt),) = detail.receipts
    assert receipt.organisation.name == HOSPITAL
    assert receipt.purpose.id == "emergency"
    assert kept.problems == ()
    assert {r.type for r in receipt.records} == {"PatientIdentity", "AllergySummary"}


def test_all_of_it_needs_a_second_unlock_and_sharing_does_not(world, filled_wallet):
    share(world, filled_wallet)
    token = filled_wallet.past.show("1").receipts[0][0].token
    filled_wallet.lock()
    filled_wallet.unlock(PASSPHRASE)
    told = share(world, filled_wallet)
    assert told.receipt is ReceiptState.CHECKED
    past = filled_wallet.past
    for read in (
        past.entries,
        lambda: past.show("1"),
        lambda: past.complaint("1"),
        lambda: past.letter("1"),
        lambda: past.delete("1"),
        lambda: past.add_receipt(token),
    ):
        with refused("vault.private_locked"):
            read()
    filled_wallet.open_past(PASSPHRASE)
    assert [entry.receipt for entry in past.entries()][:2] == [ReceiptState.CHECKED] * 2


def test_unticked_fields_stand_neither_in_the_receipt_nor_in_our_own_entry(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    below = {t.number for t in question.ticks if t.label == "When it started"}
    told = filled_wallet.share(question, question.ticked - below)
    assert told.receipt is ReceiptState.CHECKED
    detail = filled_wallet.past.show("1")
    paths = {path for r in detail.receipts[0][1].records for path in r.paths}
    assert "items.unit" in paths
    assert "items.onset" not in paths


def test_neither_history_nor_receipts_hold_a_value(world, filled_wallet):
    share(world, filled_wallet)
    vault = filled_wallet._opened()
    stored = [vault.read(table, row) for table in PRIVATE_TABLES for row in vault.rows(table)]
    read = filled_wallet.past.show("1").receipts[0][1].model_dump_json()
    assert len(stored) == 3
    for value in ("Penicillin", "latex", "999 000 0018", "9990000018", "1958", "2001"):
        assert value not in read
        assert all(value.encode() not in row for row in stored)


def test_a_hospital_that_gives_none_loses_nobody_anything(world, filled_wallet):
    bend_receipt(world, lambda _: None)
    told = share(world, filled_wallet)
    assert (told.receipt, told.problems) == (ReceiptState.MISSING, ())
    assert filled_wallet.past.entries()[0].receipt is ReceiptState.MISSING
    assert filled_wallet.past.show("1").receipts == ()


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"not JSON", b'{"receipt": 7}', b'{"receipt": null}']
)
def test_an_answer_without_a_receipt_is_an_answer(world, filled_wallet, answer):
    def bend(request, given):
        return HttpResponse(200, {}, answer) if "/responses/" in request.url else given

    world.wire.bend = bend
    assert share(world, filled_wallet).receipt is ReceiptState.MISSING


DIFFERENT = {
    "more": ({"records": "more"}, "receipt.fields_more"),
    "fewer": ({"records": "fewer"}, "receipt.fields_fewer"),
    "another purpose": (
        {"purpose": {"id": "pharmacy", "dpv": "https://w3id.org/dpv#Purpose"}},
        "receipt.purpose",
    ),
    "kept longer": (
        {"retention": {"text": "For ever.", "dpv": "https://w3id.org/dpv#EndlessDuration"}},
        "receipt.retention",
    ),
    "another request": ({"request_hash": "A" * 43}, "receipt.request"),
    "another answer": ({"vp_token_hash": "A" * 43}, "receipt.answer"),
    "another name": ({"organisation": {"name": "Clinic", "ods": "X9X"}}, "receipt.organisation"),
    "next year": ({"iat": 1_830_000_000}, "receipt.time"),
}


def with_records(name, records):
    first, *rest = (record.model_dump() for record in records)
    if name == "more":
        return [first | {"paths": sorted({*first["paths"], "phone"})}, *rest]
    return [first | {"paths": first["paths"][:-1]}, *rest]


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_receipt_that_differs_is_kept_and_shown_as_such(world, filled_wallet, name):
    changes, code = DIFFERENT[name]

    def change(token):
        found = receipts.read_unchecked(token)
        made = {
            n: with_records(v, found.records) if n == "records" else v for n, v in changes.items()
        }
        return resigned(world, **made)(token)

    bend_receipt(world, change)
    told = share(world, filled_wallet)
    assert told.receipt is ReceiptState.DIFFERENT
    assert code in told.problems
    entry = filled_wallet.past.entries()[0]
    assert (entry.receipt, entry.problems) == (ReceiptState.DIFFERENT, told.problems)
    assert catalogue()[code].title in filled_wallet.past.complaint(entry.id).text()


def other_key(token):
    found = receipts.read_unchecked(token)
    head = token.split(".")[0]
    forged = receipts.issue(found, signer=generate_signer(), chain=(b"x",))
    return f"{head}.{'.'.join(forged.split('.')[1:])}"


HOSTILE = {
    "garbage": (lambda _: "garbage", "receipt.format"),
    "huge": (lambda token: token + "A" * 200_000, "receipt.format"),
    "another key": (other_key, "receipt.signature"),
    "a line break and a colour": (lambda _: "\x1b[31mred\n", "receipt.format"),
    "another script": (lambda _: "\N{CYRILLIC SMALL LETTER A}" * 40, "receipt.format"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_receipt_is_costs_nothing_and_steers_nothing(world, filled_wallet, name):
    change, code = HOSTILE[name]
    bend_receipt(world, change)
    told = share(world, filled_wallet)
    assert (told.receipt, told.problems) == (ReceiptState.DIFFERENT, (code,))
    ((kept, receipt),) = filled_wallet.past.show("1").receipts
    assert receipt is None
    assert kept.token.isascii()
    assert "\x1b" not in kept.token
    assert len(kept.token) <= receipts.MAX_RECEIPT


def test_a_receipt_that_cannot_be_kept_does_not_undo_the_share(world, filled_wallet, monkeypatch):
    from healthpassport.errors import VaultError  # noqa: PLC0415
    from wallet.service import receipts as kept  # noqa: PLC0415

    def full(*_):
        raise VaultError("vault.no_space")

    monkeypatch.setattr(kept, "write", full)
    told = share(world, filled_wallet)
    assert (told.receipt, told.problems) == (ReceiptState.MISSING, ("vault.no_space",))
    assert filled_wallet.past.entries()[0].entry.kind is HistoryKind.SHARED


def test_an_entry_is_deleted_with_its_receipt_and_nothing_else(world, filled_wallet):
    share(world, filled_wallet)
    share(world, filled_wallet)
    first, second, *_ = filled_wallet.past.entries()
    filled_wallet.past.delete(first.id)
    left = filled_wallet.past.entries()
    assert first.id not in {entry.id for entry in left}
    assert left[0].id == second.id
    assert left[0].receipt is ReceiptState.CHECKED
    assert len(filled_wallet._opened().rows("receipts")) == 1
    with refused("wallet.entry_unknown"):
        filled_wallet.past.delete(first.id)


@pytest.mark.parametrize("name", ["", "0", "99", "zz", "0000", "-1", "1.5"])
def test_an_entry_that_is_not_there_is_not_found(filled_wallet, name):
    with refused("wallet.entry_unknown"):
        filled_wallet.past.show(name)


def test_what_was_declined_and_refused_stands_there_and_is_due_no_receipt(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    filled_wallet.decline(question)
    entry = filled_wallet.past.entries()[0]
    assert (entry.entry.kind, entry.receipt) == (HistoryKind.DECLINED, ReceiptState.NOT_DUE)
    assert entry.entry.asked["AllergySummary"]
    with refused("wallet.entry_shared_nothing"):
        filled_wallet.past.letter(entry.id)
    text = filled_wallet.past.complaint(entry.id).text()
    assert "What they asked for: Your details" in text
    assert "No receipt" not in text


def test_what_was_not_delivered_may_have_been_read_and_can_be_asked_about(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    world.wire.down.add(DESK.removeprefix("https://"))
    with refused("net.unreachable"):
        filled_wallet.share(question)
    entry = filled_wallet.past.entries()[0]
    assert (entry.entry.kind, entry.receipt) == (HistoryKind.NOT_DELIVERED, ReceiptState.MISSING)
    assert filled_wallet.past.letter(entry.id).paragraphs


def test_the_sheet_has_the_proof_and_where_to_go(world, filled_wallet):
    share(world, filled_wallet)
    detail = filled_wallet.past.show("1")
    sheet = filled_wallet.past.complaint("1")
    assert sheet.receipts == (detail.receipts[0][0].token,)
    text = sheet.text()
    evidence = detail.view.entry.evidence
    for wanted in (
        "Who asked: Example Hospital",
        "Receipt checked.",
        "0303 123 1113",
        "https://ico.org.uk/make-a-complaint/",
        evidence.request_hash,
        evidence.vp_token_hash,
        detail.receipts[0][0].token,
    ):
        assert wanted in text
    assert json.dumps(sheet.wire())
    assert "What I sent: Your details: " in text


def test_the_letter_asks_and_says_that_notes_of_care_must_stay(world, filled_wallet):
    share(world, filled_wallet)
    made = filled_wallet.past.letter("1")
    text = made.text()
    assert made.greeting == f"Dear {HOSPITAL},"
    assert "notes of my care must stay" in text
    assert "UK GDPR, Article 15" in text
    assert filled_wallet.past.show("1").receipts[0][1].jti in text
    assert made.wire()["paragraphs"] == list(made.paragraphs)


def test_all_of_it_is_there_in_welsh(world, filled_wallet):
    share(world, filled_wallet)
    welsh = dataclasses.replace(filled_wallet._around, language="cy")
    past = Past(filled_wallet._opened, welsh)
    assert "Pwy ofynnodd: Example Hospital" in past.complaint("1").text()
    assert "https://cy.ico.org.uk" in past.complaint("1").text()
    assert past.letter("1").greeting == f"Annwyl {HOSPITAL},"


def test_every_word_stands_in_both_languages():
    def pairs(node, where):
        if isinstance(node, dict):
            if "en" in node or "cy" in node:
                assert set(node) == {"en", "cy"}, where
                assert bool(node["en"]) == bool(node["cy"]), where
            for name, below in node.items():
                pairs(below, f"{where}.{name}")
        elif isinstance(node, list):
            for number, below in enumerate(node):
                pairs(below, f"{where}[{number}]")

    words = schemas.load("receipts/words.json")
    pairs(words, "words")
    assert set(words["kinds"]) == {kind.value for kind in HistoryKind}
    assert set(words["states"]) == {state.value for state in ReceiptState}


def test_an_entry_of_an_older_wallet_is_read(filled_wallet):
    from healthpassport.encoding import dump_json  # noqa: PLC0415

    old = {
        "when": "2026-10-01T09:00:00+00:00",
        "kind": "shared",
        "who": "Example Hospital",
        "ods": "RXX01",
        "purpose": "Emergency care",
        "retention": "It is kept.",
        "what": ["Allergies: 2/2"],
        "code": "",
    }
    with filled_wallet._opened().transaction() as writer:
        writer.add("history", dump_json(old))
    entry = filled_wallet.past.entries()[-1]
    assert (entry.receipt, entry.entry.evidence) == (ReceiptState.NOT_DUE, None)
    assert "Allergies: 2/2" in filled_wallet.past.complaint(entry.id).text()
