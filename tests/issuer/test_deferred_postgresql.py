"""Records that are given later, kept in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from postgresql_world import running
from returning_wallet import Returning, texts
from simulated_issuer import Site, refused

from issuer import service
from issuer.service import Decision


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with running() as server:
        changes = {"database": None, "database_url": server.empty_database(), "sign_off": "all"}
        made = Site(tmp_path_factory.mktemp("issuer"), changes)
        yield made
        made.issuer.store.close()


def put_off(wallet):
    answer = wallet.ask_credential()
    assert answer.status == 202, answer.body
    return answer.json()["transaction_id"]


def collected(wallet, transaction):
    return wallet.post("/deferred_credential", {"transaction_id": transaction})


def decide(site, decision):
    (one,) = service.waiting_records(site.issuer)
    service.decide(site.issuer, deferral=one.id, decision=decision)


def test_a_released_record_is_issued_once_however_often_it_is_asked_for_at_once(site):
    wallet = Returning.of(site)
    transaction = put_off(wallet)
    assert collected(wallet, transaction).status == 202
    decide(site, Decision.RELEASE)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: collected(wallet, transaction), range(4)))
    given = collected(wallet, transaction)
    assert len(texts(given)) == 2
    assert {(answer.status, answer.body) for answer in answers} == {(200, given.body)}
    assert len(service.issued(site.issuer)) == 1
    site.pass_time(minutes=11)
    service.sweep(site.issuer)
    wallet.refresh()
    refused(collected(wallet, transaction), "invalid_transaction_id")


def test_a_denied_record_is_gone(site):
    wallet = Returning.of(site)
    transaction = put_off(wallet)
    decide(site, Decision.DENY)
    refused(collected(wallet, transaction), "credential_request_denied")
