"""The issuer's audit trail as it is written: whole, with each step, and of refusals too."""

from __future__ import annotations

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from repository import ROOT
from simulated_issuer import Site, Wallet, refused
from sqlalchemy import text

from healthpassport.audit import Actor, check_database, check_file
from healthpassport.errors import PassportError, ServiceError
from healthpassport.keys import generate_signer
from issuer import service
from issuer.service import Change, audit_keeping
from issuer.service.audit_events import EVENTS, checked_facts
from issuer.service.audit_keeping import HEAD_AFTER, HEAD_EVERY, StoredTrail
from issuer.service.audit_refusals import EVERY, MAX_KINDS
from issuer.store import Wanted

STAFF = Actor("A12345", "console", "dr.jones@example", "clinician")


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.issuer.store.close()


def told(site, *events):
    """The entries, or those of ``events``."""
    site.issuer.audit.settle()
    found = [json.loads(one.entry) for one in StoredTrail(site.issuer.store).all()]
    return [one for one in found if not events or one["event"] in events]


def report(site):
    keys = [site.issuer.signer.public_key]
    return check_database(StoredTrail(site.issuer.store), expected_keys=keys)


def code_of(function, *arguments, **named):
    with pytest.raises(PassportError) as caught:
        function(*arguments, **named)
    return caught.value.code


def test_a_record_from_offer_to_withdrawal_stands_in_one_whole_chain(site):
    offer = site.offer()
    wallet = Wallet(site, offer)
    assert wallet.ask_token().status == 200
    answer = wallet.ask_credential().json()
    told_id = {"notification_id": answer["notification_id"], "event": "credential_accepted"}
    assert wallet.post("/notification", told_id).status == 204
    [issued] = service.issued(site.issuer)
    service.change_status(
        site.issuer, issuance=issued.id, change=Change.WITHDRAW, who=STAFF, reason="error"
    )
    audit = site.issuer.audit
    rows = told(site)
    assert [row["event"] for row in rows] == [
        "trail.begun",
        "offer.made",
        "patient.offered",
        "offer.collected",
        "record.issued",
        "record.notified",
        "record.withdrawn",
    ]
    assert [row["about"] for row in rows[1:]] == [
        audit.about(offer.id),
        audit.about("999 000 0018"),
        audit.about(offer.id),
        audit.about(offer.id),
        audit.about(issued.id),
        audit.about(issued.id),
    ]
    assert rows[4]["facts"] == {"type": "AllergySummary", "issuance": issued.id, "copies": 2}
    assert rows[6]["facts"] == {"type": "AllergySummary", "reason": "error"}
    assert rows[6]["who"]["subject"] == "dr.jones@example"
    assert rows[1]["who"] == {
        "organisation": "A12345",
        "desk": "api",
        "subject": "practice",
        "role": "system",
    }
    assert report(site).whole
    assert report(site).entries == len(rows)


def test_a_wrong_pin_is_told_each_time_and_the_fifth_burns_the_offer(site):
    wallet = Wallet(site, site.offer())
    wrong = "000000" if wallet.made.pin != "000000" else "111111"
    for _ in range(5):
        refused(wallet.ask_token(wrong), "invalid_grant")
    refused(wallet.ask_token(), "invalid_grant")
    rows = told(site, "offer.pin_refused", "offer.burned", "token.refused")
    assert [(row["event"], row["facts"]) for row in rows] == [
        *(("offer.pin_refused", {"tries": n}) for n in (1, 2, 3, 4)),
        ("offer.burned", {"tries": 5}),
        ("token.refused", {"code": "oid4vci.invalid_grant"}),
    ]
    assert {row["about"] for row in rows} == {site.issuer.audit.about(wallet.made.id)}


def test_a_code_that_is_used_again_and_a_stolen_token_are_told(site):
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    refused(wallet.ask_token(), "invalid_grant")
    thief = Wallet(site, wallet.made)
    thief.token = wallet.token
    assert thief.ask_credential().status == 401
    assert wallet.post("/credential", {}, headers={"authorization": "DPoP guessed"}).status == 401
    rows = told(site, "token.refused", "access.refused")
    offer = site.issuer.audit.about(wallet.made.id)
    assert [(row["event"], row["facts"]["code"], row["about"]) for row in rows] == [
        ("token.refused", "oid4vci.invalid_grant", offer),
        ("access.refused", "oid4vci.invalid_dpop_proof", offer),
        ("access.refused", "oid4vci.invalid_token", ""),
    ]


