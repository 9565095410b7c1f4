"""Everything that stands in a sign-in's way: whoever cheats, whatever is old, wrong or too much."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pytest
from fhir_examples import PATIENT, UNTRACED, bundle, data
from sign_in_world import (
    CALLBACK,
    FORM,
    LATEX,
    NUMBER,
    REDIRECT,
    WALLET,
    Asking,
    Browser,
    SignInSite,
    person,
    returned,
    told,
    way_back,
)
from simulated_issuer import refused
from simulated_provider import SECRET, signed_with_a_secret, unsigned

from issuer import service

OTHER = "https://other.example"
CLIENTS = {
    WALLET: {"name": "Good Wallet", "redirect_uris": [REDIRECT, "http://127.0.0.1/back"]},
    OTHER: {"name": "Other Wallet", "redirect_uris": ["https://other.example/back"]},
    "app": {"name": "An App", "redirect_uris": ["uk.example.wallet:/back"]},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return SignInSite(tmp_path_factory.mktemp("refusals"), clients=CLIENTS)


@pytest.fixture
def wallet(site):
    site.login.person, site.login.userinfo = person(), {"sub": "n-1"}
    site.login.claims, site.login.token, site.login.reachable = {}, None, True
    return Asking(site)


def stopped(answer, code):
    """A page in plain words with the way back to the wallet, which hears ``access_denied``."""
    assert answer.status >= 400
    assert f"Code: {code}" in told(answer)
    assert way_back(answer)["error"] == "access_denied"


# -- what a wallet pushes


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "https://nobody.example"}, "invalid_client"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"scope": "something"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "EmergencyCard"}, "invalid_scope"),
        ({"resource": OTHER}, "invalid_target"),
        ({"issuer_state": "unknown"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"state": "x" * 3000}, "invalid_request"),
        ({"authorization_details": "5"}, "invalid_authorization_details"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        (
            {
                "authorization_details": json.dumps(
                    [{"type": "openid_credential", "credential_configuration_id": "Nothing"}]
                )
            },
            "invalid_authorization_details",
        ),
    ],
)
def test_vci_031_a_request_that_lacks_or_lowers_something_is_refused(wallet, change, error):
    status = 401 if error == "invalid_client" else 400
    refused(wallet.push(**change), error, status=400 if status == 401 else status)


@pytest.mark.parametrize(
    "redirect",
    [
        f"{REDIRECT}/",
        f"{REDIRECT}er",
        f"{REDIRECT}?a=b",
        REDIRECT.upper(),
        "https://wallet.example",
        "https://wallet.example.evil.example/back",
        "https://wallet.example@evil.example/back",
        "http://wallet.example/back",
        "http://127.0.0.1:8080/other",
        "http://localhost/back",
        "http://[::1]:8080/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://other.example/back",
    ],
)
def test_vci_031_a_redirect_uri_is_exactly_one_that_is_registered(wallet, redirect):
    refused(wallet.push(redirect_uri=redirect), "invalid_redirect_uri")


@pytest.mark.parametrize(
    ("client", "redirect"),
    [
        (WALLET, "http://127.0.0.1:51234/back"),
        (WALLET, "http://127.0.0.1/back"),
        ("app", "uk.example.wallet:/back"),
    ],
)
def test_a_loopback_address_may_have_any_port_and_an_app_a_scheme(site, client, redirect):
    asking = Asking(site, client=client, redirect=redirect)
    asking.begin()
    asking.sign_in()
    assert returned(asking.answer(), redirect)["code"]


def test_a_body_that_is_no_form_or_too_large_is_refused(site, wallet):
    refused(
        site.call("POST", "/par", body=b"{}", headers={"content-type": "application/json"}),
        "invalid_request",
    )
    refused(site.call("POST", "/par", body=b"a=1&a=2", headers=FORM), "invalid_request")
    huge = site.call("POST", "/par", body=b"a=" + b"x" * 2_000_000, headers=FORM)
    assert huge.status == 413


# -- the address of a request -------------------------------------------------------------------


def test_vci_032_a_request_uri_works_once(wallet):
    uri = wallet.push().json()["request_uri"]
    assert wallet.begin(uri).status == 303
    again = Asking(wallet.site).begin(uri)
    assert again.status == 400
    assert "Code: oid4vci.invalid_request_uri" in told(again)
    assert wallet.browser.get("/patient/start").status == 200


def test_vci_032_a_request_uri_of_another_client_is_refused(wallet):
    answer = wallet.begin(wallet.push().json()["request_uri"], client=OTHER)
    assert "oid4vci.invalid_request_uri" in told(answer)
    assert "location" not in answer.headers


def test_vci_032_a_request_uri_that_is_too_old_is_refused(tmp_path):
    site = SignInSite(tmp_path)
    wallet = Asking(site)
    uri = wallet.push().json()["request_uri"]
    site.pass_time(seconds=61)
    assert "oid4vci.invalid_request_uri" in told(wallet.begin(uri))


@pytest.mark.parametrize(
    "uri",
    ["", "x", "urn:ietf:params:oauth:request_uri:", "https://wallet.example/request", "\x00"],
)
def test_an_address_that_stands_for_nothing_is_refused(wallet, uri):
    assert "oid4vci.invalid_request_uri" in told(wallet.begin(uri))


def test_parameters_beside_the_request_uri_change_nothing(site, wallet):
    uri = wallet.push().json()["request_uri"]
    more = {"redirect_uri": "https://evil.example/", "scope": "x", "state": "evil"}
    query = urlencode({"client_id": WALLET, "request_uri": uri} | more)
    wallet.browser.get(f"/authorize?{query}")
    wallet.sign_in()
    assert returned(wallet.answer())["state"] == wallet.state


def test_a_plain_authorization_request_is_refused(wallet):
    told_ = {"response_type": "code", "client_id": WALLET, "redirect_uri": REDIRECT}
    answer = wallet.browser.get(f"/authorize?{urlencode(told_)}")
    assert "oid4vci.invalid_request_uri" in told(answer)


# -- whose browser it is


def test_a_browser_that_did_not_begin_cannot_come_back(site, wallet):
    """Login CSRF: an attacker's own answer of the provider, in the victim's browser."""
    wallet.begin()
    leaving = wallet.browser.get("/patient/go")
    back = urlencode(site.login.visit(leaving.headers["location"]))
    other = Asking(site)
    other.begin()
    for victim in (Browser(site), other.browser):
        answer = victim.get(f"{CALLBACK}?{back}")
        assert "patient.sign_in_unknown" in told(answer)
    assert wallet.browser.get(f"{CALLBACK}?{back}").status == 303


def test_a_state_works_once(site, wallet):
    wallet.begin()
    leaving = wallet.browser.get("/patient/go")
    back = urlencode(site.login.visit(leaving.headers["location"]))
    assert wallet.browser.get(f"{CALLBACK}?{back}").status == 303
    assert "patient.sign_in_unknown" in told(wallet.browser.get(f"{CALLBACK}?{back}"))


def test_what_a_browser_holds_is_new_after_the_sign_in(wallet):
    """Session fixation: whoever set the cookie before does not hold the session after."""
    wallet.begin()
    before = dict(wallet.browser.cookies)
    wallet.sign_in()
    assert wallet.browser.cookies != before
    fixed = Browser(wallet.site, cookies=before)
    assert fixed.get("/patient/agree").status == 400
    assert fixed.get("/patient/start").status == 400


@pytest.mark.parametrize("form", ["", "x", "a" * 43])
def test_an_answer_without_the_forms_own_secret_is_refused(wallet, form):
    wallet.begin()
    wallet.sign_in()
    answer = wallet.browser.post("/patient/agree", form=form, answer="yes")
    assert "patient.form" in told(answer)
    assert returned(wallet.answer())["code"]


def test_the_secret_of_another_browsers_form_does_not_do(site, wallet):
    wallet.begin()
    page = wallet.browser.get("/patient/start").body.decode()
    other = Asking(site)
    other.begin()
    other.sign_in()
    form = re.search(r'name="form" value="([^"]+)"', page)[1]
    assert "patient.form" in told(other.browser.post("/patient/agree", form=form, answer="yes"))


def test_nobody_agrees_before_the_sign_in_and_nobody_twice(wallet):
    wallet.begin()
    form = re.search(
        r'name="form" value="([^"]+)"', wallet.browser.get("/patient/start").body.decode()
    )[1]
    early = wallet.browser.post("/patient/agree", form=form, answer="yes")
    assert "patient.sign_in_unknown" in told(early)
    wallet.sign_in()
    held = dict(wallet.browser.cookies)
    page = wallet.browser.get("/patient/agree").body.decode()
    form = re.search(r'name="form" value="([^"]+)"', page)[1]
    assert wallet.browser.post("/patient/agree", form=form, answer="yes").status == 303
    again = Browser(wallet.site, cookies=held)
    assert again.post("/patient/agree", form=form, answer="yes").status == 400


def test_a_page_may_send_a_form_to_the_wallet_that_asked_and_nowhere_else(wallet):
    wallet.begin()
    wallet.sign_in()
    policy = wallet.browser.get("/patient/agree").headers["content-security-policy"]
    assert "form-action 'self' https://wallet.example;" in policy
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none';")
    assert wallet.browser.get("/patient/agree").headers["cache-control"] == "no-store"


def test_a_sign_in_ends_by_itself(tmp_path):
    site = SignInSite(tmp_path)
    wallet = Asking(site)
    wallet.begin()
    wallet.sign_in()
    site.pass_time(minutes=16)
    assert wallet.browser.get("/patient/agree").status == 400
    service.sweep(site.issuer)
    assert b"authorized" not in site.files() or b"expired" in site.files()


# -- a provider that lies, or is not there


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["the-desk", "another-client"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"iat": None},
        {"sub": None},
        {"at_hash": "another"},
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(wallet, claims):
    wallet.site.login.claims = claims
    wallet.begin()
    stopped(wallet.sign_in(), "patient.answer")


@pytest.mark.parametrize("token", [unsigned, signed_with_a_secret(SECRET.encode())])
def test_an_id_token_that_nobody_signed_is_refused(wallet, token):
    wallet.site.login.token = token
    wallet.begin()
    stopped(wallet.sign_in(), "patient.answer")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"vot": "P5.Cp.Cd"}, "patient.level"),
        ({"vot": "P9.Cp"}, "patient.level"),
        ({"vot": None}, "patient.level"),
        ({"identity_proofing_level": "P5"}, "patient.level"),
        ({"identity_proofing_level": None}, "patient.level"),
        ({"identity_proofing_level": ["P9"]}, "patient.level"),
        ({"nhs_number": None}, "patient.not_found"),
        ({"nhs_number": 9990000018}, "patient.not_found"),
        ({"nhs_number": "9990000019"}, "patient.not_found"),
        ({"nhs_number": "9990000026"}, "patient.not_found"),
        ({"birthdate": None}, "patient.not_found"),
        ({"birthdate": "1958-07-15"}, "patient.not_found"),
        ({"birthdate": "1958"}, "patient.not_found"),
    ],
)
def test_a_patient_who_is_not_known_well_enough_or_not_here_gets_nothing(wallet, claims, code):
    wallet.site.login.claims = claims
    wallet.begin()
    page = wallet.sign_in()
    stopped(page, code)
    assert NUMBER not in told(page)


def test_vci_031_an_answer_of_another_provider_is_refused(wallet):
    wallet.begin()
    stopped(wallet.sign_in(iss="https://evil.example"), "patient.answer")
    wallet = Asking(wallet.site)
    wallet.begin()
    stopped(wallet.sign_in(iss=None), "patient.answer")


def test_a_patient_who_declines_at_the_provider_is_told_so(wallet):
    wallet.begin()
    page = wallet.sign_in(code=None, error="access_denied")
    stopped(page, "patient.declined")


def test_a_provider_that_is_not_there_leaves_the_sign_in_to_be_tried_again(wallet):
    login = wallet.site.login
    wallet.begin()
    leaving = wallet.browser.get("/patient/go")
    back = login.visit(leaving.headers["location"])
    login.reachable = False
    page = wallet.browser.get(f"{CALLBACK}?{urlencode(back)}")
    assert page.status == 503
    assert "patient.offline" in told(page)
    assert "Try again" in told(page)
    login.reachable = True
    assert wallet.sign_in().status == 303


# -- the record ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        (PATIENT | {"deceasedBoolean": True}, "patient.stopped"),
        (PATIENT | {"active": False}, "patient.stopped"),
        (
            PATIENT | {"meta": {"security": [{"code": "R", "system": "http://x.example"}]}},
            "patient.not_found",
        ),
        (PATIENT | {"birthDate": "1958-07-15"}, "patient.not_found"),
        (UNTRACED, "patient.not_found"),
    ],
)
def test_a_record_that_must_not_go_out_does_not(tmp_path, patient, code):
    site = SignInSite(tmp_path, bundles={"a.json": data(bundle(patient, LATEX))})
    wallet = Asking(site)
    wallet.begin()
    stopped(wallet.sign_in(), code)


def test_two_records_that_fit_are_none(tmp_path):
    one = data(bundle(PATIENT, LATEX))
    site = SignInSite(tmp_path, bundles={"a.json": one, "b.json": one})
    wallet = Asking(site)
    wallet.begin()
    stopped(wallet.sign_in(), "patient.not_found")
