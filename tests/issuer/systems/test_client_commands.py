"""``passport-issuer clients`` and ``webhooks``, as an operator meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from issuer_config import config_file
from simulated_issuer import made_settings
from typer.testing import CliRunner

from healthpassport.keys import generate_signer
from issuer.cli import app


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    settings, _ = made_settings(folder, certified_at=datetime.now(UTC))
    return config_file(folder, settings, 'webhook_hosts = ["epr.example:443"]')


def run(config, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments), "--config", str(config)])


def said(config, *arguments):
    result = run(config, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def rows(config, *arguments):
    return [json.loads(line) for line in said(config, *arguments, "--json").splitlines()]


def failed(result, code):
    assert result.exit_code == 1
    assert result.exception.code == code


def test_no_key_gets_the_name_of_a_record_system_also_of_one_that_was_ended(config):
    said(config, "clients", "add", "pas")
    failed(run(config, "keys", "add", "pas"), "api.key_name_of_client")
    said(config, "clients", "end", "pas")
    failed(run(config, "keys", "add", "pas"), "api.key_name_of_client")
    assert said(config, "keys", "add", "lab").startswith("hpi_")


def test_a_client_is_added_listed_narrowed_and_ended(config, tmp_path):
    scopes = ("--scope", "offers:create", "--scope", "offers:read")
    secret = said(config, "clients", "add", "epr", *scopes)
    assert secret.splitlines()[0].startswith("hps_")
    [row] = [one for one in rows(config, "clients", "list") if one["name"] == "epr"]
    assert (row["name"], row["scopes"]) == ("epr", ["offers:create", "offers:read"])
    assert (row["secrets"], row["keys"]) == (1, 0)
    assert secret.splitlines()[0] not in said(config, "clients", "list", "--json")
    jwks = tmp_path / "epr.jwks"
    jwks.write_text(json.dumps(generate_signer().public_key.jwk()))
    [row] = rows(config, "clients", "add", "epr", "--jwks", jwks, "--overlap", 0)
    assert row["secret"] is None
    [row] = [one for one in rows(config, "clients", "list") if one["name"] == "epr"]
    assert (row["secrets"], row["keys"]) == (0, 1)
    assert "offers:create" not in said(config, "clients", "scopes", "epr", "status:read")
    assert "ended" in said(config, "clients", "end", "epr")
    assert "epr" in said(config, "clients", "list")
    failed(run(config, "clients", "add", "epr"), "api.client_ended")


def test_what_cannot_be_is_refused(config, tmp_path):
    failed(run(config, "clients", "add", "Not A Name"), "api.client_name")
    failed(run(config, "clients", "add", "new", "--scope", "everything"), "api.invalid_scope")
    failed(run(config, "clients", "add", "new", "--jwks", tmp_path / "none"), "api.client_key")
    failed(run(config, "clients", "scopes", "nobody", "bulk"), "api.client_unknown")
    failed(run(config, "clients", "end", "nobody"), "api.client_unknown")
    failed(run(config, "webhooks", "add", "epr", "https://other.example/"), "webhook.host")
    failed(run(config, "webhooks", "end", "-nobody"), "api.webhook_unknown")
    failed(run(config, "webhooks", "retry", "msg_none"), "api.webhook_unknown")


def test_a_receiver_is_added_listed_renewed_and_ended(config):
    url = "https://epr.example/told"
    first = said(config, "webhooks", "add", "epr", url, "--event", "offer.expired")
    assert first.splitlines()[0].startswith("whsec_")
    [row] = rows(config, "webhooks", "list")
    assert (row["client"], row["url"], row["events"]) == ("epr", url, ["offer.expired"])
    assert row["id"] in said(config, "webhooks", "list")
    [renewed] = rows(config, "webhooks", "renew", row["id"])
    assert renewed["secret"] not in first
    assert rows(config, "webhooks", "messages", "--dead") == []
    said(config, "webhooks", "retry", "all")
    said(config, "webhooks", "end", row["id"])
    assert rows(config, "webhooks", "list") == []