def test_forged_proofs_and_unknown_configurations_are_told(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    proof = wallet.proof(wallet.nonce(), signer=generate_signer())
    assert wallet.ask_credential(proofs=[proof[:-8] + "AAAAAAAA"]).status == 400
    assert wallet.ask_credential("Nothing").status == 400
    rows = told(site, "credential.refused")
    assert [row["facts"]["code"] for row in rows] == [
        "oid4vci.invalid_proof",
        "oid4vci.unknown_credential_configuration",
    ]
    assert {row["about"] for row in rows} == {site.issuer.audit.about(wallet.made.id)}


def test_whoever_tries_a_thousand_times_is_told_twice(site):
    audit = site.issuer.audit
    for _ in range(1000):
        audit.refused("token.refused", who=audit.wallet, code="oid4vci.invalid_grant")
    assert len(told(site, "token.refused")) == 1
    site.now += EVERY
    first, rest = told(site, "token.refused")
    assert first["facts"] == {"code": "oid4vci.invalid_grant"}
    assert rest["facts"] == {"code": "oid4vci.invalid_grant", "times": 999}
    for number in range(MAX_KINDS + 50):
        audit.refused("api.refused", who=audit.wallet, subject=str(number), at_once=False)
    audit.settle(everything=True)
    assert len(told(site, "api.refused")) == MAX_KINDS + 1


def test_a_wrong_api_key_and_too_many_requests_are_told(tmp_path):
    site = Site(tmp_path, {"requests_per_second": 0.001, "request_burst": 1})
    headers = {"authorization": "Bearer hpi_guessed"}
    for _ in range(3):
        assert site.call("POST", "/offers", body=b"{}", headers=headers).status == 401
    assert [site.call("POST", "/nonce").status for _ in range(3)] == [200, 429, 429]
    site.issuer.audit.settle(everything=True)
    found = {row["event"]: row["facts"] for row in told(site, "api.refused", "api.limited")}
    assert found["api.refused"] == {"code": "http.unauthorized", "times": 3}
    assert found["api.limited"] == {"times": 2}
    site.issuer.store.close()


def test_an_entry_and_its_step_are_kept_together_or_not_at_all(site):
    audit, before = site.issuer.audit, len(told(site))

    def step():
        with site.issuer.store.writing() as tx:
            audit.write("offer.expired", who=audit.own, tx=tx, subject="one")
            raise ServiceError("not_found")

    assert code_of(step) == "not_found"
    assert len(told(site)) == before


def test_what_cannot_be_kept_stops_the_step_and_what_cannot_wait_is_owed(site, monkeypatch):
    audit = site.issuer.audit

    def full(_tx, _happened):
        raise ServiceError("issuer.unavailable")

    with monkeypatch.context() as broken:
        broken.setattr("issuer.store.audit.wait", full)
        assert code_of(site.offer) == "issuer.unavailable"
        assert not audit.note("sign_out.made", who=STAFF)
        audit_keeping.tend(site.issuer)
    assert told(site, "offer.made") == []
    audit_keeping.tend(site.issuer)
    [late] = told(site, "sign_out.made")
    assert late["facts"] == {"late": True}


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ("no.such", {}),
        ("offer.made", {"pin": "123456"}),
        ("record.issued", {"type": "Penicillin V"}),
        ("record.issued", {"type": "9990000018"}),
        ("record.issued", {"issuance": "999-000-0018"}),
        ("record.withdrawn", {"reason": "Said he is allergic"}),
        ("record.withdrawn", {"reason": "a9990000018"}),
        ("issuer.started", {"key": "short"}),
        ("bulk.ended", {"failed": -1}),
        ("report.made", {"id": "x" * 22}),
    ],
)
def test_what_is_not_in_the_list_is_not_written(site, event, facts):
    before = len(told(site))
    assert code_of(site.issuer.audit.write, event, who=STAFF, **facts) == "audit.event"
    assert code_of(site.issuer.audit.note, event, who=STAFF, **facts) == "audit.event"
    assert len(told(site)) == before


def test_every_event_of_the_list_can_be_written_without_facts():
    assert all(checked_facts(event, {}) == {} for event in EVENTS)


def test_threads_and_two_open_issuers_write_one_chain(site):
    other = service.open_issuer(site.settings, clock=lambda: site.now, random=bytes)
    with ThreadPoolExecutor(4) as pool:
        for one in (site.issuer, other) * 20:
            pool.submit(one.audit.write, "sign_out.made", who=STAFF)
            pool.submit(one.audit.seal)
    rows = told(site)
    assert sum(row["event"] == "sign_out.made" for row in rows) == 40
    assert [row["event"] for row in rows].count("trail.begun") == 1
    assert report(site).whole
    other.store.close()


