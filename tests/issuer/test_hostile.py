"""Whatever is sent, the issuer answers in its own words and never with a server error."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_issuer import Site, Wallet

from issuer.api.limits import RateLimit

METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
PATHS = st.sampled_from(
    [
        "/offers",
        "/issuances",
        "/issuances/x/status",
        "/credential-offers/x",
        "/token",
        "/nonce",
        "/credential",
        "/notification",
        "/status/1",
        "/status/%00",
        "/vct/AllergySummary/1",
        "/vct/../1",
        "/.well-known/openid-credential-issuer",
        "/health",
        "//",
        "/\u20ac",
    ]
)
NAMES = st.sampled_from(
    [
        "bundle",
        "recordTypes",
        "subject",
        "change",
        "proofs",
        "jwt",
        "credential_configuration_id",
        "credential_identifier",
        "notification_id",
        "event",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=8,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
HEADER = st.text(string.printable.replace("\n", "").replace("\r", ""), max_size=40)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "authorization", "dpop", "x-api-key", "if-none-match"]), HEADER
)


@pytest.fixture(scope="module")
def holder(tmp_path_factory):
    """A site and a wallet with a token, so that what is sent gets past the door as well."""
    site = Site(
        tmp_path_factory.mktemp("hostile"),
        {"requests_per_second": 1e6, "request_burst": 10**6},
    )
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    return site, wallet


def answers_in_words(answer):
    assert answer.status < 500, answer.body
    assert b"Traceback" not in answer.body
    if answer.status >= 400 and answer.body:
        body = answer.json()
        assert body["code"]
        assert body["help"]


@given(METHODS, PATHS, BODIES, HEADERS)
@settings(max_examples=150, deadline=None)
def test_any_request_is_answered(holder, method, path, body, headers):
    site, _ = holder
    answers_in_words(site.call(method, path, body=body, headers=headers))


@given(st.sampled_from(["/credential", "/notification"]), BODIES)
@settings(max_examples=100, deadline=None)
def test_any_body_behind_a_good_token_is_answered(holder, path, body):
    _, wallet = holder
    answers_in_words(wallet.post(path, body))


@given(BODIES)
@settings(max_examples=100, deadline=None)
def test_any_body_behind_a_good_key_is_answered(holder, body):
    site, _ = holder
    headers = {"x-api-key": site.api_key}
    answers_in_words(site.call("POST", "/offers", body=body, headers=headers))
    answers_in_words(site.call("POST", "/issuances/x/status", body=body, headers=headers))


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_any_bundle_behind_a_good_key_is_answered(holder, bundle):
    site, _ = holder
    body = json.dumps({"bundle": {"resourceType": "Bundle", "entry": bundle}}).encode()
    headers = {"x-api-key": site.api_key}
    answers_in_words(site.call("POST", "/offers", body=body, headers=headers))


def test_a_rate_limit_counts_on_a_clock_that_goes_back(holder):
    site, _ = holder
    limit = RateLimit(1.0, 2)
    limit.take("a", site.now)
    limit.take("a", site.now.replace(year=2020))
