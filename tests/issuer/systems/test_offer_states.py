"""Every state of an offer is told truly, also one whose patient signs in, and one given later."""

from __future__ import annotations

import pytest
from api_world import System, code, later
from returning_wallet import Returning
from sign_in_world import SCOPE, Asking, SignInSite
from simulated_issuer import Site, Wallet

from issuer import service
from issuer.client.api import OfferStanding
from issuer.service import Decision
from issuer.service.offer_standing import standing_of
from issuer.service.own_offers import cancel_offer, own_offer
from issuer.service.sign_in_offers import offer_for_sign_in
from issuer.store import OfferState, offers


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("states"))
    yield made
    made.issuer.store.close()


@pytest.fixture(scope="module")
def later_site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("later"), {"sign_off": "all"})
    yield made
    made.issuer.store.close()


@pytest.fixture(scope="module")
def login(tmp_path_factory):
    made = SignInSite(tmp_path_factory.mktemp("login"))
    yield made
    made.issuer.store.close()


def told(site, made):
    return own_offer(site.issuer, made.id, client="practice").state


def test_an_offer_whose_patient_signs_in_is_followed_through_the_sign_in(login):
    made = offer_for_sign_in(login.issuer, client="practice", name="a.json")
    assert told(login, made) == "open"
    wallet = Asking(login)
    state = made.offer.grants.authorization_code.issuer_state
    granted = wallet.code(issuer_state=state, scope=SCOPE)
    assert told(login, made) == "signed_in"
    system = System(login, "practice").enter()
    answer = system.call("GET", f"/offers/{made.id}")
    assert answer.json()["state"] == "signed_in"
    assert code(system.call("POST", f"/offers/{made.id}/cancel")) == (409, "offer.over")
    assert wallet.redeem(granted).status == 200
    assert told(login, made) == "collecting"
    assert wallet.collect().status == 200
    later(login, minutes=11)
    assert told(login, made) == "collected"


def test_one_whose_wallet_fetched_nothing_after_the_sign_in_has_expired_swept_or_not(login):
    made = offer_for_sign_in(login.issuer, client="practice", name="a.json")
    Asking(login).code(issuer_state=made.offer.grants.authorization_code.issuer_state, scope=SCOPE)
    later(login, minutes=2)
    assert told(login, made) == "expired"
    service.sweep(login.issuer)
    assert told(login, made) == "expired"


def test_one_that_a_wallet_began_and_took_nothing_of_was_not_collected_swept_or_not(site):
    made = site.offer()
    assert Wallet(site, made).ask_token().status == 200
    later(site, minutes=11)
    assert told(site, made) == "not_collected"
    service.sweep(site.issuer)
    assert told(site, made) == "not_collected"


def test_one_whose_grant_was_ended_before_anything_was_taken_was_not_collected(site):
    made = site.offer()
    assert Wallet(site, made).ask_token().status == 200
    with site.issuer.store.writing() as tx:
        offers.close(tx, made.id, OfferState.DONE)
    assert told(site, made) == "not_collected"


def test_a_record_that_is_given_later_is_put_off_and_then_collected(later_site):
    made = later_site.offer()
    wallet = Returning.of(later_site, made)
    answer = wallet.ask_credential()
    assert answer.status == 202
    later(later_site, days=1)
    service.sweep(later_site.issuer)
    assert told(later_site, made) == "put_off"
    [one] = service.waiting_records(later_site.issuer)
    service.decide(later_site.issuer, deferral=one.id, decision=Decision.RELEASE)
    assert told(later_site, made) == "put_off"
    wallet.refresh()
    sent = {"transaction_id": answer.json()["transaction_id"]}
    assert wallet.post("/deferred_credential", sent).status == 200
    assert told(later_site, made) == "collected"


@pytest.mark.parametrize(
    ("decided", "days"), [(Decision.DENY, 0), (None, 365)], ids=["denied", "forgotten"]
)
def test_what_was_put_off_and_never_given_was_not_collected(later_site, decided, days):
    made = later_site.offer()
    wallet = Wallet(later_site, made)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 202
    if decided:
        [one] = service.waiting_records(later_site.issuer)
        service.decide(later_site.issuer, deferral=one.id, decision=decided)
    later(later_site, minutes=11, days=days)
    assert told(later_site, made) == "not_collected"


@pytest.mark.parametrize("state", OfferState)
def test_every_state_of_the_store_has_a_word_before_and_after_its_time(site, state):
    made = site.offer()
    with site.issuer.store.writing() as tx:
        offers.change(tx, made.id, state=state.value, token_expires_at=site.issuer.now())
        row = offers.find(tx, made.id)
        for now in (row.created_at, row.expires_at + 1):
            for has_issued in (False, True):
                word = standing_of(tx, row, has_issued=has_issued, now=now)
                assert word in OfferStanding
                over = {OfferState.OPEN, OfferState.AUTHORIZED}
                assert (word is OfferStanding.EXPIRED) == (
                    state is OfferState.EXPIRED or (state in over and now > row.expires_at)
                )
        offers.close(tx, made.id, OfferState.CANCELLED)


def test_a_cancelled_one_is_told_as_such(site):
    made = site.offer()
    assert cancel_offer(site.issuer, made.id, client="practice").state == "cancelled"
