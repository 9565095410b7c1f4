"""What copies tell of when they were signed: the day, and the same to everybody of that day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from simulated_issuer import NOW, Site, Wallet

from healthpassport.encoding import dump_text
from healthpassport.formats import format_named
from healthpassport.keys.x509 import read_certificate
from issuer import service

BOTH = ("dc+sd-jwt", "ldp_vc")
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
LAST = datetime(2027, 1, 30, 23, 59, 59, tzinfo=UTC)  # 90 days later, to its end


@pytest.fixture(params=BOTH)
def form(request):
    return request.param


def collected(site, form, *, copies=2):
    """The copies of one patient's allergies, as a wallet holds them."""
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    name = "AllergySummary" if form == BOTH[0] else "AllergySummary.ldp_vc"
    answer = wallet.ask_credential(name, copies=copies)
    assert answer.status == 200, answer.body
    found = [entry["credential"] for entry in answer.json()["credentials"]]
    texts = [one if isinstance(one, str) else dump_text(one) for one in found]
    return [format_named(form).open_held(text) for text in texts]


def times(held):
    return held.issued_at, held.expires_at


def test_copies_tell_the_day_and_the_store_keeps_the_second(tmp_path, form):
    site = Site(tmp_path, {"formats": BOTH}, now=NOW + timedelta(minutes=17, seconds=23))
    assert {times(held) for held in collected(site, form)} == {(MIDNIGHT, LAST)}
    [kept] = service.issued(site.issuer)
    assert kept.issued_at == site.now.timestamp()
    assert kept.expires_at == LAST.timestamp()


def test_the_proof_of_a_w3c_record_tells_no_more_than_the_record(tmp_path):
    site = Site(tmp_path, {"formats": BOTH})
    [held, _] = collected(site, "ldp_vc")
    assert held.document["proof"]["created"] == held.document["validFrom"] == "2026-11-01T00:00:00Z"


def test_two_patients_of_one_day_cannot_be_told_apart_by_times(tmp_path, form):
    site = Site(tmp_path, {"formats": BOTH}, now=MIDNIGHT + timedelta(seconds=1))
    first = collected(site, form)
    site.pass_time(hours=23, minutes=59, seconds=58)
    assert {times(held) for held in first + collected(site, form)} == {(MIDNIGHT, LAST)}
    site.pass_time(seconds=1)
    assert times(collected(site, form)[0]) == (MIDNIGHT + timedelta(days=1), LAST + timedelta(1))


def test_on_the_first_day_of_a_certificate_records_are_dated_by_its_beginning(tmp_path, form):
    # ``certificates`` dates a certificate one day back.
    begins = NOW - timedelta(hours=3)
    changes = {"formats": BOTH, "certified_at": begins + timedelta(days=1)}
    site = Site(tmp_path, changes, now=NOW)
    for held in collected(site, form):
        assert times(held) == (begins, LAST)


def test_the_certificate_is_in_force_at_the_time_that_a_record_of_its_first_hour_bears(tmp_path):
    begins = NOW - timedelta(minutes=1)
    site = Site(tmp_path, {"certified_at": begins + timedelta(days=1)}, now=NOW)
    leaf = read_certificate(site.issuer.x5c[0])
    assert MIDNIGHT < leaf.not_valid_before_utc == collected(site, BOTH[0])[0].issued_at
