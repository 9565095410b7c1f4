"""What the store keeps about staff and patients: sign-ins, sessions, what was handed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from store_rows import NOW, a_grant, an_issuance, an_offer, new

from healthpassport.sign_in import SessionRow, SignInRow
from issuer.store import grants, handed, identity_checks, issuances, offers, sign_ins, staff
from issuer.store.identity_checks import IdentityCheck
from issuer.store.sign_ins import Authorization, Step

MOMENT = datetime.fromtimestamp(NOW, UTC)


def a_row(kind, **values):
    """A row of ``kind`` with something in every field: text, or a moment."""
    made = {}
    for name in kind.__dataclass_fields__:
        made[name] = MOMENT if name.endswith("_at") else new()
    return kind(**(made | values))


def test_a_sign_in_of_staff_is_taken_once_and_not_after_its_time(store):
    row = a_row(SignInRow, ends_at=MOMENT + timedelta(seconds=60))
    with store.writing() as tx:
        assert staff.begin(tx, row, now=NOW, limit=10**6)
        assert staff.take(tx, "another", now=NOW) is None
        assert staff.take(tx, row.state, now=NOW + 59) == row
        assert staff.take(tx, row.state, now=NOW + 59) is None
        assert staff.begin(tx, row, now=NOW, limit=10**6)
        assert staff.take(tx, row.state, now=NOW + 60) is None


def test_no_more_sign_ins_begin_than_the_limit(store):
    rows = [a_row(SignInRow, ends_at=MOMENT + timedelta(seconds=60)) for _ in range(3)]
    with store.writing() as tx:
        assert [staff.begin(tx, row, now=NOW, limit=2) for row in rows] == [True, True, False]
        assert staff.begin(tx, rows[2], now=NOW + 60, limit=2)  # those before are over
        assert staff.take(tx, rows[2].state, now=NOW) == rows[2]


def test_a_session_is_found_by_its_digest_until_it_ends(store):
    row = a_row(SessionRow, ends_at=MOMENT + timedelta(hours=1))
    with store.writing() as tx:
        staff.add_session(tx, row, now=NOW)
        staff.seen(tx, row.id, now=NOW + 7)
        assert staff.session(tx, row.id) == replace(row, seen_at=MOMENT + timedelta(seconds=7))
        staff.add_session(tx, a_row(SessionRow), now=NOW + 3600)  # lets go of what is over
        assert staff.session(tx, row.id) is None
        staff.end_session(tx, row.id)


def test_a_patients_sign_in_is_found_by_whichever_secret_its_step_has(store):
    row = Authorization(new(), Step.PUSHED, NOW, NOW + 600, request_hash=new(), sealed=b"\x00\xff")
    with store.writing() as tx:
        before = sign_ins.under_way(tx)
        sign_ins.add(tx, row)
        assert sign_ins.by_request(tx, row.request_hash) == row
        assert sign_ins.under_way(tx) == before + 1
        for step, name, look in (
            (Step.BEGUN, "browser_hash", sign_ins.by_browser),
            (Step.SIGNED_IN, "upstream_hash", sign_ins.by_upstream),
            (Step.GRANTED, "code_hash", sign_ins.by_code),
        ):
            secret = new()
            assert look(tx, secret) is None
            sign_ins.change(tx, row.id, state=step.value, request_hash=None, **{name: secret})
            assert look(tx, secret).state is step
        assert sign_ins.by_request(tx, row.request_hash) is None
        assert sign_ins.under_way(tx) == before
        sign_ins.forget(tx, NOW + 599)
        assert sign_ins.by_code(tx, secret) is not None
        sign_ins.forget(tx, NOW + 600)
        assert sign_ins.by_code(tx, secret) is None


def hand(tx, person, *, at=NOW, grant=None):
    offer = an_offer(grant=grant)
    offers.add(tx, offer, {"AllergySummary": b"a", "MedicationSummary": b"m"})
    identity_checks.record(tx, offer.id, IdentityCheck.VOUCHED_FOR)
    row = handed.HandedRow(offer.id, person, "a doctor", "one", "one", "screen", "letter", at)
    handed.add(tx, row)
    return offer, row


def test_what_was_handed_over_shows_with_everything_issued_in_its_line(store):
    person = new()
    with store.writing() as tx:
        first, later = a_grant(), a_grant()
        later = replace(later, root=first.id)
        for one in (first, later):
            grants.add(tx, one)
        older, _ = hand(tx, person, at=NOW - 5)
        offer, row = hand(tx, person, grant=first.id)
        refreshed = an_offer(pin_mac="", grant=later.id)
        offers.add(tx, refreshed, {})
        given = [an_issuance(offer.id), an_issuance(refreshed.id, issued_at=NOW + 9)]
        for one in given:
            issuances.add(tx, one)
    with store.reading() as tx:
        newest, oldest = handed.of_person(tx, person, limit=5)
        assert (newest.row, newest.records, newest.checked) == (row, 2, IdentityCheck.VOUCHED_FOR)
        assert [one.id for one in newest.issued] == [one.id for one in given]
        assert oldest.issued == ()
        assert [one.row.offer for one in handed.of_person(tx, person, limit=1)] == [offer.id]
        assert older.id not in {one.row.offer for one in handed.since(tx, NOW, limit=10**6)}
        assert handed.find(tx, new()) is None
        assert handed.of_person(tx, new(), limit=5) == ()


@pytest.mark.parametrize("line", ["own", "of the first of the line", "nobody's"])
def test_a_record_rests_on_the_check_of_its_own_offer_or_the_first_of_its_line(store, line):
    with store.writing() as tx:
        grant = a_grant()
        grants.add(tx, grant)
        offer = an_offer(grant=grant.id)
        later = an_offer(grant=grant.id, created_at=NOW + 5)
        for one in (offer, later):
            offers.add(tx, one, {})
        if line != "nobody's":
            identity_checks.record(tx, offer.id, IdentityCheck.PHOTO_IN_PERSON)
        issuance = an_issuance(offer.id if line == "own" else later.id)
        issuances.add(tx, issuance)
        expected = None if line == "nobody's" else IdentityCheck.PHOTO_IN_PERSON
        assert identity_checks.of_issuance(tx, issuance.id) is expected
        assert identity_checks.of_offer(tx, later.id) is None
        assert not identity_checks.is_attested(tx, grant.id)
        identity_checks.note_attested(tx, grant.id)
        assert identity_checks.is_attested(tx, grant.id)
