"""Codes of a patient's sign-in: for one wallet, one key, one verifier, once and for a minute."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

import pytest
from sign_in_world import FORM, REDIRECT, WALLET, Asking, SignInSite
from simulated_issuer import refused

from healthpassport.keys import generate_signer
from issuer import service

OTHER = "https://other.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return SignInSite(tmp_path_factory.mktemp("codes"))


@pytest.fixture
def wallet(site):
    return Asking(site)


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": secrets.token_urlsafe(48)},
        {"redirect_uri": f"{REDIRECT}/"},
        {"redirect_uri": "https://other.example/back"},
        {"client_id": OTHER},
        {"client_id": None},
    ],
)
def test_vci_031_a_code_that_comes_with_something_else_is_refused_and_over(wallet, change):
    code = wallet.code()
    refused(wallet.redeem(code, **change), "invalid_grant")
    refused(wallet.redeem(code), "invalid_grant")


@pytest.mark.parametrize("change", [{"code_verifier": None}, {"code_verifier": "short"}])
def test_vci_031_a_code_without_a_verifier_is_no_request(wallet, change):
    refused(wallet.redeem(wallet.code(), **change), "invalid_request")


def test_vci_031_a_code_shown_twice_ends_what_it_gave(site, wallet):
    code = wallet.code()
    given = wallet.redeem(code)
    assert given.status == 200
    refused(wallet.redeem(code), "invalid_grant")
    assert wallet.collect().status == 401
    form = {"grant_type": "refresh_token", "refresh_token": given.json()["refresh_token"]}
    body = urlencode(form | {"client_id": WALLET}).encode()
    headers = FORM | {"dpop": wallet.dpop("/token")}
    answer = site.call("POST", "/token", body=body, headers=headers)
    refused(answer, "invalid_grant")


def test_a_code_that_is_too_old_is_refused(tmp_path):
    site = SignInSite(tmp_path)
    wallet = Asking(site)
    code = wallet.code()
    site.pass_time(seconds=61)
    refused(wallet.redeem(code), "invalid_grant")
    service.sweep(site.issuer)
    refused(wallet.redeem(code), "invalid_grant")


def test_a_code_is_for_the_key_that_was_named(site, wallet):
    thief = generate_signer()
    code = wallet.code(dpop_jkt=wallet.key.public_key.thumbprint())
    refused(
        wallet.redeem(code, headers=[("dpop", wallet.dpop("/token", signer=thief))]),
        "invalid_grant",
    )
    other = Asking(site)
    code = other.code(headers=[("dpop", other.dpop("/par"))])
    refused(
        other.redeem(code, headers=[("dpop", other.dpop("/token", signer=thief))]),
        "invalid_grant",
    )


def test_two_names_of_the_key_must_be_one(wallet):
    headers = [("dpop", wallet.dpop("/par"))]
    answer = wallet.push(headers=headers, dpop_jkt=generate_signer().public_key.thumbprint())
    refused(answer, "invalid_dpop_proof")
    refused(wallet.push(headers=[("dpop", wallet.dpop("/token"))]), "invalid_dpop_proof")
    refused(wallet.push(headers=headers * 2), "invalid_dpop_proof")


def test_a_code_without_a_proof_of_possession_is_not_lost(wallet):
    code = wallet.code()
    refused(wallet.redeem(code, headers=[]), "invalid_dpop_proof")
    assert wallet.redeem(code).status == 200


def test_a_code_opens_nothing_as_a_pre_authorised_one_nor_the_other_way(site, wallet):
    code = wallet.code()
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        "pre-authorized_code": code,
        "tx_code": "123456",
    }
    headers = FORM | {"dpop": wallet.dpop("/token")}
    answer = site.call("POST", "/token", body=urlencode(form).encode(), headers=headers)
    refused(answer, "invalid_grant")
    assert wallet.redeem(code).status == 200
    offer = site.offer()
    refused(wallet.redeem(offer.offer.grants.pre_authorized.code), "invalid_grant")
