"""Secrets of webhooks stand sealed; a new one signs beside the one before until that ends."""

from __future__ import annotations

import pytest
from api_world import System, code, later
from simulated_issuer import Site
from sqlalchemy import insert, select, update
from webhook_receiver import Receiver, genuine

from healthpassport.webhooks import new_secret
from issuer.service.own_offers import cancel_offer
from issuer.service.receivers import latest_messages
from issuer.service.telling import deliver, forget
from issuer.service.webhook_secrets import MAX_SIGNING, seal_plain, signing_secrets
from issuer.store.api_tables import webhook_receivers, webhook_secrets

URL = "https://epr.example/told"
CHANGES = {"webhook_hosts": ("epr.example:443",), "client_request_burst": 10**6}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("secrets"), dict(CHANGES))
    made.epr = System(made, "practice")
    yield made
    made.issuer.store.close()


@pytest.fixture
def made(site):
    site.epr.enter()
    answer = site.epr.call("POST", "/webhooks", {"url": URL, "events": ["offer.cancelled"]})
    assert answer.status == 201, answer.body
    yield answer.json()
    site.epr.enter()
    site.epr.call("POST", f"/webhooks/{answer.json()['id']}/end")


def signed_by(site, *secrets):
    """Which of ``secrets`` signed a message that is sent now."""
    cancel_offer(site.issuer, site.offer().id, client="practice")
    receiver = Receiver()
    deliver(site.issuer, receiver)
    [request] = receiver.got
    now = site.now.timestamp()
    return [genuine(one, request.headers, request.body, now=now) for one in secrets]


def renewed(site, made, **asked):
    answer = site.epr.call("POST", f"/webhooks/{made['id']}/secret", asked or None)
    assert answer.status == 201, answer.body
    return answer.json()["secret"]


def test_no_copy_of_the_database_holds_a_secret(site, made):
    fresh = renewed(site, made)
    stored = site.files()
    for secret in (made["secret"], fresh):
        assert secret.encode() not in stored
        assert secret.removeprefix("whsec_").encode() not in stored
    assert signing_secrets(site.issuer, made["id"]) == (fresh, made["secret"])


def test_two_secrets_sign_until_the_overlap_is_over(site, made):
    fresh = renewed(site, made)
    assert signed_by(site, made["secret"], fresh) == [True, True]
    listed = site.epr.call("GET", "/webhooks").body.decode()
    assert fresh not in listed
    assert made["secret"] not in listed
    later(site, days=7)
    assert signed_by(site, made["secret"], fresh) == [False, True]


def test_a_secret_that_got_out_signs_no_more_at_once(site, made):
    fresh = renewed(site, made, overlapDays=0)
    assert signed_by(site, made["secret"], fresh) == [False, True]
    with site.issuer.store.reading() as tx:
        kept = tx.execute(select(webhook_secrets)).all()
    assert len(kept) == 1


def test_secrets_renewed_again_and_again_do_not_fill_the_header(site, made):
    fresh = [renewed(site, made, overlapDays=90) for _ in range(MAX_SIGNING + 2)]
    standing = signing_secrets(site.issuer, made["id"])
    assert len(standing) == MAX_SIGNING
    assert standing[0] == fresh[-1]


@pytest.mark.parametrize("asked", [{"overlapDays": -1}, {"overlapDays": 91}, {"days": 1}])
def test_an_overlap_that_cannot_be_is_refused(site, made, asked):
    answer = site.epr.call("POST", f"/webhooks/{made['id']}/secret", asked)
    assert code(answer) == (400, "http.invalid")


def test_the_end_of_a_receiver_is_the_end_of_its_secrets(site, made):
    assert site.epr.call("POST", f"/webhooks/{made['id']}/end").status == 204
    with site.issuer.store.reading() as tx:
        assert tx.execute(select(webhook_secrets)).all() == []


def test_a_lost_key_puts_messages_off_until_the_secret_is_renewed(site, made):
    path = site.settings.api_keys.with_name("queue.key")
    key = path.read_text()
    path.write_text("A" * 43 + "\n")
    try:
        cancel_offer(site.issuer, site.offer().id, client="practice")
        receiver = Receiver()
        deliver(site.issuer, receiver)
        assert not receiver.got
        [waiting] = latest_messages(site.issuer, client="practice")[:1]
        assert (waiting.state, waiting.problem) == ("waiting", "api.webhook_sealed")
        fresh = renewed(site, made)
        later(site, hours=1)
        deliver(site.issuer, receiver)
        now = site.now.timestamp()
        [request] = receiver.got
        assert genuine(fresh, request.headers, request.body, now=now)
    finally:
        path.write_text(key)


def as_before(site):
    """A receiver as a release before this one kept it: two secrets in clear."""
    secrets = [new_secret(site.issuer.random) for _ in range(2)]
    row = {"id": "old", "client": "practice", "url": URL, "events": "offer.cancelled"}
    with site.issuer.store.writing() as tx:
        told = {"secrets": " ".join(secrets), "created_at": 1}
        tx.execute(insert(webhook_receivers).values(row | told))
    return secrets


def check_sealed_anew(site):
    secrets = as_before(site)
    assert signed_by(site, *secrets) == [True, True]
    for secret in secrets:
        assert secret.removeprefix("whsec_").encode() not in site.files()
    assert signing_secrets(site.issuer, "old") == tuple(secrets)
    assert seal_plain(site.issuer) == 0
    later(site, days=7)
    assert signed_by(site, *secrets) == [True, False]
    with site.issuer.store.writing() as tx:
        tx.execute(update(webhook_receivers).values(secrets=secrets[1]))
    forget(site.issuer)
    assert secrets[1] in signing_secrets(site.issuer, "old")


def test_what_a_release_before_left_in_clear_is_sealed_and_goes_on_signing(tmp_path):
    site = Site(tmp_path, dict(CHANGES))
    check_sealed_anew(site)
    site.issuer.store.close()


def test_so_it_is_on_postgresql_and_by_one_process_of_two(tmp_path, postgresql):
    url = postgresql.issuer_database()
    site = Site(tmp_path, {**CHANGES, "database": None, "database_url": url})
    check_sealed_anew(site)
    site.issuer.store.close()
