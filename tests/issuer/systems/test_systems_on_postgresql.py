"""Two issuers over one PostgreSQL serve record systems as one would."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_world import System, fresh_key, later
from simulated_issuer import Site, Wallet, summary
from sqlalchemy import func, select
from webhook_receiver import Receiver

from healthpassport.errors import PassportError
from issuer import service
from issuer.service.once import LEASE, Made, once
from issuer.service.own_offers import cancel_offer
from issuer.service.receivers import add_receiver
from issuer.service.scopes import Caller
from issuer.service.telling import deliver, forget
from issuer.store.tables import offers

CALLER = Caller("practice", frozenset(), has_token=True, secret="material")
CHANGES = {"webhook_hosts": ("epr.example:443",), "client_request_burst": 10**6}


@pytest.fixture
def pair(tmp_path, postgresql):
    url = postgresql.issuer_database()
    one = Site(tmp_path, {**CHANGES, "database": None, "database_url": url})
    other = Site.__new__(Site)
    other.folder, other.changes, other.now = one.folder, one.changes, one.now
    other.settings, other.api_key = one.settings, one.api_key
    other.reopen()
    yield one, other
    for site in (one, other):
        site.issuer.store.close()


def at_once(calls):
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        try:
            return call()
        except PassportError as error:
            return error.code

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def count(site):
    with site.issuer.store.reading() as tx:
        return tx.execute(select(func.count()).select_from(offers)).scalar()


def made(inner):
    offer = service.offer_summary(inner, client="practice", summary=summary())
    return Made(201, {"offerId": offer.id})


def test_one_key_makes_one_offer_over_two_processes(pair):
    key = fresh_key()

    def ask(site):
        return lambda: once(site.issuer, CALLER, key=key, asked="x", work=made).body["offerId"]

    told = set(at_once([ask(pair[n % 2]) for n in range(8)])) - {"api.idempotency_in_flight"}
    assert len(told) == 1
    assert count(pair[0]) == 1
    assert {ask(site)() for site in pair} == told


def test_a_claim_that_lapsed_is_taken_over_by_one_of_many(pair, monkeypatch):
    key = fresh_key()

    class Died(BaseException):
        """As a process that is killed: nothing is given back."""

    def die(_inner):
        raise Died

    monkeypatch.setattr("issuer.service.once._release", lambda *_: None)
    with pytest.raises(Died):
        once(pair[0].issuer, CALLER, key=key, asked="x", work=die)
    for site in pair:
        later(site, seconds=LEASE)
    calls = [
        lambda site=pair[n % 2]: once(site.issuer, CALLER, key=key, asked="x", work=made).status
        for n in range(6)
    ]
    assert 201 in at_once(calls)
    assert count(pair[0]) == 1


def test_a_token_of_one_is_taken_by_the_other_and_an_assertion_by_one_alone(pair):
    one, other = pair
    system = System(one, "keyed", keyed=True).enter()
    headers = {"authorization": f"Bearer {system.token}"}
    assert other.call("GET", "/offers", headers=headers).status == 200
    assertion = system.assertion()
    twin = System.__new__(System)
    twin.__dict__ = system.__dict__ | {"site": other}
    answers = at_once(
        [lambda s=s: s.ask_token(assertion=assertion).status for s in (system, twin) * 3]
    )
    assert Counter(answers)[200] == 1


def test_each_event_is_one_message_and_each_message_is_sent_once(pair):
    one, other = pair
    add_receiver(one.issuer, client="practice", url="https://epr.example/told")
    ids = [one.offer().id for _ in range(12)]
    for number, offer in enumerate(ids):
        cancel_offer(pair[number % 2].issuer, offer, client="practice")
    receivers = [Receiver(), Receiver()]
    calls = [lambda n=n: deliver(pair[n % 2].issuer, receivers[n % 2]) for n in range(6)]
    at_once(calls)
    while deliver(other.issuer, receivers[1]).sent:
        pass
    told = [one["data"]["id"] for receiver in receivers for one in receiver.told]
    assert sorted(told) == sorted(ids)
    forget(one.issuer)


def test_an_offer_is_cancelled_or_collected_and_never_both(pair):
    for _ in range(4):
        assert raced(pair) in (["cancelled", 400], ["offer.over", 200])


def raced(pair):
    offer = pair[0].offer(wanted=["AllergySummary"])
    wallet = Wallet(pair[0], offer)

    def cancel():
        return cancel_offer(pair[1].issuer, offer.id, client="practice").state

    return at_once([cancel, lambda: wallet.ask_token().status])
