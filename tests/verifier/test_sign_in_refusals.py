"""What is no sign-in: answers of a provider, a stranger or a network that are not to be used."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_provider import CLIENT, ISSUER, Provider, signed_with_a_secret, unsigned
from staff_world import Browser, entries, refused, staff_app, staff_desk

from healthpassport.keys import generate_signer
from healthpassport.sign_in import own_page

# -- what is no sign-in ------------------------------------------------------------------------

TOKENS = {
    "another issuer": ({"iss": "https://evil.example"}, "oidc.id_token"),
    "no issuer": ({"iss": None}, "oidc.id_token"),
    "another client": ({"aud": "another"}, "oidc.id_token"),
    "no audience": ({"aud": None}, "oidc.id_token"),
    "two audiences, no azp": ({"aud": [CLIENT, "another"]}, "oidc.id_token"),
    "another azp": ({"aud": [CLIENT, "another"], "azp": "another"}, "oidc.id_token"),
    "azp alone": ({"azp": "another"}, "oidc.id_token"),
    "another nonce": ({"nonce": "x" * 43}, "oidc.nonce"),
    "no nonce": ({"nonce": None}, "oidc.nonce"),
    "expired": ({"exp": int(time.time()) - 120}, "oidc.expired"),
    "no end": ({"exp": None}, "oidc.expired"),
    "no beginning": ({"iat": None}, "oidc.expired"),
    "made long ago": ({"iat": int(time.time()) - 3600}, "oidc.expired"),
    "from the future": ({"iat": int(time.time()) + 3600}, "oidc.expired"),
    "a time in words": ({"exp": "tomorrow"}, "oidc.expired"),
    "nobody": ({"sub": None}, "oidc.id_token"),
    "a subject that is a number": ({"sub": 7}, "oidc.id_token"),
    "another access token": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "oidc.id_token"),
    "no role that is known": ({"roles": ["porter"]}, "staff.no_role"),
    "no role": ({"roles": []}, "staff.no_role"),
    "a role of another shape": ({"roles": {"nurse": True}}, "staff.no_role"),
}


@pytest.mark.parametrize(("claims", "code"), TOKENS.values(), ids=TOKENS)
def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(visitor, login, claims, code):
    login.claims = claims
    refused(visitor.come_back(visitor.leave()), code)


def test_a_token_without_a_signature_signs_nobody_in(visitor, login):
    login.token = unsigned
    refused(visitor.come_back(visitor.leave()), "jws.alg_not_allowed")


@pytest.mark.parametrize("secret", [b"a client secret of some length", b"the public key"])
def test_a_token_signed_with_a_secret_signs_nobody_in(visitor, login, secret):
    if secret == b"the public key":
        secret = json.dumps(login.public_jwk()).encode()
    login.token = signed_with_a_secret(secret)
    refused(visitor.come_back(visitor.leave()), "jws.alg_not_allowed")


def test_a_token_of_another_key_signs_nobody_in(visitor, login):
    login.jwks = [login.public_jwk()]
    login.signer = generate_signer()
    refused(visitor.come_back(visitor.leave()), "jws.signature")


@pytest.mark.parametrize(
    "header", [{"typ": "at+jwt"}, {"jku": "https://evil.example/keys"}, {"crit": ["exp"], "exp": 1}]
)
def test_a_header_that_asks_for_more_signs_nobody_in(visitor, login, header):
    login.header = header
    refused(visitor.come_back(visitor.leave()), "jws.")


def test_a_state_works_once(visitor, login):
    told = visitor.leave()
    held = dict(visitor.cookies)
    assert visitor.come_back(told).status == 303
    visitor.cookies = held
    refused(visitor.come_back(told), "staff.sign_in_unknown")


@pytest.mark.parametrize("change", [{"state": "x" * 43}, {"state": ""}])
def test_a_state_that_the_desk_did_not_make_signs_nobody_in(visitor, change):
    refused(visitor.come_back({**visitor.leave(), **change}), "staff.sign_in_unknown")


def test_a_state_of_another_browser_signs_nobody_in(visitor, login):
    victim = Browser(visitor.app, login)
    victim.leave()
    refused(victim.come_back(visitor.leave()), "staff.sign_in_unknown")


def test_a_state_is_forgotten_after_ten_minutes(visitor, staff_clock):
    told = visitor.leave()
    staff_clock.offset += timedelta(minutes=11)
    refused(visitor.come_back(told), "staff.sign_in_unknown")


def test_a_code_of_another_sign_in_is_refused_by_its_challenge(visitor, login):
    stolen = Browser(visitor.app, login).leave()
    refused(visitor.come_back({**visitor.leave(), "code": stolen["code"]}), "oidc.code")


@pytest.mark.parametrize("issuer", ["https://evil.example", "", None])
def test_an_answer_of_another_issuer_or_of_none_is_not_used(visitor, login, issuer):
    told = visitor.leave()
    told = (
        {**told, "iss": issuer} if issuer is not None else {k: told[k] for k in told if k != "iss"}
    )
    asked = len(login.asked)
    refused(visitor.come_back(told), "oidc.mix_up")
    assert not [url for url in login.asked[asked:] if url.endswith("/token")]


def test_a_provider_that_never_names_itself_may_stay_silent_and_not_lie(visitor, login):
    login.metadata = {"authorization_response_iss_parameter_supported": False}
    told = visitor.leave()
    del told["iss"]
    assert visitor.come_back(told).status == 303
    refused(visitor.come_back({**visitor.leave(), "iss": "https://evil.example"}), "oidc.mix_up")


def test_what_the_provider_declines_is_told(visitor):
    told = visitor.leave()
    del told["code"]
    refused(visitor.come_back({**told, "error": "access_denied"}), "oidc.declined")
    told = visitor.leave()
    refused(visitor.come_back({**told, "error": "server_error"}), "oidc.provider")


def test_a_parameter_that_comes_twice_is_refused(visitor):
    told = visitor.leave()
    path = f"/sign-in/callback?code=1&code={told['code']}&state={told['state']}&iss={ISSUER}"
    refused(visitor.get(path), "oidc.callback")


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2F/evil.example",
        "javascript:alert(1)",
        "/x\r\nLocation: https://evil.example",
        "/sign-out",
        "today",
        "",
    ],
)
def test_the_sign_in_leads_to_pages_of_the_desk_alone(visitor, wanted):
    assert visitor.come_back(visitor.leave(wanted)).headers["location"] == "/"


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_page_of_the_desk_never_leads_away(wanted):
    page = own_page(wanted)
    assert page.startswith("/")
    assert not page.startswith(("//", "/\\"))
    assert page.isascii()
    assert page.isprintable()


METADATA = {
    "another issuer": ({"issuer": "https://evil.example"}, "oidc.issuer"),
    "a slash more": ({"issuer": f"{ISSUER}/"}, "oidc.issuer"),
    "no PKCE": ({"code_challenge_methods_supported": ["plain"]}, "oidc.metadata"),
    "silence about PKCE": ({"code_challenge_methods_supported": None}, "oidc.metadata"),
    "no code flow": ({"response_types_supported": ["id_token"]}, "oidc.metadata"),
    "plain http": ({"token_endpoint": "http://login.example/token"}, "oidc.metadata"),
    "no keys": ({"jwks_uri": None}, "oidc.metadata"),
    "a user name": ({"authorization_endpoint": "https://a@login.example/"}, "oidc.metadata"),
}


@pytest.mark.parametrize(("change", "code"), METADATA.values(), ids=METADATA)
def test_a_provider_that_describes_itself_wrongly_is_not_used(visitor, login, change, code):
    login.metadata = change
    answer = visitor.get("/sign-in/go")
    refused(answer, code)
    assert "location" not in answer.headers


ANSWERS = {
    "no ID token": lambda found: {k: v for k, v in found.items() if k != "id_token"},
    "no access token": lambda found: {**found, "access_token": ""},
    "another type": lambda found: {**found, "token_type": "mac"},
    "an ID token that is none": lambda found: {**found, "id_token": 7},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_token_answer_of_another_shape_signs_nobody_in(visitor, login, answer):
    login.answer = answer
    refused(visitor.come_back(visitor.leave()), "oidc.token_answer")


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
        {"d": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k1"},
    ],
)
def test_keys_that_are_no_public_keys_are_not_used(visitor, login, jwk):
    login.jwks = [login.public_jwk() | jwk if "d" in jwk else jwk]
    refused(visitor.come_back(visitor.leave()), "oidc.jwks")


def test_a_sign_in_that_is_too_weak_is_refused(world, tmp_path):
    provider = Provider(claims={"acr": "AAL1"})
    desk = staff_desk(world, tmp_path / "desk", provider, oidc_acr=["AAL3", "AAL2"])
    browser = Browser(staff_app(desk), provider)
    told = browser.leave()
    assert provider.codes[told["code"]]["acr_values"] == "AAL3 AAL2"
    refused(browser.come_back(told), "oidc.acr")
    provider.claims = {"acr": "AAL2"}
    assert browser.come_back(browser.leave()).status == 303
    desk.shut()


def test_a_refusal_after_a_known_state_stands_in_the_audit_trail(visitor, login, staff):
    before = len(entries(staff, "sign_in.refused"))
    login.claims = {"aud": "another"}
    visitor.come_back(visitor.leave())
    visitor.come_back({"code": "x", "state": "y", "iss": ISSUER})  # anybody can send this
    found = entries(staff, "sign_in.refused")
    assert len(found) == before + 1
    assert found[-1]["facts"] == {"code": "oidc.id_token"}