def test_a_head_is_signed_when_enough_was_written_or_time_has_passed(site):
    def heads():
        audit_keeping.tend(site.issuer)
        return [head.seq for head in StoredTrail(site.issuer.store).heads()]

    assert heads() == [1]
    site.issuer.audit.write("sign_out.made", who=STAFF)
    assert heads() == [1]
    site.now += HEAD_AFTER
    assert heads() == [1, 2]
    for _ in range(HEAD_EVERY):
        site.issuer.audit.write("sign_out.made", who=STAFF)
    assert heads() == [1, 2, HEAD_EVERY + 2]
    site.issuer.audit.write("sign_out.made", who=STAFF)
    audit_keeping.rest(site.issuer)
    assert heads()[-1] == HEAD_EVERY + 3
    assert report(site).signed == HEAD_EVERY + 3


def test_what_is_too_old_is_let_go_and_a_signed_base_takes_its_place(tmp_path):
    site = Site(tmp_path, {"audit_days": 30})
    for _ in range(2):
        site.issuer.audit.write("sign_out.made", who=STAFF)
    site.issuer.audit.settle()
    site.pass_time(days=31)
    site.issuer.audit.write("sign_in.made", who=STAFF)
    site.issuer.audit.settle()
    assert audit_keeping.prune(site.issuer) == 3
    assert [row["event"] for row in told(site)] == ["sign_in.made", "trail.pruned"]
    assert report(site).whole
    keys = [site.issuer.signer.public_key]
    assert check_file(audit_keeping.exported(site.issuer, who=STAFF), expected_keys=keys).whole
    assert audit_keeping.prune(site.issuer) == 0
    site.issuer.store.close()


def tamper(site, *statements):
    with site.issuer.store.writing() as tx:
        for statement in statements:
            tx.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("UPDATE audit SET event = 'card.shown' WHERE seq = 3", {"altered"}),
        ("UPDATE audit SET person = 'somebody' WHERE seq = 3", {"altered"}),
        ("UPDATE audit SET entry = replace(entry, 'about', 'abuot') WHERE seq = 3", {"form"}),
        ("DELETE FROM audit WHERE seq = 3", {"removed"}),
        ("DELETE FROM audit WHERE seq > 3", {"cut"}),
        ("UPDATE audit_trails SET hash = 'x'", {"head"}),
        ("UPDATE audit_heads SET token = 'x'", {"head"}),
    ],
)
def test_a_database_that_was_touched_is_told(site, statement, codes):
    for _ in range(4):
        site.issuer.audit.write("sign_out.made", who=STAFF)
    audit_keeping.head(site.issuer)
    assert report(site).whole
    tamper(site, statement)
    found = {one.code.removeprefix("audit.") for one in report(site).findings}
    assert found
    assert found <= codes


def test_a_trail_that_was_touched_is_not_made_good_by_letting_go(tmp_path):
    site = Site(tmp_path, {"audit_days": 30})
    site.issuer.audit.write("sign_out.made", who=STAFF)
    site.issuer.audit.settle()
    tamper(site, "UPDATE audit SET entry = replace(entry, 'sign_out', 'sign_in') WHERE seq = 2")
    site.now += timedelta(days=31)
    site.issuer.audit.write("sign_out.made", who=STAFF)
    site.issuer.audit.settle()
    assert code_of(audit_keeping.prune, site.issuer) == "audit.altered"
    site.issuer.store.close()


def test_entries_are_found_by_person_event_day_and_what_they_are_about(site):
    audit = site.issuer.audit
    audit.write("patient.opened", who=STAFF, subject="9990000018")
    site.pass_time(days=1)
    audit.write("patient.opened", who=audit.own, subject="9990000026")

    def found(**wanted):
        rows = audit_keeping.found(site.issuer, Wanted(**wanted), who=STAFF)
        return [row.seq for row in rows if row.event == "patient.opened"]

    assert found(about=audit.about("999 000 0018")) == [2]
    assert found(person="dr.jones@example") == [2]
    assert found(event="patient.opened") == [3, 2]
    assert found(since=site.now) == [3]
    assert found(until=site.now) == [2]
    assert found(before=3) == [2]
    assert len(told(site, "trail.read")) == 6


def test_the_start_tells_the_key_and_a_digest_of_the_settings(site):
    audit_keeping.started(site.issuer)
    [row] = told(site, "issuer.started")
    assert row["facts"]["key"] == site.issuer.signer.public_key.thumbprint()
    assert len(row["facts"]["settings"]) == 43
    assert stat.S_IMODE(site.settings.audit_key_file.stat().st_mode) == 0o600


def test_what_tells_of_refusals_may_hold_their_code_and_how_many_there_were():
    told = re.compile(r'\.(?:refused|refusals)\(\s*"([a-z_.]+)"')
    sources = [path.read_text("utf-8") for path in (ROOT / "issuer").rglob("*.py")]
    named = {name for text in sources for name in told.findall(text)} - {"api.limited"}
    assert {"token.refused", "source.failed", "sign_in.refused"} <= named
    assert [name for name in named if not {"code", "times"} <= EVENTS[name]] == []
