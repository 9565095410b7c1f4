"""Transcripts: an engineer tries the sources, finds somebody, and makes a key to register."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from fhir_examples import PATIENT, bundle, data
from issuer_config import config_file
from record_system import CLIENT, SERVED, RecordSystem
from simulated_issuer import made_settings
from structured_record import GpSystem
from typer.testing import CliRunner

from healthpassport.errors import SourceError
from issuer.cli import app
from issuer.service import record_systems

NUMBER = "9990000018"


def run(*arguments, typed=""):
    return CliRunner().invoke(app, [str(a) for a in arguments], input=typed)


def configured(folder, *lines):
    settings, _ = made_settings(folder, certified_at=datetime.now(UTC))
    return config_file(folder, settings, *lines)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "rowan.json").write_bytes(data(bundle(PATIENT)))
    return configured(tmp_path, f'source_folder = "{tmp_path / "notes"}"')


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Settings of a FHIR server and a practice's system, with both behind the wire."""
    system, practice = RecordSystem(), GpSystem()

    class Way:
        def fetch(self, request):
            return (practice if "gpc" in request.url else system).fetch(request)

    monkeypatch.setattr(record_systems, "https", lambda settings: Way())
    config = configured(
        tmp_path,
        'source_fhir_url = "https://fhir.practice.example/r4"',
        f'source_fhir_client_id = "{CLIENT}"',
        f'source_fhir_key = "file:{tmp_path / "source.pem"}"',
        'source_gp_connect_url = "https://proxy.example/https://gp.example/A12345/STU3/1"',
        'source_gp_connect_from = "200000000115"',
        'source_gp_connect_to = "200000000116"',
        'source_gp_connect_user = "10019"',
    )
    made = run("sources", "key", "--config", config)
    assert made.exit_code == 0, made.output
    system.keys = json.loads(made.stdout)
    return config, system, practice


def refused(result, code):
    assert result.exit_code == 1
    assert isinstance(result.exception, SourceError)
    assert result.exception.code == code


def test_a_folder_says_how_many_of_its_files_can_be_read(folder, tmp_path):
    (tmp_path / "notes" / "broken.json").write_bytes(b"{")
    tried = run("sources", "try", "--config", folder)
    assert (tried.exit_code, tried.stdout) == (0, "ok     folder\n")
    assert "2 files, 1 of which can be read" in tried.stderr
    assert "broken.json cannot be read: fhir.not_json" in tried.stderr


def test_somebody_is_found_by_command(folder):
    found = run("sources", "find", "--nhs-number", "-", "--config", folder, typed=f"{NUMBER}\n")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines(keepends=True)[-1].split("\t") == [
        "rowan.json", "", "EXAMPLE, Given", "1958-07-14", f"{NUMBER} (not checked)", "\n",
    ]  # fmt: skip
    asked = ("--family", "example", "--born", "1958-07-14", "--given", "given", "--json")
    told = json.loads(run("sources", "find", *asked, "--config", folder).stdout)
    assert told["found"][0]["name"] == "rowan.json"


def test_nobody_is_found_in_words(folder):
    found = run("sources", "find", "--nhs-number", "9990000026", "--config", folder)
    assert (found.exit_code, found.stdout) == (1, "")
    refused(run("sources", "find", "--family", "Example", "--config", folder), "source.person")
    refused(run("sources", "find", "--nhs-number", "9", "--config", folder), "source.number")
    asked = ("--nhs-number", NUMBER, "--from", "fhir")
    refused(run("sources", "find", *asked, "--config", folder), "source.none")


def test_without_a_source_there_is_none_to_try(tmp_path):
    refused(run("sources", "try", "--config", configured(tmp_path)), "source.none")


def test_record_systems_are_tried_and_say_what_they_can(server):
    config, system, _ = server
    tried = run("sources", "try", "--config", config, "--json")
    fhir, practice = map(json.loads, tried.stdout.splitlines())
    assert (fhir["source"], fhir["ok"], practice["source"], practice["ok"]) == (
        "fhir", True, "gp-connect", True,
    )  # fmt: skip
    assert fhir["told"][0] == "notes are read by search"
    assert practice["told"] == ["asked as 10019, of A12345", "the endpoint answers"]
    system.served = tuple(kind for kind in SERVED if kind != "Immunization")
    tried = run("sources", "try", "--from", "fhir", "--config", config)
    assert "told as missing: immunisations" in tried.stderr


def test_a_record_system_that_is_not_as_it_should_be_is_told_apart(server):
    config, system, _ = server
    system.keys = {"keys": []}
    tried = run("sources", "try", "--config", config)
    assert tried.exit_code == 1
    assert tried.stdout == "WRONG  fhir\nok     gp-connect\n"
    assert "source.sign_in" in tried.stderr


def test_a_key_is_made_once(server, tmp_path):
    config, system, _ = server
    assert json.loads(run("sources", "key", "--config", config).stdout) == system.keys
    assert (tmp_path / "source.pem").stat().st_mode & 0o077 == 0


def test_doctor_notes_a_source_that_cannot_be_opened(folder, tmp_path):
    checked = run("doctor", "--config", folder)
    assert "ok     sources" in checked.stdout
    folder.write_text(folder.read_text() + 'source_default = "fhir"\n')
    assert "WRONG  sources" in run("doctor", "--config", folder).stdout
    lines = (
        'source_fhir_url = "https://fhir.practice.example/r4"\n'
        f'source_fhir_client_id = "{CLIENT}"\nsource_fhir_key = "file:{tmp_path / "none.pem"}"\n'
    )
    folder.write_text(folder.read_text() + lines)
    checked = run("doctor", "--config", folder)
    assert "source.setup" in checked.output


@pytest.mark.parametrize(
    "line",
    [
        'source_fhir_url = "http://fhir.practice.example/r4"',
        'source_fhir_url = "https://user@fhir.practice.example/r4"',
        'source_fhir_client_id = "x"',
        'source_gp_connect_url = "https://gp.example"',
        'source_private_hosts = ["localhost"]',
        'source_fhir_without = ["../Observation"]',
        'source_default = "disk"',
        "source_seconds = 0",
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path, line):
    result = run("sources", "try", "--config", configured(tmp_path, line))
    assert result.exit_code == 1
    assert result.exception.code == "issuer.settings"
