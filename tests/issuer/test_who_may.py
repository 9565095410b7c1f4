"""Every route of the issuer for everybody who may not use it (attacks.json htt-018).

The rows come from the issuer's own OpenAPI document, so a route that nobody thought of fails here.
"""

from __future__ import annotations

import json
import re
import secrets

import pytest
from api_world import System
from simulated_issuer import Site, Wallet

from issuer.service.clients import Role, add_client
from issuer.service.scopes import OF_ROLE, Scope

# What each of the record systems' routes needs.
PRACTICE = {
    ("POST", "/offers"): Scope.OFFERS_CREATE,
    ("GET", "/offers"): Scope.OFFERS_READ,
    ("GET", "/offers/{offer}"): Scope.OFFERS_READ,
    ("POST", "/offers/{offer}/cancel"): Scope.OFFERS_CREATE,
    ("GET", "/issuances"): Scope.STATUS_READ,
    ("POST", "/issuances/{issuance}/status"): Scope.STATUS_CHANGE,
    ("GET", "/reports"): Scope.REPORTS_READ,
    ("GET", "/reports/{report}"): Scope.REPORTS_READ,
    ("POST", "/reports/{report}/answer"): Scope.REPORTS_ANSWER,
    ("POST", "/cards"): Scope.CARDS_MAKE,
    ("POST", "/offers/cancel"): Scope.OFFERS_CREATE,
    ("GET", "/reminders"): Scope.OFFERS_READ,
    ("GET", "/audit"): Scope.AUDIT_READ,
    ("GET", "/audit/head"): Scope.AUDIT_READ,
    ("POST", "/bulk"): Scope.BULK,
    ("GET", "/bulk"): Scope.BULK,
    ("POST", "/bulk/plan"): Scope.BULK,
    ("POST", "/bulk/{bulk}/take-back"): Scope.BULK,
    ("GET", "/bulk/{bulk}"): Scope.BULK,
    ("POST", "/bulk/{bulk}/cancel"): Scope.BULK,
    ("GET", "/bulk/{bulk}/results"): Scope.BULK,
    ("POST", "/bulk/{bulk}/results/taken"): Scope.BULK,
    ("POST", "/webhooks"): Scope.WEBHOOKS,
    ("GET", "/webhooks"): Scope.WEBHOOKS,
    ("POST", "/webhooks/{webhook}/secret"): Scope.WEBHOOKS,
    ("POST", "/webhooks/{webhook}/end"): Scope.WEBHOOKS,
    ("GET", "/webhooks/messages"): Scope.WEBHOOKS,
    ("POST", "/webhooks/messages/{message}/retry"): Scope.WEBHOOKS,
    ("GET", "/sources"): Scope.OFFERS_READ,
}
# What a wallet's access token and its key open, and nothing else does.
TOKEN = {
    ("POST", "/credential"),
    ("POST", "/deferred_credential"),
    ("POST", "/notification"),
    ("GET", "/holder/grant"),
    ("POST", "/holder/copies/withdraw"),
    ("POST", "/holder/end"),
    ("GET", "/holder/reports"),
    ("POST", "/holder/reports"),
}
# Opened by what stands in the message itself: a code, a refresh token, a card's secret.
MESSAGE = {
    ("GET", "/credential-offers/{address}"),
    ("POST", "/token"),
    ("POST", "/clients/token"),
    ("POST", "/nonce"),
    ("POST", "/cards/request"),
    ("POST", "/cards/answer"),
    ("POST", "/cards/status"),
    ("POST", "/holder/device"),
}
EVERYBODYS = {"Public", "Health"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"), {"client_request_burst": 10**6})
    made.other = add_client(
        made.settings.api_keys, name="other-practice", random=secrets.token_bytes
    ).key
    made.only = {
        role: add_client(
            made.settings.api_keys,
            name=f"only-{role.value}",
            random=secrets.token_bytes,
            roles=(role,),
        ).key
        for role in Role
    }
    made.reopen()
    made.tokens = {
        scope: System(made, f"only-{scope.name.lower().replace('_', '-')}", frozenset({scope}))
        .enter()
        .token
        for scope in Scope
    }
    wallet = Wallet(made, made.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    made.wallet = wallet
    return made


def test_htt_018_every_route_stands_in_a_table(site):
    closed = {
        (method.upper(), path)
        for path, methods in site.app.openapi()["paths"].items()
        for method, found in methods.items()
        if not EVERYBODYS & set(found["tags"])
    }
    assert closed == PRACTICE.keys() | TOKEN | MESSAGE


ADDRESSES = iter(f"198.51.{n // 250}.{n % 250}" for n in range(10_000))


def ask(site, row, headers):
    method, path = row
    path = re.sub(r"\{\w+\}", "any", path)
    address = next(ADDRESSES)  # each with tries of its own
    return site.call(method, path, body=b'{"change":"withdraw"}', headers=headers, host=address)


STRANGERS = {
    "nobody": {},
    "a wrong key": {"x-api-key": "hpi_" + "A" * 43},
    "an empty bearer": {"authorization": "Bearer "},
    "another scheme": {"authorization": "Basic cHJhY3RpY2U6eA=="},
    "a name": {"x-api-key": "practice"},
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("row", PRACTICE, ids=" ".join)
def test_htt_018_a_stranger_is_not_let_in(site, row, headers):
    answer = ask(site, row, headers)
    assert (answer.status, answer.json()["code"]) == (401, "http.unauthorized")


@pytest.mark.parametrize("row", PRACTICE, ids=" ".join)
def test_htt_018_a_wallet_is_no_practice(site, row):
    token = f"DPoP {site.wallet.token}"
    for headers in ({"authorization": token}, {"x-api-key": site.wallet.token}):
        assert ask(site, row, headers).status == 401


@pytest.mark.parametrize("row", PRACTICE, ids=" ".join)
def test_htt_018_a_key_without_the_role_is_not_let_in(site, row):
    for role, key in site.only.items():
        answer = ask(site, row, {"x-api-key": key})
        if PRACTICE[row] not in OF_ROLE[role]:
            assert (answer.status, answer.json()["code"]) == (403, "forbidden")
        else:
            assert answer.status not in {401, 403}


@pytest.mark.parametrize("row", PRACTICE, ids=" ".join)
def test_htt_018_a_token_opens_what_its_scope_names_and_nothing_else(site, row):
    for scope, token in site.tokens.items():
        answer = ask(site, row, {"authorization": f"Bearer {token}"})
        if scope is PRACTICE[row]:
            assert answer.status not in {401, 403}, answer.body
        else:
            assert (answer.status, answer.json()["code"]) == (403, "api.insufficient_scope")
            wanted = f'Bearer error="insufficient_scope", scope="{PRACTICE[row].value}"'
            assert answer.headers["www-authenticate"] == wanted


def test_htt_018_another_practice_sees_and_changes_nothing(site):
    mine = {"x-api-key": site.api_key}
    [entry] = site.call("GET", "/issuances", headers=mine).json()["issuances"]
    theirs = {"x-api-key": site.other}
    assert site.call("GET", "/issuances", headers=theirs).json()["issuances"] == []
    found = site.call("GET", f"/issuances?offer={entry['offerId']}", headers=theirs).json()
    assert found["issuances"] == []
    path = f"/issuances/{entry['id']}/status"
    answer = site.call("POST", path, body=b'{"change":"withdraw"}', headers=theirs)
    assert answer.status in {403, 404}
    [after] = site.call("GET", "/issuances", headers=mine).json()["issuances"]
    assert after == entry


@pytest.mark.parametrize("row", sorted(TOKEN), ids=" ".join)
def test_htt_018_without_a_wallets_token_and_key_its_records_are_closed(site, row):
    method, path = row
    proof = site.wallet.dpop(path, method=method)
    for headers in (
        {},
        {"authorization": f"Bearer {site.api_key}"},
        {"x-api-key": site.api_key},
        {"authorization": f"Bearer {site.wallet.token}", "dpop": proof},
        {"authorization": "DPoP guessed", "dpop": proof},
        {"authorization": f"DPoP {site.wallet.token}"},
    ):
        answer = site.call(method, path, body=b"{}", headers=headers, host=next(ADDRESSES))
        assert answer.status == 401, (headers, answer.body)
        assert json.loads(answer.body)["error"]
