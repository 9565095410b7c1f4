"""Records that wait until a clinician has looked, at the console."""

from __future__ import annotations

import json

import pytest
from console_states import AGNES
from console_world import NUMBER, Practice, Walk, refused
from simulated_issuer import Wallet

from issuer.service.sign_off import waiting_records
from issuer.store import Wanted, audit


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return Practice(tmp_path_factory.mktemp("practice"), changes={"sign_off": "all"})


@pytest.fixture(scope="module")
def clinician(practice):
    return practice.browser("clinician")


@pytest.fixture
def asked(practice, clinician):
    """A wallet that asked for its allergies, and the address at which they wait."""
    walk, before = Walk(clinician), {one.id for one in waiting_records(practice.issuer)}
    wallet = walk.collect(walk.offered(), types=())
    answer = wallet.ask_credential("AllergySummary")
    assert answer.status == 202, answer.body
    (new,) = {one.id for one in waiting_records(practice.issuer)} - before
    return wallet, answer.json()["transaction_id"], f"/waiting/{new}"


def collected(wallet, transaction):
    return wallet.post("/deferred_credential", {"transaction_id": transaction}).status


def test_what_waits_names_nobody_until_its_number_is_typed(clinician, asked):
    _, _, where = asked
    for path in ("/waiting", where):
        text = clinician.get(path).text
        assert "Allergies" in text
        assert "Ashdown" not in text
        assert "enicillin" not in text
    assert "Records that wait for your look" in clinician.get("/").text
    text = clinician.post(f"{where}/look", nhs_number=NUMBER).text
    assert "ASHDOWN" in text
    assert "enicillin" in text


def test_the_notes_of_somebody_else_are_not_shown_beside_what_waits(clinician, asked):
    _, _, where = asked
    answer = clinician.post(f"{where}/look", nhs_number=AGNES)
    refused(answer, "console.not_theirs", 409)
    assert "QUILLFEATHER" not in answer.text
    refused(clinician.post(f"{where}/look", nhs_number="9990000019"), "console.number", 400)


def test_a_record_goes_out_once_a_clinician_says_that_they_looked(practice, clinician, asked):
    wallet, transaction, where = asked
    refused(clinician.post(where, answer="release"), "console.look_first", 400)
    assert collected(wallet, transaction) == 202
    assert clinician.post(where, answer="release", looked="yes").status == 303
    assert collected(wallet, transaction) == 200
    refused(clinician.post(where, answer="release", looked="yes"), "deferred.decided", 409)
    practice.issuer.audit.settle(everything=True)
    with practice.issuer.store.reading() as tx:
        (entry,) = audit.find(tx, Wanted(event="record.released"), 10)
    assert json.loads(entry.entry)["who"]["subject"] == "id-clinician"


def test_what_is_denied_is_erased_and_needs_no_look(clinician, asked):
    wallet, transaction, where = asked
    assert clinician.post(where, answer="deny").status == 303
    assert collected(wallet, transaction) == 400
    refused(clinician.get(where), "deferred.decided", 409)


def test_neither_yes_nor_no_changes_nothing(clinician, asked):
    _, _, where = asked
    refused(clinician.post(where, answer="perhaps", looked="yes"), "http.invalid", 400)
    assert clinician.get(where).status == 200


def test_another_clients_record_is_not_shown(practice, clinician):
    site = practice.site
    wallet = _of_another_client(site)
    assert wallet.ask_credential("AllergySummary").status == 202
    others = [one.id for one in waiting_records(practice.issuer, client="practice")]
    assert others
    for name in others:
        assert name not in clinician.get("/waiting").text
        refused(clinician.get(f"/waiting/{name}"), "deferred.decided", 409)
        refused(clinician.post(f"/waiting/{name}", answer="deny"), "deferred.decided", 409)


def _of_another_client(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    return wallet
