"""An offer of which nothing was collected is told as such, once, and only when nothing can come."""

from __future__ import annotations

import pytest
from api_world import System, later
from simulated_issuer import Site, Wallet
from webhook_receiver import Receiver

from issuer import service
from issuer.service import Decision
from issuer.service.telling import deliver
from issuer.store import OfferState, deferrals, offers

CHANGES = {"client_request_burst": 10**6, "webhook_hosts": ("epr.example:443",)}


def world(folder, **changes):
    made = Site(folder, CHANGES | changes)
    made.epr = System(made, "practice").enter()
    made.receiver = Receiver()
    told = made.epr.call("POST", "/webhooks", {"url": "https://epr.example/told"})
    assert told.status == 201, told.body
    return made


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory):
    made = world(tmp_path_factory.mktemp("uncollected"))
    yield made
    made.issuer.store.close()


@pytest.fixture
def site(shared_site):
    deliver(shared_site.issuer, shared_site.receiver)
    shared_site.receiver.got.clear()
    return shared_site


@pytest.fixture(scope="module")
def later_site(tmp_path_factory):
    made = world(tmp_path_factory.mktemp("later"), sign_off="all")
    yield made
    made.issuer.store.close()


def ended(site, **delta):
    later(site, **delta)
    service.sweep(site.issuer)
    deliver(site.issuer, site.receiver)


def told_of(site):
    return [(one["type"], one["data"]["id"]) for one in site.receiver.told]


def test_an_offer_that_a_wallet_began_and_took_nothing_of_is_told_once(site):
    made = site.offer()
    assert Wallet(site, made).ask_token().status == 200
    ended(site, minutes=11)
    ended(site, days=40)
    assert told_of(site) == [("offer.not_collected", made.id)]


def test_one_of_which_a_part_was_collected_is_not_told_as_not_collected(site):
    made = site.offer()
    wallet = Wallet(site, made)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    ended(site, minutes=11)
    assert told_of(site) == [("offer.collected", made.id)]


def test_an_offer_that_is_closed_twice_is_told_once(site):
    made, other = site.offer(), site.offer()
    assert Wallet(site, made).ask_token().status == 200
    with site.issuer.store.writing() as tx:
        for _ in range(2):
            offers.close(tx, made.id, OfferState.DONE)
            offers.close(tx, other.id, OfferState.CANCELLED)
    deliver(site.issuer, site.receiver)
    wanted = {("offer.not_collected", made.id), ("offer.cancelled", other.id)}
    told = told_of(site)  # what happens in one transaction is told in any order
    assert (len(told), set(told)) == (2, wanted)


@pytest.mark.parametrize("first", ["sweep", "end"])
@pytest.mark.parametrize("end", ["denied", "forgotten", "dropped"])
def test_what_was_put_off_and_can_come_no_more_is_told_as_not_collected(later_site, end, first):
    site = later_site
    site.receiver.got.clear()
    made = site.offer()
    wallet = Wallet(site, made)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 202
    if first == "sweep":
        ended(site, minutes=11)
        assert told_of(site) == []
    if end == "denied":
        [one] = service.waiting_records(site.issuer)
        service.decide(site.issuer, deferral=one.id, decision=Decision.DENY)
    with site.issuer.store.writing() as tx:
        [row] = deferrals.of_offer(tx, made.id, "AllergySummary")
        if end == "dropped":
            deferrals.drop_of_line(tx, row.root)
        if end == "forgotten":
            deferrals.expire(tx, row.expires_at)
    ended(site, minutes=11)
    ended(site, days=40)
    assert told_of(site) == [("offer.not_collected", made.id)]
