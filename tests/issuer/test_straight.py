"""The short way to the credential endpoint: what holds for every other route holds there."""

from __future__ import annotations

import pytest
from simulated_issuer import Site

from healthpassport.asgi import DEFAULT_HEADERS
from healthpassport.encoding import MAX_BODY_BYTES
from healthpassport.keys import generate_signer
from healthpassport.keys.public import read_public_key


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"))


def test_a_request_without_a_token_is_refused_with_a_challenge(site):
    answer = site.call("POST", "/credential")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("DPoP ")


def test_its_refusals_carry_the_headers_of_every_answer(site):
    answer = site.call("POST", "/credential")
    assert DEFAULT_HEADERS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_refused_as_everywhere(site, method):
    assert site.call(method, "/credential").status == 405


@pytest.mark.parametrize("path", ["/credential/", "/Credential"])
def test_another_spelling_of_the_address_is_no_route(site, path):
    assert site.call("POST", path).status == 404


def test_a_body_beyond_the_limit_is_refused_before_the_endpoint(site):
    assert site.call("POST", "/credential", body=b"x" * (MAX_BODY_BYTES + 1)).status == 413


def test_a_key_that_was_read_is_the_one_of_its_jwk():
    key = generate_signer().public_key
    assert read_public_key(key) is key
    assert read_public_key(key.jwk()) == key
