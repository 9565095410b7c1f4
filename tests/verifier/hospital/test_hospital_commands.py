"""The commands for the record system and for webhooks, as a person uses them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from asgi_calls import call as over_http
from hospital_store import person

from verifier.api import create_app
from verifier.cli import again, hospital, webhooks
from verifier.service.receivers import load_receivers
from verifier.settings import VerifierSettings
from verifier.store import open_store
from verifier.store.webhooks import DEAD

URL = "https://ris.hospital.example/told"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PASSPORT_VERIFIER_HOME", str(tmp_path))
    monkeypatch.setenv("PASSPORT_VERIFIER_WEBHOOK_HOSTS", '["ris.hospital.example:443"]')
    return tmp_path


@pytest.fixture
def running(desk, monkeypatch):
    """The running desk behind the commands, without a socket."""
    app = create_app(desk.settings, desk=desk)

    def answered(method, path, body, **_more):
        headers = {"authorization": "Bearer ward-key"}
        return over_http(app, method, path, headers=headers, body=body or b"").json

    monkeypatch.setattr(hospital, "call", answered)
    return desk


def test_the_key_set_is_made_once_and_holds_nothing_private(home, capfdbinary):
    hospital.jwks()
    first = json.loads(capfdbinary.readouterr().out)
    hospital.jwks()
    assert json.loads(capfdbinary.readouterr().out) == first
    (key,) = first["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-384", "ES384")
    assert "d" not in key
    assert (home / "fhir.key").stat().st_mode & 0o077 == 0


def test_candidates_are_listed_and_one_is_written(running, store, shown, capfd):
    store.people = [person(), person("p2", number="9990000026", given="Twin")]
    hospital.find(shown.id, as_json=False)
    said = capfd.readouterr()
    assert "p1\tEXAMPLE, Given\t1958-07-14\tsure" in said.out
    assert "p2: differing: nhsNumber, givenNames" in said.err
    seen = said.out.splitlines()[0].split("\t")[-1]
    hospital.write(shown.id, patient="p1", seen=seen, agreed=[], as_json=False)
    assert "created\tDocumentReference\tDocument" in capfd.readouterr().out
    assert store.of_kind("AllergyIntolerance")


def test_a_part_that_was_refused_ends_with_a_failure(running, store, shown, capfd):
    def half(request, made):
        if request.method == "POST" and request.url.endswith("/r4"):
            body = json.loads(made.body)
            body["entry"][1]["response"] = {"status": "422"}
            return type(made)(200, made.headers, json.dumps(body).encode())
        return made

    hospital.find(shown.id, as_json=True)
    (one,) = json.loads(capfd.readouterr().out)["candidates"]
    store.bend = half
    with pytest.raises(SystemExit):
        hospital.write(shown.id, patient="p1", seen=one["seen"], agreed=[], as_json=True)
    done = json.loads(capfd.readouterr().out)
    assert (done["whole"], done["code"]) == (False, "hospital.partial")
    assert [one["outcome"] for one in done["entries"]].count("refused") == 1


def test_a_receiver_is_added_and_its_secret_is_printed_once(home, capfd):
    webhooks.add("ward", URL, as_json=False)
    secret = capfd.readouterr().out.strip()
    assert load_receivers(VerifierSettings())["ward"].secrets == [secret]
    webhooks.add("ward", URL, as_json=True)
    assert json.loads(capfd.readouterr().out)["secret"] != secret


def test_what_was_given_up_is_listed_and_sent_again(home, capfd):
    store = open_store(VerifierSettings().database_file)
    now = datetime.now(UTC)
    store.webhooks.watch("id-1", desk="ward", url=URL, told="waiting", now=now)
    with store._engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO webhooks (tenant, id, desk, url, body, state, attempts, since, due_at)"
            " VALUES ('main', '-msg', 'ward', 'u', '{}', 'dead', 16, ?, ?)",
            (int(now.timestamp()),) * 2,
        )
    webhooks.show(dead=True, as_json=False)
    assert f"{DEAD}\t16\t-\t-msg" in capfd.readouterr().out
    webhooks.retry("all")
    webhooks.show(dead=False, as_json=True)
    (message,) = json.loads(capfd.readouterr().out)["messages"]
    assert (message["state"], message["attempts"]) == ("waiting", 0)
    store.close()


def test_a_saved_document_is_verified_again_from_a_file(desk, shown, tmp_path, monkeypatch, capfd):
    own = desk.settings
    for name in ("home", "public_url"):
        monkeypatch.setenv(f"PASSPORT_VERIFIER_{name.upper()}", str(getattr(own, name)))
    path = tmp_path / "saved.json"
    document = desk.fhir(shown.id, desk="ward", presentation=True)
    path.write_text(json.dumps(document))
    again.again(str(path), as_json=False)
    said = capfd.readouterr()
    assert "AllergySummary\tstands\t-" in said.out
    assert "This desk asked" in said.err
    again.again(str(path), as_json=True)
    assert json.loads(capfd.readouterr().out)["stands"] is True
