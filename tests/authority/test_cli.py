"""Transcripts of passport-trust, with real files and a real TLS server."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from authority_world import jwk
from commands_here import run_here
from simulated_web import serve, write_tls

from authority.cli import main
from healthpassport.keys import generate_signer


@dataclass(frozen=True, slots=True)
class Said:
    """What a command wrote."""

    stdout: str
    stderr: str


@pytest.fixture
def trust(tmp_path):
    """Runs ``passport-trust`` in a folder of its own."""
    (tmp_path / "pass").write_text("correct horse battery\n")
    (tmp_path / "key.jwk").write_text(json.dumps(jwk()))
    (tmp_path / "desk.jwk").write_text(json.dumps(jwk()))
    environment = {
        "PASSPORT_AUTHORITY_HOME": str(tmp_path / "authority"),
        "PASSPORT_AUTHORITY_COPY_FOLDER": str(tmp_path / "copy"),
        "PASSPORT_AUTHORITY_KDF_COST": "16384",
    }

    def run(*words: str, code: int = 0) -> Said:
        done = run_here(main, *words, environment=environment, folder=tmp_path)
        said = Said(done.stdout.decode(), done.stderr.decode())
        assert done.returncode == code, said.stderr
        assert "Traceback" not in said.stderr
        return said

    return run


SECRET = ("--passphrase-file", "pass")
ADD_ISSUER = (
    *("add-issuer", "--iss", "https://issuer.example", "--ods", "A12345"),
    *("--name", "Example Surgery", "--record-type", "AllergySummary"),
    *("--status-list", "https://issuer.example/status/1", "--jwk", "key.jwk", "--out", "issuer"),
    *SECRET,
)
ADD_VERIFIER = (
    *("add-verifier", "--ods", "RX123", "--name", "Example Hospital", "--host", "desk.example"),
    *("--jwk", "desk.jwk", "--out", "desk", *SECRET),
)


def serving(folder):
    def behave(connection, request: bytes) -> None:
        path = folder / request.split(b" ")[1].decode().lstrip("/")
        body = path.read_bytes() if path.is_file() else b""
        status = b"200 OK" if path.is_file() else b"404 Not Found"
        head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        connection.sendall(head + body)

    return behave


def test_from_the_key_ceremony_to_a_copy_at_a_desk(trust, tmp_path):
    made = trust("init", "--name", "Example Authority", *SECRET, "--json")
    root = json.loads(made.stdout)["root"]
    added = json.loads(trust(*ADD_ISSUER, "--json").stdout)
    assert added["version"] == 1
    assert len(added["x5c"]) == 1
    assert (tmp_path / "issuer" / "issuer.pem").read_text().startswith("-----BEGIN CERTIFICATE")
    desk = json.loads(trust(*ADD_VERIFIER, "--purpose", "emergency", "--json").stdout)
    assert desk["clientId"].startswith("x509_hash:")
    assert (tmp_path / "desk" / "registrations" / "emergency.jwt").exists()
    assert "Published version 1" in trust("publish", "--out", "www", *SECRET).stdout
    pem = write_tls(tmp_path)
    with serve(pem, serving(tmp_path / "www")) as server:
        follow = ("--url", server.url, "--root", root, "--ca-file", str(pem))
        allowed = ("--allow", f"localhost:{server.port}")
        updated = json.loads(trust("update", *follow, *allowed, "--json").stdout)
        blocked = trust("update", *follow, code=1)
    assert (updated["list"], updated["issuers"], updated["verifiers"]) == (1, 1, 1)
    assert "ssrf.blocked" in blocked.stderr
    assert "copy: version 1" in trust("check", "--copy", "copy", "--root", root).stdout
    checked = json.loads(trust("check", "--published", "www", "--json").stdout)
    assert {row["level"] for row in checked["findings"]} == {"ok", "soon"}


def test_removing_and_rotating(trust, tmp_path):
    trust("init", "--name", "Example Authority", *SECRET)
    trust(*ADD_ISSUER)
    client = json.loads(trust(*ADD_VERIFIER, "--purpose", "emergency", "--json").stdout)["clientId"]
    trust("remove-verifier", "--client-id", client)
    trust("remove-issuer", "--iss", "https://issuer.example")
    rotated = trust("rotate-root", *SECRET, "--replace", "root-3", "--replace", "timestamp")
    assert "Root version 2" in rotated.stdout
    trust("publish", "--out", "www", *SECRET)
    log = json.loads((tmp_path / "www" / "changelog.json").read_bytes())
    assert len(log["changes"]) == 5


def test_a_second_key_is_listed_and_taken_off(trust, tmp_path):
    trust("init", "--name", "Example Authority", *SECRET)
    second = generate_signer("ML-DSA-44").public_key
    (tmp_path / "second.jwk").write_text(json.dumps(second.jwk()))
    added = json.loads(trust(*ADD_ISSUER, "--second-jwk", "second.jwk", "--json").stdout)
    assert f"post-quantum key {second.thumbprint()[:8]}" in trust("check").stdout
    key = ("second-key", "--iss", "https://issuer.example", "--key", added["thumbprint"])
    assert trust(*key, "--remove").stdout == "Post-quantum key: none\n"
    assert "post-quantum" not in trust("check").stdout
    told = json.loads(trust(*key, "--jwk", "second.jwk", "--json").stdout)
    assert told["secondThumbprint"] == second.thumbprint()
    assert "authority.entry" in trust(*key, code=1).stderr
    assert "authority.entry" in trust(*key, "--jwk", "second.jwk", "--remove", code=1).stderr


def test_claims_come_from_a_file(trust, tmp_path):
    trust("init", "--name", "Example Authority", *SECRET)
    claims = {"pharmacy": {"MedicationSummary": ["nhsNumber", "items.unit"]}}
    (tmp_path / "claims.json").write_text(json.dumps(claims))
    narrow = ("--purpose", "pharmacy", "--claims", "claims.json")
    assert list(json.loads(trust(*ADD_VERIFIER, *narrow, "--json").stdout)["registrations"]) == [
        "pharmacy"
    ]
    refused = trust(*ADD_VERIFIER, "--purpose", "emergency", "--claims", "claims.json", code=1)
    assert "authority.entry" in refused.stderr
    (tmp_path / "claims.json").write_text('{"pharmacy": ["items.unit"]}')
    assert "authority.entry" in trust(*ADD_VERIFIER, *narrow, code=1).stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check",), 1, "authority.missing"),
        (("publish", "--out", "www", *SECRET), 1, "authority.missing"),
        (("publish", "--out", "www", "--passphrase-file", "nowhere"), 1, "authority.entry"),
        (("init", "--name", "x", "--passphrase-file", "key.jwk", "--nothing"), 2, "No such option"),
        (("update", "--url", "http://x.example", "--root", "nowhere"), 1, "authority.entry"),
        (("check", "--copy", "copy"), 1, ""),
        (("init", "--name", "x", *SECRET, "--folder", "pass"), 1, "authority.storage"),
    ],
)
def test_a_mistake_is_said_in_words(trust, words, code, said):
    assert said in trust(*words, code=code).stderr


@pytest.mark.parametrize("purpose", ["research", "marketing"])
def test_only_direct_care_can_be_registered(trust, purpose):
    trust("init", "--name", "Example Authority", *SECRET)
    refused = trust(*ADD_VERIFIER, "--purpose", purpose, code=4)
    assert "trust.purpose" in refused.stderr
    assert refused.stdout == ""


def test_an_authority_is_not_made_twice(trust):
    trust("init", "--name", "Example Authority", *SECRET)
    assert "authority.exists" in trust("init", "--name", "Other", *SECRET, code=1).stderr


def test_status_lists_that_cannot_be_fetched_are_named(trust, tmp_path):
    root = json.loads(trust("init", "--name", "A", *SECRET, "--json").stdout)["root"]
    pem = write_tls(tmp_path)
    words = [w.replace("issuer.example", "localhost") for w in ADD_ISSUER]
    trust(*words)
    trust("publish", "--out", "www", *SECRET)
    with serve(pem, serving(tmp_path / "www")) as server:
        follow = ("--url", server.url, "--root", root, "--ca-file", str(pem))
        allowed = ("--allow", f"localhost:{server.port}", "--statuses", "status", "--json")
        done = trust("update", *follow, *allowed, code=1)
    assert json.loads(done.stdout)["statusLists"] == {"https://localhost/status/1": "ssrf.blocked"}
    assert "ssrf.blocked" in done.stderr
