"""A program signs in to a FHIR server with its own key, and tells what went wrong as its own."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from record_system import BASE, CLIENT, NOW, RecordSystem

from healthpassport.errors import FetchError, ProtocolError
from healthpassport.keys import generate_signer, save_signer
from healthpassport.protocols.smart import Smart, load_client_key, public_jwks


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("smart") / "source.pem"
    return load_client_key(save_signer(generate_signer("ES384"), path))


class Times:
    now = NOW


def signed(system, key, times=Times):
    return Smart(
        BASE,
        client_id=CLIENT,
        key=key,
        scope="system/*.rs",
        fetcher=system,
        clock=lambda: times.now,
        random=os.urandom,
    )


def wrong(code):
    return pytest.raises(ProtocolError, match=f"^{code}: ")


def test_a_token_is_used_until_shortly_before_its_end(key):
    system, times = RecordSystem(keys=public_jwks(key)), Times()
    smart = signed(system, key, times)
    assert smart.token() == smart.token() == "token-1"
    times.now = NOW + timedelta(seconds=279)
    assert smart.token() == "token-1"
    times.now = NOW + timedelta(seconds=280)
    assert smart.token() == "token-2"
    smart.forget()
    assert smart.token() == "token-3"


def test_a_key_that_is_not_registered_is_not_let_in(key):
    with wrong("smart.sign_in"):
        signed(RecordSystem(keys={"keys": []}), key).token()


def test_a_server_without_a_sign_in_is_told_so(key):
    def bend(request, status, headers, body):
        return 404, headers, b""

    with wrong("smart.answer"):
        signed(RecordSystem(keys=public_jwks(key), bend=bend), key).token()


def test_a_sign_in_that_is_away_is_the_networks(key):
    def bend(request, status, headers, body):
        raise FetchError("net.unreachable")

    with wrong("smart.unreachable"):
        signed(RecordSystem(bend=bend), key).token()


def test_a_key_of_another_kind_is_refused(tmp_path):
    with wrong("smart.key"):
        load_client_key(save_signer(generate_signer("ES256"), tmp_path / "a.pem"))
    with wrong("smart.key"):
        load_client_key(f"file:{tmp_path / 'missing.pem'}")
