"""The desk's VC-API over HTTP: it verifies and derives, and issues nothing."""

from __future__ import annotations

import pytest
from asgi_calls import call
from typer.testing import CliRunner
from vc_api_world import Holder, World

from verifier.api.vc_api import create_app
from verifier.cli import app as commands


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def app(world):
    return create_app(world.around)


def test_a_credential_is_verified_and_an_altered_one_refused(app, world):
    issued = world.issue("ecdsa-rdfc-2019")
    body = {"verifiableCredential": issued, "options": {"checks": ["proof"]}}
    assert call(app, "POST", "/vc-api/credentials/verify", body=body).status == 200
    issued["credentialSubject"]["name"] = "Another"
    answer = call(app, "POST", "/vc-api/credentials/verify", body=body)
    assert (answer.status, answer.json["code"]) == (400, "di.signature")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_credential_is_derived_and_the_derived_one_presented(app, world):
    body = {
        "verifiableCredential": world.issue("ecdsa-sd-2023"),
        "options": {"selectivePointers": ["/issuer", "/credentialSubject/name"]},
    }
    derived = call(app, "POST", "/vc-api/credentials/derive", body=body)
    assert derived.status == 201
    body = {
        "verifiablePresentation": Holder().present(world, derived.json),
        "options": {"challenge": "c", "domain": "d"},
    }
    assert call(app, "POST", "/vc-api/presentations/verify", body=body).status == 200
    body["options"]["challenge"] = "another"
    assert call(app, "POST", "/vc-api/presentations/verify", body=body).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/vc-api/eddsa-rdfc-2022/credentials/issue", 404),
        ("GET", "/vc-api/eddsa-rdfc-2022/issuer", 404),
        ("GET", "/vc-api/credentials/verify", 405),
        ("POST", "/vc-api/credentials/verify", 400),
        ("POST", "/vc-api/credentials/derive", 400),
        ("POST", "/vc-api/presentations/verify", 400),
        ("GET", "/api/requests", 404),
    ],
)
def test_what_is_wrong_or_not_there_is_told_as_a_problem(app, method, path, status):
    answer = call(app, method, path, body=b"nothing" if method == "POST" else b"")
    assert answer.status == status
    assert answer.json["status"] == status


def test_it_is_off_unless_asked_for():
    result = CliRunner().invoke(commands, ["vc-api"], env={"PASSPORT_VC_API": "0"})
    assert result.exception.code == "vcapi.off"


@pytest.mark.parametrize("name", ["PASSPORT_VC_API", "PASSPORT_EXTRA_CONTEXTS"])
def test_a_desk_with_real_keys_does_not_start_in_a_set_up_of_tests(name, tmp_path):
    value = "1" if name == "PASSPORT_VC_API" else str(tmp_path)
    result = CliRunner().invoke(commands, ["serve"], env={name: value})
    assert result.exception.code == "vcapi.beside"
