"""A wallet asks, the patient signs in and agrees, and the records come: by raw HTTP, end to end."""

from __future__ import annotations

import json

import pytest
from sign_in_world import (
    BORN,
    NUMBER,
    REDIRECT,
    SCOPE,
    Asking,
    SignInSite,
    returned,
    told,
)

from healthpassport.encoding import b64url_decode
from issuer.service.context import digest
from issuer.store import IdentityCheck, identity_checks, issuances, sign_ins


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return SignInSite(tmp_path_factory.mktemp("flow"))


@pytest.fixture
def wallet(site):
    return Asking(site)


def test_a_patient_signs_in_agrees_and_gets_what_the_source_says(site, wallet):
    pushed = wallet.push()
    assert pushed.status == 201
    assert pushed.json()["expires_in"] == 60
    assert pushed.headers["cache-control"] == "no-store"
    begun = wallet.begin(pushed.json()["request_uri"])
    assert begun.headers["location"] == "/patient/start"
    start = wallet.browser.get("/patient/start")
    assert "Good Wallet" in told(start)
    assert "NHS login" in told(start)
    assert wallet.sign_in().headers["location"] == "/patient/agree"
    asked = site.login.last
    assert json.loads(asked["vtr"]) == ["P9.Cp.Cd", "P9.Cp.Ck", "P9.Cm"]
    assert asked["scope"] == "openid profile"
    page = told(wallet.browser.get("/patient/agree"))
    assert "Allergies" in page
    assert "Given Example" in page
    assert NUMBER not in page
    back = returned(wallet.answer())
    assert back["state"] == wallet.state
    assert back["iss"] == site.settings.iss
    given = wallet.redeem(back["code"])
    assert given.status == 200, given.body
    assert given.json()["token_type"] == "DPoP"
    assert given.json()["scope"] == SCOPE
    assert "refresh_token" in given.json()
    assert "authorization_details" not in given.json()
    record = wallet.collect()
    assert record.status == 200, record.body
    text = record.json()["credentials"][0]["credential"]
    opened = [b64url_decode(one) for one in text.split("~")[1:-1]]
    assert b"latex" in b" ".join(opened).lower()


def test_details_bring_identifiers_and_only_what_they_name(site, wallet):
    details = [{"type": "openid_credential", "credential_configuration_id": "AllergySummary"}]
    code = wallet.code(scope=None, authorization_details=json.dumps(details))
    given = wallet.redeem(code).json()
    (granted,) = given["authorization_details"]
    assert granted["credential_configuration_id"] == "AllergySummary"
    (identifier,) = granted["credential_identifiers"]
    assert wallet.collect("PatientIdentity").status == 400
    assert wallet.collect(identifier, by="credential_identifier").status == 200


def test_details_at_the_token_may_ask_for_less(site, wallet):
    asked = ("AllergySummary", "PatientIdentity")
    details = [{"type": "openid_credential", "credential_configuration_id": n} for n in asked]
    code = wallet.code(scope=None, authorization_details=json.dumps(details))
    given = wallet.redeem(code, authorization_details=json.dumps(details[:1])).json()
    assert [d["credential_configuration_id"] for d in given["authorization_details"]] == [asked[0]]
    assert wallet.collect("PatientIdentity", by="credential_identifier").status == 400


def test_the_check_of_identity_is_kept_with_the_issuance_and_with_its_refreshes(site, wallet):
    assert wallet.redeem(wallet.code()).status == 200
    assert wallet.collect().status == 200
    with site.issuer.store.reading() as tx:
        (newest,) = issuances.newest(tx, limit=1, offer=None, client=None)
        assert identity_checks.of_issuance(tx, newest.id) is IdentityCheck.NHS_LOGIN_P9


def test_nothing_of_the_patient_stays_in_the_clear_or_after_the_code(site, wallet):
    code = wallet.code()
    during = site.files()
    for value in (NUMBER, BORN, "Example", "latex", REDIRECT, wallet.state):
        assert value.encode() not in during
    assert wallet.redeem(code).status == 200
    with site.issuer.store.reading() as tx:
        row = sign_ins.by_code(tx, digest(code))
    assert row.sealed is None


def test_a_patient_who_says_no_sends_nothing(site, wallet):
    wallet.begin()
    wallet.sign_in()
    back = returned(wallet.answer("no"))
    assert back == {"error": "access_denied", "state": wallet.state, "iss": site.settings.iss}
    assert not wallet.browser.cookies
    assert wallet.browser.get("/patient/agree").status == 400


def test_a_patient_may_stop_before_signing_in(site, wallet):
    wallet.begin()
    page = wallet.browser.get("/patient/start").body.decode()
    form = page.split('name="form" value="')[1].split('"')[0]
    back = returned(wallet.browser.post("/patient/agree", form=form, answer="no"))
    assert back["error"] == "access_denied"


def test_the_pages_speak_welsh_and_go_on_speaking_it(site, wallet):
    wallet.begin()
    page = wallet.browser.get("/patient/start?language=cy")
    assert '<html lang="cy"' in page.body.decode()
    wallet.sign_in()
    assert site.login.last["ui_locales"] == "cy"
    assert '<html lang="cy"' in wallet.browser.get("/patient/agree").body.decode()


def test_the_metadata_says_what_is_true(site):
    server = site.call("GET", "/.well-known/oauth-authorization-server").json()
    assert server["pushed_authorization_request_endpoint"] == f"{site.settings.iss}/par"
    assert server["authorization_endpoint"] == f"{site.settings.iss}/authorize"
    assert server["require_pushed_authorization_requests"] is True
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert server["authorization_details_types_supported"] == ["openid_credential"]
    assert server["response_types_supported"] == ["code"]
    assert "authorization_code" in server["grant_types_supported"]
    own = site.call("GET", "/.well-known/openid-credential-issuer").json()
    scopes = {one["scope"] for one in own["credential_configurations_supported"].values()}
    assert set(server["scopes_supported"]) <= scopes
    assert SCOPE in scopes


def test_an_issuer_without_sign_in_says_nothing_of_it_and_has_none(tmp_path):
    from simulated_issuer import Site  # noqa: PLC0415

    site = Site(tmp_path)
    server = site.call("GET", "/.well-known/oauth-authorization-server").json()
    assert "authorization_endpoint" not in server
    assert "authorization_code" not in server["grant_types_supported"]
    assert site.call("POST", "/par").status == 404
    assert site.call("GET", "/authorize").status == 404
