"""Transcripts: offers of a source, grants, and reports of errors at the practice's own console."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime

import pytest
from issuer_config import config_file
from returning_wallet import LATEX, NAME, NUT, Returning, offered, tell
from simulated_issuer import Site, Wallet, made_settings
from typer.testing import CliRunner

from healthpassport.jose import jwe
from issuer.cli import app
from issuer.settings import load
from issuer.store.tables import issuances

WORDS = "I can eat peanuts \x1b[31m now"


def run(*arguments, typed=""):
    return CliRunner().invoke(app, [str(a) for a in arguments], input=typed)


@pytest.fixture
def config(tmp_path):
    """Settings in a file, made with the commands where there are some."""
    settings, _ = made_settings(tmp_path, certified_at=datetime.now(UTC))
    (tmp_path / "source").mkdir()
    out, jwk = tmp_path / "reports.key", tmp_path / "reports.jwk"
    made = run("keys", "reports", "--out", out, "--jwk", jwk, "--json")
    assert made.exit_code == 0, made.output
    lines = [f'source_folder = "{tmp_path / "source"}"', f'reports_jwk = "{jwk}"']
    lines += [f'reports_key = "{json.loads(made.stdout)["key"]}"']
    return config_file(tmp_path, settings, *lines)


@pytest.fixture
def site(tmp_path, config):
    """The server of the same settings; its database is the commands' too."""
    made = Site.__new__(Site)
    made.folder, made.changes, made.now = tmp_path, {}, datetime.now(UTC)
    made.settings = load(config)
    made.reopen()
    tell(made, NUT, LATEX)
    yield made
    made.issuer.store.close()


def failed(result, code):
    assert result.exit_code == 1
    assert result.exception.code == code


def test_an_offer_by_the_name_of_a_source(config, site):
    made = run("offers", "create", "--source", NAME, "--config", config, "--json")
    assert made.exit_code == 0, made.output
    assert "AllergySummary" in json.loads(made.stdout)["recordTypes"]
    failed(run("offers", "create", "--source", "../x", "--config", config), "source.name")
    failed(run("offers", "create", "--source", "none.json", "--config", config), "source.unknown")
    failed(run("offers", "create", "--config", config), "offer.request")
    both = run("offers", "create", "file.json", "--source", NAME, "--config", config)
    failed(both, "offer.request")


def test_reminders_name_the_offer_and_nobody(config, site):
    assert run("reminders", "--config", config).stderr == "Nobody needs to be reminded now.\n"
    made = site.offer(wanted=["AllergySummary"])
    wallet = Wallet(site, made)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    with site.issuer.store.writing() as tx:  # as if it were weeks later
        tx.execute(issuances.update().values(expires_at=site.issuer.now() + 86_400))
    told = run("reminders", "--config", config).stdout
    assert told.split()[:2] == [made.id, "practice"]
    row = json.loads(run("reminders", "--config", config, "--json").stdout)
    assert (row["offer"], sorted(row)) == (
        made.id,
        ["client", "expiresAt", "grant", "offer", "version"],
    )


def test_grants_are_listed_and_stopped(config, site):
    assert run("grants", "list", "--config", config).stderr == "No wallet may come back yet.\n"
    wallet = Returning.of(site, offered(site))
    assert wallet.ask_credential().status == 200
    row = json.loads(run("grants", "list", "--config", config, "--json").stdout)
    assert (row["state"], row["source"]) == ("active", True)
    assert row["id"] in run("grants", "list", "--config", config).stdout
    stopped = run("grants", "stop", row["id"], "--config", config)
    assert stopped.stdout == f"{row['id']}  ended\n"
    assert wallet.refresh().json()["code"] == "grant.ended"
    [issued] = [
        json.loads(line) for line in run("issued", "--config", config, "--json").stdout.splitlines()
    ]
    assert issued["status"] == "withdrawn"
    again = json.loads(run("grants", "stop", row["id"], "--config", config, "--json").stdout)
    assert again["state"] == "ended"
    failed(run("grants", "stop", "nobody", "--config", config), "grant.unknown")


@pytest.fixture
def report(site):
    """The id of a report that waits."""
    wallet = Returning.of(site, offered(site))
    key = wallet.get("/holder/reports").json()["key"]
    _, public = jwe.generate_encryption_key("reply")
    value = {
        "id": f"-{secrets.token_urlsafe(20)}",  # an id may begin with a hyphen
        "record_type": "AllergySummary",
        "sealed": jwe.encrypt(json.dumps({"words": WORDS}).encode(), recipient_jwk=key),
        "reply_key": public,
    }
    assert wallet.post("/holder/reports", value).status == 201
    return value["id"]


def test_reports_are_listed_shown_and_answered(config, report):
    listed = run("reports", "list", "--config", config)
    assert report in listed.stdout
    assert "AllergySummary" in listed.stdout
    shown = run("reports", "show", report, "--config", config)
    assert "I can eat peanuts" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "An answer is due by " in shown.stderr
    told = json.loads(run("reports", "show", report, "--config", config, "--json").stdout)
    assert told["words"] == WORDS
    answered = run(
        "reports", "answer", report, "--outcome", "corrected", "--config", config,
        typed="Peanuts are off your list.\n",
    )  # fmt: skip
    assert answered.stdout == f"{report}  answered\n"
    assert run("reports", "list", "--config", config).stderr == "No report waits for an answer.\n"
    row = json.loads(run("reports", "list", "--answered", "--config", config, "--json").stdout)
    assert (row["state"], row["outcome"]) == ("answered", "corrected")
    failed(run("reports", "show", report, "--config", config), "report.answered")


def test_an_answer_needs_words_and_a_report(config, site):
    no_words = run("reports", "answer", "x", "--outcome", "corrected", "--config", config)
    failed(no_words, "http.invalid")
    unknown = run(
        "reports", "answer", "x", "--outcome", "corrected", "--words", "y", "--config", config
    )
    failed(unknown, "report.unknown")
    failed(run("reports", "show", "x", "--config", config), "report.unknown")


def test_the_key_of_reports_is_never_overwritten(config, tmp_path):
    out, jwk = tmp_path / "reports.key", tmp_path / "reports.jwk"
    failed(run("keys", "reports", "--out", out, "--jwk", jwk), "key.exists")
