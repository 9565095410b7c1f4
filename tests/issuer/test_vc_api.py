"""The issuer's VC-API over HTTP: the addresses, the statuses, and when it is off."""

from __future__ import annotations

import pytest
from asgi_calls import call
from typer.testing import CliRunner
from vc_api_world import CREDENTIAL, STATUS, World

from healthpassport.errors import SettingsError
from healthpassport.vc_api.settings import VcApiSettings
from issuer.api.vc_api import create_app
from issuer.cli import app as commands

ISSUE = "/vc-api/eddsa-rdfc-2022/credentials/issue"


@pytest.fixture(scope="module")
def app():
    return create_app(World().issuers)


def test_every_call_has_its_address_and_status(app):
    body = {"credential": CREDENTIAL, "options": {"credentialStatus": STATUS}}
    answer = call(app, "POST", ISSUE, body=body)
    assert answer.status == 201
    issued = answer.json["verifiableCredential"]
    assert call(app, "GET", "/vc-api/eddsa-rdfc-2022/issuer").json["id"] == issued["issuer"]
    path = issued["credentialStatus"]["statusListCredential"].removeprefix("https://localhost:8490")
    assert call(app, "GET", path).json["credentialSubject"]["type"] == "BitstringStatusList"
    answer = call(app, "POST", "/vc-api/credentials/verify", body={"verifiableCredential": issued})
    assert (answer.status, answer.json["verified"]) == (200, True)


def test_selective_disclosure_goes_through_the_same_addresses(app):
    answer = call(
        app,
        "POST",
        "/vc-api/ecdsa-sd-2023/credentials/issue",
        body={"credential": CREDENTIAL, "options": {"mandatoryPointers": ["/issuer"]}},
    )
    body = {
        "verifiableCredential": answer.json["verifiableCredential"],
        "options": {"selectivePointers": ["/credentialSubject/lends"]},
    }
    derived = call(app, "POST", "/vc-api/credentials/derive", body=body)
    assert derived.status == 201
    assert derived.json["credentialSubject"].keys() == {"id", "lends"}
    verify = {"verifiableCredential": derived.json}
    assert call(app, "POST", "/vc-api/credentials/verify", body=verify).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", ISSUE, b"", 400),
        ("POST", ISSUE, b"{", 400),
        ("POST", ISSUE, b'{"credential": {}, "credential": {}}', 400),
        ("POST", ISSUE, b"[" * 100, 400),
        ("POST", ISSUE, b" " * 1_100_000, 413),
        ("GET", ISSUE, b"", 405),
        ("POST", "/vc-api/rsa/credentials/issue", b"{}", 404),
        ("GET", "/vc-api/rsa/issuer", b"", 404),
        ("GET", "/vc-api/status/none-1", b"", 404),
        ("GET", "/vc-api", b"", 404),
        ("POST", "/vc-api/credentials/verify", b"{}", 400),
        ("POST", "/vc-api/credentials/verify", b'{"verifiableCredential": {}}', 400),
        ("POST", "/vc-api/credentials/derive", b"{}", 400),
        ("POST", "/vc-api/presentations/verify", b"{}", 400),
        ("POST", "/credentials/offer", b"{}", 404),
        ("GET", "/.well-known/openid-credential-issuer", b"", 404),
    ],
)
def test_what_is_wrong_is_told_as_a_problem(app, method, path, body, status):
    answer = call(app, method, path, body=body)
    assert answer.status == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["help"]


def test_it_is_off_unless_asked_for():
    result = CliRunner().invoke(commands, ["vc-api"], env={"PASSPORT_VC_API": ""})
    assert result.exit_code == 1
    result = CliRunner().invoke(commands, ["vc-api"], env={"PASSPORT_VC_API": "0"})
    assert result.exception.code == "vcapi.off"


@pytest.mark.parametrize("name", ["PASSPORT_VC_API", "PASSPORT_EXTRA_CONTEXTS"])
def test_an_issuer_with_real_keys_does_not_start_in_a_set_up_of_tests(name, tmp_path):
    value = "1" if name == "PASSPORT_VC_API" else str(tmp_path)
    result = CliRunner().invoke(commands, ["serve"], env={name: value})
    assert result.exception.code == "vcapi.beside"


def test_the_settings_come_from_the_environment_alone(monkeypatch, tmp_path):
    assert VcApiSettings() == VcApiSettings(vc_api=False, extra_contexts=None)
    monkeypatch.setenv("PASSPORT_VC_API", "1")
    monkeypatch.setenv("PASSPORT_EXTRA_CONTEXTS", str(tmp_path))
    settings = VcApiSettings()
    settings.require()
    assert settings.extra_contexts == tmp_path
    with pytest.raises(SettingsError):
        settings.refuse_beside_real_keys()
