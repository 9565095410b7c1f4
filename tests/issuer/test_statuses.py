"""Withdrawing and what the world sees of it."""

from datetime import timedelta

import pytest
from simulated_issuer import Wallet

from healthpassport.errors import ServiceError, StatusError
from healthpassport.formats import sd_jwt_vc
from healthpassport.status import token_status_list as tsl
from issuer import service
from issuer.service import Change, change_status
from issuer.store.tables import status_lists


@pytest.fixture
def site(make_site):
    return make_site()


def issue(site, copies=2):
    """Issued copies: the issuance's id and the status references."""
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    answer = wallet.ask_credential(copies=copies)
    texts = [entry["credential"] for entry in answer.json()["credentials"]]
    references = [tsl.reference(sd_jwt_vc.open_held(text).payload) for text in texts]
    newest = service.issued(site.issuer, offer=wallet.made.id)
    assert len(newest) == 1
    return newest[0].id, references


def published(site, uri="https://issuer.example/status/1"):
    answer = site.call("GET", uri.removeprefix(site.settings.iss))
    assert answer.status == 200
    return tsl.read(
        answer.body.decode(),
        expected_uri=uri,
        keys=[site.issuer.signer.public_key],
        now=site.now,
    )


def test_the_list_answers_before_anything_was_issued(site):
    held = published(site)
    assert held.bits == 2
    assert held.list.size == 2**20
    assert held.ttl == timedelta(seconds=300)
    assert held.expires_at == site.now + timedelta(hours=site.settings.status_hours)


def test_sta_023_a_withdrawal_is_seen_at_the_next_look_and_never_reversed(site):
    issuance, references = issue(site)
    assert {published(site).get(r.index) for r in references} == {tsl.VALID}
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    after = published(site)
    assert {after.get(r.index) for r in references} == {tsl.WITHDRAWN}
    with pytest.raises(StatusError) as caught:
        tsl.require_valid(after.get(references[0].index))
    assert caught.value.code == "status.revoked"
    for change in (Change.REINSTATE, Change.SUSPEND, Change.REPLACE):
        with pytest.raises(ServiceError) as refused:
            change_status(site.issuer, issuance=issuance, change=change)
        assert refused.value.code == "issuer.withdrawn"
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert {published(site).get(r.index) for r in references} == {tsl.WITHDRAWN}


def test_a_withdrawal_by_another_process_is_seen_at_once(site):
    issuance, references = issue(site)
    published(site)
    other = service.open_issuer(site.settings, clock=lambda: site.now, random=bytes)
    change_status(other, issuance=issuance, change=Change.WITHDRAW)
    other.store.close()
    assert published(site).get(references[0].index) == tsl.WITHDRAWN


def test_suspending_ends_with_reinstating_or_withdrawing(site):
    issuance, [reference, *_] = issue(site)
    for change, status in [
        (Change.SUSPEND, tsl.SUSPENDED),
        (Change.REINSTATE, tsl.VALID),
        (Change.SUSPEND, tsl.SUSPENDED),
        (Change.REPLACE, tsl.REPLACED),
        (Change.WITHDRAW, tsl.WITHDRAWN),
    ]:
        assert change_status(site.issuer, issuance=issuance, change=change).status == status
        assert published(site).get(reference.index) == status


@pytest.mark.parametrize(
    ("before", "change", "code"),
    [
        (Change.REPLACE, Change.SUSPEND, "issuer.replaced"),
        (Change.REPLACE, Change.REINSTATE, "issuer.not_suspended"),
    ],
)
def test_an_impossible_change_is_refused(site, before, change, code):
    issuance, _ = issue(site)
    change_status(site.issuer, issuance=issuance, change=before)
    with pytest.raises(ServiceError) as caught:
        change_status(site.issuer, issuance=issuance, change=change)
    assert caught.value.code == code


def test_an_unknown_issuance_is_refused(site):
    with pytest.raises(ServiceError) as caught:
        change_status(site.issuer, issuance="guessed", change=Change.WITHDRAW)
    assert caught.value.code == "issuer.issuance_unknown"


def test_sta_024_another_practice_or_one_without_the_role_changes_nothing(site):
    issuance, [reference, *_] = issue(site)
    with pytest.raises(ServiceError) as caught:
        change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW, client="other")
    assert (caught.value.code, caught.value.status) == ("forbidden", 403)
    assert published(site).get(reference.index) == tsl.VALID


def test_a_list_is_signed_anew_only_when_it_changed_or_grew_old(site):
    first = site.call("GET", "/status/1")
    again = site.call("GET", "/status/1", headers={"if-none-match": first.headers["etag"]})
    assert again.status == 304
    assert again.body == b""
    assert site.call("GET", "/status/1").body == first.body
    site.pass_time(seconds=151)
    later = site.call("GET", "/status/1", headers={"if-none-match": first.headers["etag"]})
    assert later.status == 200
    assert later.headers["etag"] != first.headers["etag"]
    assert later.headers["content-type"] == "application/statuslist+jwt"
    assert later.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "1.0", "99999999999", "%F0%9F", "\u0661"])
def test_a_list_that_is_not_there_is_not_found(site, number):
    answer = site.call("GET", f"/status/{number}")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")


def test_a_list_that_is_full_is_followed_by_another(site):
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(allocated=2**20))
    _, references = issue(site)
    assert {r.uri for r in references} == {"https://issuer.example/status/2"}
    assert published(site, references[0].uri).get(references[0].index) == tsl.VALID
    assert site.call("GET", "/status").json() == {
        "status_lists": ["https://issuer.example/status/1", "https://issuer.example/status/2"]
    }
