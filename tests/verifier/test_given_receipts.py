"""Receipts at the desk: given for every answer that is shown, noted without content, proven."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from commands_here import run_here
from desk_world import desk_settings, full_wallet, handle_of, make_desk, opened, post
from hypothesis import given, settings
from hypothesis import strategies as st
from past_desk import database_at

from healthpassport import receipts
from healthpassport.credential import Credential, Presentation
from healthpassport.errors import KeyMaterialError, PassportError, ServiceError, SettingsError
from healthpassport.protocols.oid4vp import encode_error, vp_token
from healthpassport.receipts import ReceivedRecord, Sent
from verifier.cli import main
from verifier.service import Digests, Match, Noted, Progress, prove


def shown(wallet, request):
    from healthpassport.credential import Challenge  # noqa: PLC0415

    return wallet.presentation(request.query, Challenge(request.nonce, request.client_id))


def sent(request, presentation):
    """What a wallet knows that it sent."""
    return Sent(
        request_hash=receipts.request_hash(request.claims),
        vp_token_hash=receipts.vp_token_hash(vp_token(presentation)),
        certificate_hash=request.certificate_hash,
        name=request.name,
        ods=request.ods,
        purpose=request.purpose,
        retention=request.retention,
        records=receipts.received(presentation, request.query),
        at=datetime.now(UTC),
    )


def answered(desk, world, wallet=None, presentation=None):
    wallet = wallet or full_wallet(world)
    view, request = opened(desk, wallet)
    presentation = presentation or shown(wallet, request)
    taken = post(desk, view, wallet.answer(request, presentation=presentation))
    return view, request, presentation, taken


def check(desk, request, presentation, token):
    now = datetime.now(UTC)
    return receipts.check_presentation(
        token, expected=sent(request, presentation), trust=desk.lists.views(now).trust, now=now
    )


def test_an_answer_is_met_with_a_receipt_that_holds(world, desk):
    view, request, presentation, taken = answered(desk, world)
    found = check(desk, request, presentation, taken.receipt)
    assert found.problems == ()
    receipt = found.receipt
    assert (receipt.organisation.name, receipt.organisation.ods) == ("Example Hospital", "RXX01")
    assert receipt.purpose.id == "emergency"
    assert receipt.retention.text == request.retention
    assert [r.type for r in receipt.records] == [
        "PatientIdentity",
        "AllergySummary",
        "MedicationSummary",
    ]
    assert "items.unit" in receipt.records[1].paths
    assert taken.members() == {"receipt": taken.receipt}
    assert desk.look(view.id, desk="ward").progress is Progress.ANSWERED


def test_no_value_stands_in_a_receipt(world, desk):
    _, _, _, taken = answered(desk, world)
    told = receipts.read_unchecked(taken.receipt).model_dump_json()
    for value in ("Penicillin", "Smith", "1958", "9990000018", "Example Surgery", "A12345"):
        assert value not in told


def test_the_receipt_is_for_the_question_and_not_for_the_reading_of_it(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    for nonce in ("a", "b"):
        desk.request_object(handle_of(view.link), wallet_nonce=nonce)
    presentation = shown(wallet, request)
    taken = post(desk, view, wallet.answer(request, presentation=presentation))
    assert check(desk, request, presentation, taken.receipt).problems == ()


def test_the_code_for_the_screen_comes_beside_it(world, tmp_path):
    desk = make_desk(world, tmp_path / "careful", confirm=True)
    taken = answered(desk, world)[3]
    assert set(taken.members()) == {"confirm_code", "receipt"}
    desk.shut()


def test_what_was_received_and_failed_a_check_stands_in_it_too(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    whole = shown(wallet, request)
    name = next(n for n in whole.answers if n != "identity")
    text = whole.answers[name][0].value
    head, _, rest = text.partition("~")
    broken = f"{head[:-8]}AAAAAAAA~{rest}"  # a signature that is none
    mixed = Presentation(whole.answers | {name: (Credential("dc+sd-jwt", broken),)})
    taken = post(desk, view, wallet.answer(request, presentation=mixed))
    found = check(desk, request, mixed, taken.receipt)
    assert found.problems == ()
    assert desk.look(view.id, desk="ward").summary.codes
    assert next(r for r in found.receipt.records if r.query == name).paths


def test_what_cannot_be_read_at_all_is_named_without_fields(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    whole = shown(wallet, request)
    name = next(n for n in whole.answers if n != "identity")
    mixed = Presentation(whole.answers | {name: (Credential("dc+sd-jwt", "x.y.z~"),)})
    taken = post(desk, view, wallet.answer(request, presentation=mixed))
    found = receipts.read_unchecked(taken.receipt)
    assert next(r for r in found.records if r.query == name).paths == ()


def test_an_answer_of_which_nothing_is_shown_gets_none(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    late = wallet.presentation(
        request.query,
        _challenge("another nonce", request),
    )
    with pytest.raises(PassportError):
        post(desk, view, wallet.answer(request, presentation=late))
    assert desk.receipts._notes.recent() == ()


def _challenge(nonce, request):
    from healthpassport.credential import Challenge  # noqa: PLC0415

    return Challenge(nonce, request.client_id)


def test_a_refusal_of_the_patient_gets_none(world, desk):
    view, request = opened(desk, full_wallet(world))
    taken = post(desk, view, encode_error("access_denied", state=request.state))
    assert taken.members() == {}


class BrokenSigner:
    algorithm = "ES256"

    def __init__(self, signer):
        self.public_key = signer.public_key

    def sign(self, message):
        raise KeyMaterialError("key.unreadable")


def test_a_receipt_that_cannot_be_signed_does_not_cost_the_presentation(world, desk):
    identity = desk.identity
    desk.receipts._identity = replace(identity, signer=BrokenSigner(identity.signer))
    view, _, _, taken = answered(desk, world)
    assert taken.receipt is None
    assert desk.look(view.id, desk="ward").summary is not None


def test_a_registration_that_says_nothing_of_keeping_costs_the_receipt_alone(world, desk):
    identity = desk.identity
    desk.receipts._identity = replace(identity, registrations={})
    view, _, _, taken = answered(desk, world)
    assert taken.receipt is None
    assert desk.look(view.id, desk="ward").summary is not None


def test_a_note_that_cannot_be_written_costs_neither(world, desk, tmp_path):
    with sqlite3.connect(tmp_path / "desk" / "verifier.sqlite") as raw:
        raw.execute("DROP TABLE receipts")
    view, request, presentation, taken = answered(desk, world)
    assert check(desk, request, presentation, taken.receipt).problems == ()
    assert desk.look(view.id, desk="ward").summary is not None
    with pytest.raises(ServiceError, match=r"verifier\.receipt_note"):
        desk.receipts._notes.recent()


def test_the_desk_keeps_digests_and_nothing_that_anybody_could_guess(world, desk, tmp_path):
    _, _, presentation, taken = answered(desk, world)
    (note,) = desk.receipts._notes.recent()
    raw = b"".join(p.read_bytes() for p in (tmp_path / "desk").glob("verifier.sqlite*"))
    hashes = (
        receipts.vp_token_hash(vp_token(presentation)),
        receipts.text_hash(taken.receipt),
        taken.receipt,
    )
    assert note.id == receipts.read_unchecked(taken.receipt).jti
    for text in (*hashes, "AllergySummary", "items.unit", "familyName", "Penicillin"):
        assert text.encode() not in raw


def test_the_key_of_the_digests_is_the_owners_alone_and_stays(world, desk, tmp_path):
    answered(desk, world)
    key = tmp_path / "desk" / "receipt-digests.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again = Digests(key, os.urandom)
    assert again.of("a", "text") == desk.receipts.digests.of("a", "text")
    assert again.of("a", "text") != again.of("b", "text")


@pytest.mark.parametrize("found", [b"", b"short", b"x" * 33])
def test_a_key_of_another_size_is_refused(tmp_path, found):
    (tmp_path / "key").write_bytes(found)
    with pytest.raises(SettingsError, match="no key of ours"):
        Digests(tmp_path / "key", os.urandom).of("a", "b")


def test_a_key_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot read"):
        Digests(tmp_path / "nowhere" / "key", os.urandom).of("a", "b")


def test_notes_leave_when_they_are_too_old(world, desk):
    answered(desk, world)
    notes = desk.receipts._notes
    (old,) = notes.recent()
    later = replace(old, id="later", created_at=old.created_at + timedelta(days=3000))
    notes.add(later, forget_before=later.created_at - timedelta(days=2922))
    assert [note.id for note in notes.recent()] == ["later"]
    assert notes.find(old.id) is None


def proof(desk, token, **what):
    parts = {
        "vp_token": None,
        "card": None,
        "identity": desk.identity,
        "notes": desk.receipts._notes,
        "digests": desk.receipts.digests,
    }
    return prove(token, **(parts | what))


def test_a_stored_presentation_is_told_to_belong_to_its_receipt(world, desk):
    _, _, presentation, taken = answered(desk, world)
    found = proof(desk, taken.receipt + "\n", vp_token=vp_token(presentation))
    assert (found.signed_here, found.noted, found.whole) == (True, Noted.AS_GIVEN, True)
    assert {match for _, match in found.records} == {Match.SAME}
    assert found.belongs


def test_a_part_of_a_presentation_belongs_as_far_as_it_goes(world, desk):
    _, _, presentation, taken = answered(desk, world)
    token = vp_token(presentation)
    token.pop("allergies")
    found = proof(desk, taken.receipt, vp_token=token)
    assert (found.whole, found.belongs) == (False, True)
    assert dict(found.records)["AllergySummary"] is Match.NOT_STORED


def test_another_presentation_does_not_belong(world, desk):
    _, _, _, taken = answered(desk, world)
    _, _, other, _ = answered(desk, world)
    found = proof(desk, taken.receipt, vp_token=vp_token(other))
    assert (found.whole, found.belongs) == (False, False)
    assert {match for _, match in found.records} == {Match.DIFFERENT}
    assert not proof(desk, taken.receipt, vp_token={}).belongs


def test_a_receipt_of_another_desk_is_not_ours(world, desk, tmp_path):
    _, _, presentation, taken = answered(desk, world)
    other = make_desk(world, tmp_path / "other")
    found = proof(other, taken.receipt, vp_token=vp_token(presentation))
    assert found.noted is Noted.NOT_NOTED
    other.shut()


def test_a_receipt_with_our_id_that_says_something_else_is_told(world, desk):
    _, _, presentation, taken = answered(desk, world)
    honest = receipts.read_unchecked(taken.receipt)
    forged = receipts.issue(
        honest.model_copy(update={"iat": honest.iat + 1}),
        signer=desk.identity.signer,
        chain=desk.identity.chain,
    )
    found = proof(desk, forged, vp_token=vp_token(presentation))
    assert (found.noted, found.belongs) == (Noted.DIFFERENT, False)


CARD = (
    ReceivedRecord(type="EmergencySummary", format="passport_card+cose", paths=("items.unit",)),
)


def test_a_card_that_was_read_gets_a_receipt_of_its_own(world, desk):
    now = datetime.now(UTC)
    token = desk.receipts.give_for_card(b"card", records=CARD, reason=3, now=now, role="clinician")
    found = receipts.check_card(
        token,
        expected_card_hashes={receipts.card_hash(b"card")},
        trust=desk.lists.views(now).trust,
        now=now,
    )
    assert found.problems == ()
    assert (found.receipt.reason, found.receipt.reader.role) == (3, "clinician")
    assert proof(desk, token, card=b"card").belongs
    assert not proof(desk, token, card=b"another").belongs
    with pytest.raises(PassportError, match=r"receipt\.kind"):
        proof(desk, token, vp_token={})


@pytest.mark.parametrize("reason", [0, 7])
def test_a_card_is_read_for_one_of_six_reasons(desk, reason):
    now = datetime.now(UTC)
    assert desk.receipts.give_for_card(b"card", records=CARD, reason=reason, now=now) is None


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=200))
def test_no_answer_whatever_it_holds_breaks_the_naming_of_its_fields(text):
    from healthpassport.protocols.dcql import Query  # noqa: PLC0415
    from schemas.queries import request_query, templates  # noqa: PLC0415

    query = Query.parse(request_query(templates()["emergency_admission"]))
    made = Presentation({"allergies": (Credential("dc+sd-jwt", text),)})
    (found,) = receipts.received(made, query)
    assert found.paths == ()


def command(home, *words, stdin=b""):
    environment = {
        "PATH": os.environ["PATH"],
        "PASSPORT_VERIFIER_HOME": str(home),
        "PASSPORT_VERIFIER_PUBLIC_URL": "https://desk.example",
        "NO_COLOR": "1",
    }
    return run_here(main, "receipts", *words, environment=environment, typed=stdin)


def test_the_commands_list_and_check(world, tmp_path):
    home = tmp_path / "desk"
    desk = make_desk(world, home)
    view, _, presentation, taken = answered(desk, world)
    evidence = json.dumps({"type": "hp-presentation", "vp_token": vp_token(presentation)})
    (tmp_path / "stored.json").write_text(evidence)
    (tmp_path / "receipt.jwt").write_text(taken.receipt)
    desk.close(view.id, desk="ward")
    desk.shut()
    listed = json.loads(command(home, "list", "--json").stdout)["receipts"]
    assert [(row["organisation"], row["kind"]) for row in listed] == [("RXX01", "presentation")]
    assert b"RXX01\tpresentation" in command(home, "list").stdout
    stored = ["--presentation", tmp_path / "stored.json"]
    result = command(home, "check", tmp_path / "receipt.jwt", *stored)
    assert result.returncode == 0, result.stderr
    assert b"AllergySummary: the same" in result.stdout
    assert b"Noted by this desk: yes, exactly this one" in result.stdout
    assert b"They belong together." in result.stderr
    (tmp_path / "stored.json").write_text("{}")
    result = command(home, "check", "-", *stored, "--json", stdin=taken.receipt.encode())
    assert result.returncode == 1
    assert json.loads(result.stdout)["belongs"] is False
    result = command(home, "check", "-", stdin=b"nothing")
    assert (result.returncode, b"receipt.format" in result.stderr) == (1, True)
    assert b"cannot read" in command(home, "check", tmp_path / "none").stderr


def test_an_older_database_gets_its_notes(world, tmp_path):
    home = tmp_path / "desk"
    home.mkdir()
    database_at("0001", home / "verifier.sqlite").dispose()
    desk = make_desk(world, home)
    assert answered(desk, world)[3].receipt
    desk.shut()
    assert desk_settings(world, home).receipt_lifetime == timedelta(days=2922)
