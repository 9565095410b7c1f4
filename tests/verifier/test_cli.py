"""The desk's commands, as a person types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from commands_here import run_here
from desk_world import desk_settings, full_wallet, make_desk

from demo.tls import make_tls_files
from healthpassport.credential import Challenge
from healthpassport.errors import catalogue
from healthpassport.protocols.oid4vp import build_vp_token
from schemas.queries import request_query, templates
from verifier.cli import main


def run(*arguments, home, stdin=b"", **environment):
    names = {f"PASSPORT_VERIFIER_{name.upper()}": value for name, value in environment.items()}
    environment = {
        "PATH": os.environ["PATH"],
        "PASSPORT_VERIFIER_HOME": str(home),
        "PASSPORT_VERIFIER_PUBLIC_URL": "https://desk.example",
        "NO_COLOR": "1",
        **names,
    }
    return run_here(main, *arguments, environment=environment, typed=stdin)


@pytest.fixture
def home(world, tmp_path):
    desk = make_desk(world, tmp_path / "desk")
    desk.shut()
    return tmp_path / "desk"


@pytest.fixture
def shared_file(world, home):
    """A query, a presentation of it, and the command's options."""
    query = request_query(templates()["emergency_admission"])
    (home / "query.json").write_text(json.dumps(query))
    from healthpassport.protocols.dcql import Query  # noqa: PLC0415

    shown = full_wallet(world).presentation(Query.parse(query), Challenge("n" * 22, "x509_hash:me"))
    (home / "shown.json").write_bytes(build_vp_token(shown, state=None))
    options = ["--nonce", "n" * 22, "--audience", "x509_hash:me", "--query", home / "query.json"]
    return [home / "shown.json", *options]


