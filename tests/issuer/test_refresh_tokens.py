"""Refresh tokens: bound to a key, turning with each use, and ended when used twice."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

import pytest
from returning_wallet import NAME, Returning, offered, source_site
from simulated_issuer import Site, Wallet, refused

from healthpassport.errors import ServiceError
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci
from issuer import service


@pytest.fixture
def site(make_site):
    return make_site()


@pytest.fixture
def wallet(site):
    return Returning.of(site)


def state(site):
    return [grant.state.value for grant in service.all_grants(site.issuer)]


def told(answer, code):
    """``answer`` ends a grant, in our words."""
    refused(answer, "invalid_grant")
    assert answer.json()["code"] == code


def test_a_redeemed_offer_gives_a_refresh_token_that_turns(site, wallet):
    first, access = wallet.refresh_token, wallet.token
    answer = wallet.refresh()
    assert answer.status == 200, answer.body
    assert answer.json()["token_type"] == "DPoP"
    assert wallet.refresh_token != first
    assert wallet.token != access
    assert wallet.refresh().status == 200
    assert state(site) == ["active"]


def test_the_metadata_names_the_grant(site):
    server = site.call("GET", "/.well-known/oauth-authorization-server").json()
    assert "refresh_token" in server["grant_types_supported"]


def test_a_token_that_is_not_bound_to_a_key_brings_no_refresh_token(tmp_path):
    site = Site(tmp_path, {"dpop_required": False})
    wallet = Wallet(site, site.offer())
    answer = wallet.ask_token(headers={})
    assert answer.json()["token_type"] == "Bearer"
    assert "refresh_token" not in answer.json()


@pytest.mark.parametrize("turns", [1, 2, 5])
def test_a_token_that_turned_away_ends_the_grant(site, wallet, turns):
    old = wallet.refresh_token
    for _ in range(turns):
        assert wallet.refresh().status == 200
    newest = wallet.refresh_token
    site.pass_time(minutes=5)
    told(wallet.refresh(token=old), "grant.replayed")
    assert state(site) == ["revoked"]
    told(wallet.refresh(token=newest), "grant.replayed")
    # What was collected with an access token of this grant ends too.
    refused(wallet.ask_credential(), "invalid_token", 401)


def test_a_lost_answer_is_given_once_more_within_a_short_grace(site, wallet):
    old = wallet.refresh_token
    first = wallet.refresh().json()
    again = wallet.refresh(token=old).json()
    assert again["refresh_token"] == first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    told(wallet.refresh(token=old), "grant.replayed")


def test_a_lost_answer_is_not_given_again_once_the_next_token_was_used(site, wallet):
    old = wallet.refresh_token
    assert wallet.refresh().status == 200
    assert wallet.refresh().status == 200
    told(wallet.refresh(token=old), "grant.replayed")


def test_an_attempt_that_the_wallet_kept_is_answered_again_however_late(site, wallet):
    old, attempt = wallet.refresh_token, secrets.token_urlsafe(24)
    first = wallet.refresh(attempt=attempt).json()
    site.pass_time(days=40)
    for _ in range(3):
        again = wallet.refresh(token=old, attempt=attempt)
        assert again.json()["refresh_token"] == first["refresh_token"]
    assert wallet.refresh().status == 200
    told(wallet.refresh(token=old, attempt=attempt), "grant.replayed")


def test_another_attempt_with_a_token_that_turned_away_ends_the_grant(site, wallet):
    old = wallet.refresh_token
    wallet.refresh(attempt=secrets.token_urlsafe(24))
    site.pass_time(minutes=5)
    told(wallet.refresh(token=old, attempt=secrets.token_urlsafe(24)), "grant.replayed")


def test_a_token_without_its_key_gives_nothing_and_ends_nothing(site, wallet):
    old = wallet.refresh_token
    mine, wallet.key = wallet.key, generate_signer()
    refused(wallet.refresh(), "invalid_grant")
    wallet.key = mine
    assert wallet.refresh().status == 200
    site.pass_time(minutes=5)
    wallet.key = generate_signer()  # nor does an old one
    refused(wallet.refresh(token=old), "invalid_grant")
    assert state(site) == ["active"]


def test_the_token_of_one_grant_does_not_open_another(site, wallet):
    other = Returning.of(site)
    refused(other.refresh(token=wallet.refresh_token), "invalid_grant")
    turning = other.refresh_token.split(".")[1]
    mixed = f"{wallet.refresh_token.split('.')[0]}.{turning}"
    refused(other.refresh(token=mixed), "invalid_grant")
    assert set(state(site)) == {"active"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"client_id": "somebody"}, "invalid_grant"),
        ({"attempt": "short"}, "invalid_request"),
        ({"refresh_token": ""}, "invalid_request"),
        ({"refresh_token": "x" * 9_000}, "invalid_request"),
        ({"refresh_token": "unknown.unknown"}, "invalid_grant"),
        ({"refresh_token": "."}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_malformed_refresh_is_refused_and_changes_nothing(site, wallet, change, error):
    refused(wallet.refresh(**change), error)
    assert wallet.refresh().status == 200


def test_a_refresh_needs_a_fresh_proof_of_its_key(site, wallet):
    refused(wallet.refresh(headers={}), "invalid_dpop_proof")
    proof = {"dpop": wallet.dpop("/token", access_token=None)}
    assert wallet.refresh(headers=proof).status == 200
    refused(wallet.refresh(headers=proof), "invalid_dpop_proof")
    elsewhere = {"dpop": wallet.dpop("/credential", access_token=None)}
    refused(wallet.refresh(headers=elsewhere), "invalid_dpop_proof")
    assert wallet.refresh().status == 200


def test_a_grant_lapses_with_disuse_and_lives_on_with_use(tmp_path):
    site = Site(tmp_path, {"refresh_days": 30})
    wallet = Returning.of(site)
    for _ in range(3):
        site.pass_time(days=29)
        assert wallet.refresh().status == 200
    site.pass_time(days=30)
    told(wallet.refresh(), "grant.lapsed")
    service.sweep(site.issuer)
    assert state(site) == ["lapsed"]
    told(wallet.refresh(), "grant.lapsed")


def test_the_practice_can_end_a_grant(site, wallet):
    assert wallet.ask_credential().status == 200
    [grant] = service.all_grants(site.issuer)
    service.stop_grant(site.issuer, grant=grant.id)
    told(wallet.refresh(), "grant.ended")
    assert [entry.status for entry in service.issued(site.issuer)] == [1]
    with pytest.raises(ServiceError, match=r"^grant\.unknown"):
        service.stop_grant(site.issuer, grant="nobody")
    with pytest.raises(ServiceError, match=r"^forbidden"):
        service.stop_grant(site.issuer, grant=grant.id, client="another")


def test_an_offer_that_was_uploaded_has_nothing_to_be_read_again(site, wallet):
    assert wallet.refresh().status == 200
    answer = wallet.ask_credential()
    refused(answer, "credential_request_denied")
    assert answer.json()["code"] == "grant.no_source"


def test_no_token_and_no_reference_stands_in_the_database(tmp_path):
    site = source_site(tmp_path)
    wallet = Returning.of(site, offered(site))
    for _ in range(2):
        assert wallet.refresh(attempt=secrets.token_urlsafe(24)).status == 200
        assert wallet.ask_credential().status == 200
        kept = site.files()
        for secret in (*wallet.refresh_token.split("."), wallet.token, NAME, "9990000018"):
            assert secret.encode() not in kept


def test_a_refresh_request_is_read_as_it_is_written():
    asked = oid4vci.RefreshRequest(refresh_token="a.b", attempt="x" * 20)
    assert oid4vci.parse_token_request(urlencode(asked.wire()).encode()) == asked
