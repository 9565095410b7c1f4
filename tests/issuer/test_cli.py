"""The commands of passport-issuer, as a person meets them."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from databases import on_sqlite
from issuer_config import config_file
from simulated_issuer import Site, Wallet, made_settings
from typer.testing import CliRunner

from healthpassport.keys import load_signer
from healthpassport.keys.public import public_key_from_library
from issuer.cli import app

PATIENT = Path(__file__).resolve().parents[2] / "demo" / "patients" / "agnes-quillfeather.json"
LIGHT = "import sys, issuer.cli; print([m for m in sys.modules if m in {0!r}])"
HEAVY = {"fastapi", "starlette", "sqlalchemy", "uvicorn", "alembic", "segno", "cryptography"}


@pytest.fixture
def config(tmp_path):
    settings, _ = made_settings(tmp_path, certified_at=datetime.now(UTC))
    return config_file(tmp_path, settings)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def failed(result, code):
    assert result.exit_code == 1
    assert result.exception.code == code


@pytest.fixture
def issuance(tmp_path, config):
    """The id of something issued, in the database of ``config``."""
    site = Site.__new__(Site)
    site.folder, site.changes, site.now = tmp_path, {}, datetime.now(UTC)
    from issuer.settings import load  # noqa: PLC0415

    site.settings = load(config)
    site.reopen()
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    site.issuer.store.close()
    [entry] = json_lines(run("issued", "--json", "--config", config))
    assert (entry["recordType"], entry["status"]) == ("AllergySummary", "valid")
    return entry["id"]


def json_lines(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_offer_is_made_of_a_file(config):
    [made] = json_lines(run("offers", "create", PATIENT, "--json", "--config", config))
    assert made["link"].startswith("openid-credential-offer://")
    assert len(made["pin"]) == 6
    said = run("offers", "create", PATIENT, "--type", "PatientIdentity", "--config", config)
    assert said.exit_code == 0
    assert said.stdout.splitlines() == [said.stdout.strip()]
    assert "PIN: " in said.stderr
    assert "Records: PatientIdentity" in said.stderr


def test_an_offer_of_a_file_that_is_not_there_is_refused(config):
    failed(run("offers", "create", "none.json", "--config", config), "offer.request")


def test_what_was_issued_is_listed_and_withdrawn_for_good(config, issuance):
    said = run("issued", "--config", config)
    assert issuance in said.stdout
    assert "x2" in said.stdout
    assert json_lines(run("suspend", issuance, "--json", "--config", config)) == [
        {"version": 1, "id": issuance, "status": "suspended"}
    ]
    assert "valid" in run("reinstate", issuance, "--config", config).stdout
    assert "replaced" in run("replace", issuance, "--config", config).stdout
    assert "withdrawn" in run("withdraw", issuance, "--config", config).stdout
    failed(run("reinstate", issuance, "--config", config), "issuer.withdrawn")
    for unknown in ("nothing", "-nothing", "--nothing"):
        failed(run("withdraw", unknown, "--config", config), "issuer.issuance_unknown")


def test_an_empty_issuer_says_so(config):
    said = run("issued", "--config", config)
    assert said.exit_code == 0
    assert said.stdout == ""
    assert "Nothing was issued yet." in said.stderr
    assert run("issued", "--json", "--config", config).output == ""


def test_status_lists_are_written_to_files(config, tmp_path):
    def publish(folder, *more):
        return run("status", "publish", "--to", folder, *more, "--config", config)

    told = json_lines(publish(tmp_path / "out", "--json"))
    assert [row["uri"] for row in told] == [
        "https://issuer.example/status/1",
        "https://issuer.example/status/bitstring/1",
        "https://issuer.example/status/bitstring/2",
    ]
    assert all(row["written"] for row in told)
    bitstring = json.loads((tmp_path / "out" / "bitstring" / "2").read_text())
    assert bitstring["credentialSubject"]["statusPurpose"] == "suspension"
    assert (tmp_path / "out" / "1").read_text().count(".") == 2
    assert "unchanged" in publish(tmp_path / "out").stdout
    taken = tmp_path / "file"
    taken.write_text("")
    failed(publish(taken), "issuer.folder")


def test_status_lists_are_shown_and_closed_after_a_restore(config, tmp_path):
    first, *_ = json_lines(run("status", "show", "--json", "--config", config))
    assert first["uri"] == "https://issuer.example/status/1"
    assert (first["size"], first["closed"], first["small"]) == (2**20, False, first["standing"] > 0)
    assert "status/1" in run("status", "show", "--config", config).stdout
    assert run("status", "retire", "--config", config).stdout == ""
    run("status", "publish", "--to", tmp_path / "out", "--config", config)
    said = run("status", "after-restore", "--published", tmp_path / "out", "--config", config)
    assert "3 published lists read" in said.stdout
    (done,) = json_lines(run("status", "after-restore", "--json", "--config", config))
    assert done["next_list"] > 1_000
    failed(
        run("status", "after-restore", "--published", tmp_path / "no", "--config", config),
        "issuer.folder",
    )


def test_a_key_is_shown_once(config):
    [made] = json_lines(run("keys", "add", "hospital", "--json", "--config", config))
    assert made["key"].startswith("hpi_")
    assert run("keys", "add", "pharmacy", "--config", config).stdout.startswith("hpi_")
    failed(run("keys", "add", "hospital", "--config", config), "issuer.key_name")


def test_the_doctor_names_what_is_wrong(config, tmp_path):
    said = run("doctor", "--config", config)
    assert said.exit_code == 1
    assert "ok     database" in said.stdout
    assert "WRONG  tls" in said.stdout
    assert "PASSPORT_ISSUER_TLS_CERT" in said.stderr
    text = config.read_text()
    config.write_text(
        f'{text}tls_cert = "{tmp_path / "x5c.pem"}"\ntls_key = "{tmp_path / "issuer.pem"}"\n'
    )
    found = json_lines(run("doctor", "--json", "--config", config))
    assert {entry["ok"] for entry in found} == {True}
    config.write_text(text.replace("https://issuer.example", "https://other.example"))
    found = [
        json.loads(line)
        for line in run("doctor", "--json", "--config", config).stdout.split("\n")
        if line
    ]
    wrong = {entry["check"]: entry["problem"] for entry in found if not entry["ok"]}
    assert "not the host" in wrong["signing key and certificate"]
    assert "WRONG  settings" in run("doctor", "--config", tmp_path / "none.toml").stdout


def test_the_doctor_finds_a_broken_database_and_keys(tmp_path):
    settings, _ = made_settings(tmp_path, **on_sqlite(tmp_path))
    config = config_file(tmp_path, settings)
    (tmp_path / "keys.json").write_text("{")
    (tmp_path / "issuer.sqlite").write_bytes(b"broken" * 1000)
    said = run("doctor", "--config", config).stdout
    assert "WRONG  api keys" in said
    assert "WRONG  database" in said


def test_serving_without_tls_is_refused(config):
    failed(run("serve", "--config", config), "issuer.settings")


def test_an_error_has_three_lines_and_an_exit_code(config):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from issuer.cli import main; main()",
            "withdraw",
            "x",
            "--config",
            str(config),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    first, second, third = done.stderr.splitlines()
    assert first.startswith("Error issuer.issuance_unknown: ")
    assert second
    assert third.startswith("Next: ")


def test_listing_the_commands_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", LIGHT.format(HEAVY)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_signing_key_and_its_request_are_made_once(tmp_path, algorithm):
    secret = tmp_path / "pass"
    secret.write_text("correct horse battery\n")
    key, csr = tmp_path / "issuer.key", tmp_path / "issuer.csr"
    asked = ("keys", "signing", "issuer.example", "--algorithm", algorithm)
    files = ("--out", key, "--csr", csr, "--passphrase-file", secret)
    [told] = json_lines(run(*asked, *files, "--json"))
    signer = load_signer(told["key"], b"correct horse battery")
    assert (signer.algorithm, signer.public_key.thumbprint()) == (algorithm, told["thumbprint"])
    assert key.stat().st_mode & 0o077 == 0
    request = x509.load_pem_x509_csr(csr.read_bytes())
    assert request.is_signature_valid
    assert public_key_from_library(request.public_key()) == signer.public_key
    before = key.read_bytes()
    failed(run(*asked, *files), "key.exists")
    assert key.read_bytes() == before
    missing = ("--passphrase-file", tmp_path / "none")
    failed(run(*asked, "--out", tmp_path / "n.key", "--csr", csr, *missing), "issuer.settings")
    assert run("keys", "signing", "a.example", "--algorithm", "HS256", *files).exit_code == 2
    plain = run(*asked, "--out", tmp_path / "plain.key", "--csr", csr)
    assert plain.stdout.startswith("file:")