LOADED = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from verifier.cli import main
main()
"""


def test_help_comes_at_once_since_it_loads_neither_server_nor_database(home):
    result = subprocess.run(
        [sys.executable, "-c", LOADED, "--help"],
        env={"PATH": os.environ["PATH"], "PASSPORT_VERIFIER_HOME": str(home)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0
    loaded = set(result.stderr.decode().split())
    assert loaded & {"verifier.cli", "typer"} == {"verifier.cli", "typer"}
    assert not loaded & {"fastapi", "uvicorn", "sqlalchemy", "pyld", "cryptography", "nacl"}


def test_templates_are_listed(home):
    result = run("templates", "--json", home=home)
    found = json.loads(result.stdout)
    assert found["version"] == 1
    assert found["templates"][0]["query"]["credentials"]
    assert b"emergency_admission" in run("templates", home=home).stdout


def test_a_presentation_from_a_file_is_verified(home, shared_file):
    result = run("verify", *shared_file, "--json", home=home)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["verdict"], found["allergyHeading"]) == ("accepted", "Known allergies")
    plain = run("verify", *shared_file, home=home)
    assert b"AllergySummary: items 2 of 2 from Example Surgery (A12345)" in plain.stdout


def test_a_presentation_comes_from_stdin_too(home, shared_file):
    data = shared_file[0].read_bytes()
    result = run("verify", "-", *shared_file[1:], home=home, stdin=data)
    assert result.returncode == 0, result.stderr


def test_a_presentation_for_another_nonce_is_not_accepted(home, shared_file):
    shared_file[2] = "m" * 22
    result = run("verify", *shared_file, "--json", home=home)
    assert result.returncode == 1
    assert json.loads(result.stdout)["codes"] == ["kb.nonce"]
    assert b"Not accepted" in result.stderr


def test_what_was_refused_is_told_with_its_next_step(home, shared_file):
    shared_file[2] = "m" * 22
    result = run("verify", *shared_file, home=home)
    entry = catalogue()["kb.nonce"]
    assert b"AllergySummary: failed_check [kb.nonce]" in result.stdout
    assert f"{entry.title} Next: {entry.hint}" in result.stderr.decode()


@pytest.mark.parametrize("content", [b"", b"{", b"no presentation", b'{"vp_token": {}}', b"\xff"])
def test_a_file_that_holds_no_presentation_is_refused_in_words(home, shared_file, content):
    shared_file[0].write_bytes(content)
    result = run("verify", *shared_file, home=home)
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert b"Next: " in result.stderr


def test_doctor_says_what_to_mend(home, tmp_path):
    result = run("doctor", "--json", home=home)
    rows = {row["name"]: row["ok"] for row in json.loads(result.stdout)["checks"]}
    assert result.returncode == 1
    assert rows["signing key and certificate"]
    assert rows["trust and status lists"]
    assert not rows["https"]
    tls = make_tls_files(tmp_path / "tls", now=datetime.now(UTC))
    files = {"tls_cert": str(tls.certificate), "tls_key": str(tls.key)}
    assert run("doctor", home=home, **files).returncode == 0
    empty = run("doctor", home=tmp_path / "empty")
    assert b"MEND signing key and certificate" in empty.stdout
    assert b"Next: " in empty.stderr


def test_a_key_is_printed_once_and_kept_as_a_digest(home):
    result = run("key", "create", "ward", "--json", home=home)
    secret = json.loads(result.stdout)["key"]
    assert secret not in (home / "api-keys.json").read_text()
    assert run("key", "create", "ward", home=home).returncode == 1


def test_requests_need_a_running_desk_and_its_key(home):
    result = run("request", "create", "emergency_admission", home=home)
    assert result.returncode == 1
    assert b"PASSPORT_VERIFIER_API_KEY_FILE" in result.stderr


def test_serving_needs_https(home):
    result = run("serve", home=home)
    assert result.returncode == 1
    assert b"--tls-cert" in result.stderr


def test_updating_needs_to_know_where_the_list_is(home):
    result = run("update", home=home)
    assert result.returncode == 1
    assert b"PASSPORT_VERIFIER_TRUST_URL" in result.stderr


def test_an_unknown_host_in_the_certificate_is_named(home):
    result = run("doctor", "--json", home=home, public_url="https://other.example")
    rows = {row["name"]: row for row in json.loads(result.stdout)["checks"]}
    assert rows["signing key and certificate"]["code"] == "verifier.setup"
    assert "other.example" in rows["signing key and certificate"]["words"]


def test_a_request_is_made_and_shown_at_a_running_desk(world, tmp_path):
    home = tmp_path / "desk"
    tls = make_tls_files(tmp_path / "tls", now=datetime.now(UTC))
    registered = world.authority.add_verifier(
        ods="RXX02",
        name="Local Hospital",
        host="localhost",
        purposes=["emergency"],
        now=datetime.now(UTC),
        jwk=world.desk_signer.public_key.jwk(),
    )
    desk_settings(world, home)
    (home / "verifier.pem").write_bytes(registered.certificate.pem)
    port = str(_free_port())
    environment = {
        "public_url": f"https://localhost:{port}",
        "api_port": port,
        "web_port": str(_free_port()),
        "tls_cert": str(tls.certificate),
        "tls_key": str(tls.key),
        "ca_file": str(tls.ca),
        "allowed_private_hosts": json.dumps([f"localhost:{port}"]),
        "api_key_file": str(home / "key.txt"),
    }
    (home / "key.txt").write_bytes(run("key", "create", "ward", home=home).stdout)
    names = {f"PASSPORT_VERIFIER_{n.upper()}": v for n, v in environment.items()}
    server = subprocess.Popen(
        [sys.executable, "-c", "from verifier.cli import main; main()", "serve"],
        env={"PATH": os.environ["PATH"], "PASSPORT_VERIFIER_HOME": str(home), **names},
        stderr=subprocess.PIPE,
    )
    try:
        made = _until_served(home, environment)
        assert made["link"].startswith("openid4vp://")
        shown = run("request", "show", made["id"], "--json", home=home, **environment)
        assert json.loads(shown.stdout)["state"] == "waiting"
        for unknown in ("nothing", "-nothing"):
            missing = run("request", "show", unknown, home=home, **environment)
            assert missing.returncode == 1
            assert b"not_found" in missing.stderr
    finally:
        server.terminate()
        _, words = server.communicate(timeout=60)
    assert b"Traceback" not in words
    assert b"http://localhost:" in words


def _free_port():
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _until_served(home, environment):
    for _ in range(40):
        result = run("request", "create", "emergency_admission", "--json", home=home, **environment)
        if result.returncode == 0:
            return json.loads(result.stdout)
        time.sleep(0.25)
    pytest.fail(result.stderr.decode())
