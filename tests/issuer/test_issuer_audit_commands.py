"""``passport-issuer audit``: sign, write out, check, look; what goes where, and the exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from issuer_config import config_file
from repository import ROOT
from simulated_issuer import made_settings
from sqlalchemy import text
from typer.testing import CliRunner

from issuer.cli import app
from issuer.settings import load
from issuer.store import open_store


def run(*words, typed=""):
    return CliRunner().invoke(app, [str(word) for word in words], input=typed)


@pytest.fixture
def config(tmp_path):
    settings, _ = made_settings(tmp_path, certified_at=datetime.now(UTC))
    return config_file(tmp_path, settings)


@pytest.fixture
def audit(config):
    return lambda *words, typed="": run("audit", *words, "--config", config, typed=typed)


def touch(config, statement):
    settings = load(config)
    store = open_store(settings.database, url=settings.database_url.get_secret_value())
    with store.writing() as tx:
        tx.execute(text(statement))
    store.close()


def test_a_whole_trail_is_written_out_and_checked(audit, tmp_path):
    file = tmp_path / "trail.jsonl"
    assert audit("export", "--to", file).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_bytes().splitlines()[-2])["entry"]["event"] == "trail.exported"
    checked = audit("verify", file)
    assert checked.exit_code == 0
    assert "The trail is whole." in checked.stderr
    assert checked.stdout.splitlines()[1] == "entries: 2, numbers 1 to 2"
    assert audit("verify").exit_code == 0
    assert audit("verify", "-", typed=file.read_bytes()).exit_code == 0


def test_an_entry_that_was_touched_is_named_in_the_file_and_in_the_database(
    audit, config, tmp_path
):
    file = tmp_path / "trail.jsonl"
    audit("find")
    file.write_bytes(audit("export").stdout_bytes.replace(b"trail.read", b"trail.rode", 1))
    checked = audit("verify", file)
    assert checked.exit_code == 1
    assert "audit.altered: entry 2, line 2" in checked.stdout
    touch(config, "DELETE FROM audit WHERE seq = 2")
    told = audit("verify", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["findings"] == [
        {"code": "audit.removed", "first": 2, "last": 2, "line": 0}
    ]


def test_a_head_that_was_kept_elsewhere_tells_a_trail_that_was_set_back(audit, config, tmp_path):
    audit("find")
    signed = json.loads(audit("head", "--json").stdout)
    assert (signed["version"], signed["seq"]) == (1, 2)
    kept = tmp_path / "head.jws"
    kept.write_text(audit("head").stdout)
    assert audit("verify", "--head", kept).exit_code == 0
    touch(config, "DELETE FROM audit_heads")
    touch(config, "DELETE FROM audit WHERE seq > 1")
    touch(config, "UPDATE audit_trails SET seq = 1, hash = (SELECT hash FROM audit)")
    assert audit("verify").exit_code == 0
    found = audit("verify", "--head", kept)
    assert (found.exit_code, "audit.cut: entry 2" in found.stdout) == (1, True)


def test_a_machine_that_is_no_issuer_checks_with_the_issuers_certificate(
    audit, config, tmp_path, monkeypatch
):
    file = tmp_path / "trail.jsonl"
    audit("export", "--to", file)
    monkeypatch.chdir(tmp_path)
    assert run("audit", "verify", file).exit_code == 1
    chain = config.with_name("x5c.pem")
    assert run("audit", "verify", file, "--certificate", chain).exit_code == 0


def test_what_was_done_is_found_by_an_nhs_number_and_by_an_id(audit, config):
    bundle = ROOT / "demo" / "patients" / "marged-penhallow.json"
    made = json.loads(run("offers", "create", bundle, "--json", "--config", config).stdout)
    [row] = audit("find", "--about", made["offerId"]).stdout.splitlines()
    assert "offer.made" in row
    found = json.loads(audit("find", "--event", "patient.offered", "--json").stdout)
    assert found["facts"] == {"offer": made["offerId"]}
    assert found["who"]["desk"] == "command line"
    number = "999 000 0050"
    row = audit("find", "--about", "-", typed=f"{number}\n").stdout
    assert "patient.offered" in row
    assert number not in row
    assert audit("find", "--about", "nobody").stderr == "No entry.\n"
    assert audit("find", "--day", "1999-12-31").stdout == ""
    assert audit("find", "--day", "tomorrow").exit_code == 2


def test_an_api_key_that_is_made_is_told_without_the_key(audit, config):
    key = run("keys", "add", "hospital", "--config", config).stdout.strip()
    row = audit("find", "--event", "api_key.made", "--json").stdout
    assert json.loads(row)["about"]
    assert key not in audit("export").stdout
    assert "hospital" not in row


def test_a_key_that_is_made_before_the_issuer_stands_all_the_same(tmp_path):
    settings, _ = made_settings(tmp_path, certified_at=datetime.now(UTC))
    path = config_file(tmp_path, settings)
    settings.x5c.unlink()
    made = run("keys", "add", "early", "--config", path)
    assert made.exit_code == 0
    assert made.stdout.startswith("hpi_")
    assert "Not in the audit trail" in made.stderr


@pytest.mark.parametrize("words", [("verify", "none.jsonl"), ("verify", "--head", "none.jws")])
def test_a_file_that_is_not_there_is_refused(audit, words):
    found = audit(*words)
    assert found.exit_code == 1
    assert found.exception.code == "issuer.settings"
