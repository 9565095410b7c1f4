"""The figures of an issuer: what they count, and that nobody can be found in them."""

from __future__ import annotations

import re

import pytest
from asgi_calls import call
from databases import on_sqlite
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from simulated_issuer import Site, Wallet

from issuer import service
from issuer.cli.watched import Watching
from issuer.service.audit_events import EVENTS
from issuer.service.configurations import configurations
from issuer.settings import Settings

NUMBER = "9990000018"


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """An issuer with its figures, after an offer that was collected and some refusals."""
    site = Site(tmp_path_factory.mktemp("site"), {"metrics_port": 9464})
    watching = Watching(site.issuer)
    site.app = watching.around(site.app, "wallets")
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token("x").status == 400
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential("AllergySummary").status == 200
    assert wallet.ask_credential("AllergySummary", copies=1).status == 400
    for number in range(30):
        site.call("GET", f"/nobody/{NUMBER}{number}?name=Zephyrine")
        site.call("GET", f"/offers/{NUMBER}{number}")
        site.call(f"BREW{number}", "/token")
    return site, wallet, watching.metrics


def told(metrics):
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name.removeprefix("passport_issuer_"), *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def test_what_happened_is_counted(lived):
    found = told(lived[2])
    assert found["events_total", ("event", "offer.made")] == 1
    assert found["issued_total", ("format", "dc+sd-jwt"), ("type", "AllergySummary")] == 1
    route = (("app", "wallets"), ("method", "POST"), ("route", "/credential"))
    assert found["request_seconds_count", *route] == 2
    assert found["answers_total", *route, ("status", "200")] == 1
    not_found = ("refusals_total", ("app", "wallets"), ("code", "not_found"))
    assert found[not_found] >= 30


def test_how_it_stands_is_told(lived):
    site, _, metrics = lived
    site.call("GET", "/status/1")
    site.now = site.now.replace(minute=site.now.minute + 1)
    found = told(metrics)
    assert found["database_up",] == 1
    assert found["jobs", ("state", "dead")] == 0
    assert 0 < found["status_list_free_entries", ("kind", "token")] < 2**22
    assert found["status_list_age_seconds",] == 60
    assert found["webhook_messages", ("state", "dead")] == 0
    assert found["webhook_oldest_seconds",] == 0
    days = found["signing_certificate_left_seconds", ("signs", "now")] / 86_400
    assert days == pytest.approx(700, abs=1)


def test_prv_006_labels_are_of_closed_lists_and_hold_nothing_of_a_person(lived):
    site, wallet, metrics = lived
    text = metrics.text().decode()
    for value in (NUMBER, "Zephyrine", "practice", "BREW", wallet.token, wallet.made.id):
        assert value not in text
    labels = {}
    for sample in (s for f in text_string_to_metric_families(text) for s in f.samples):
        for name, value in sample.labels.items():
            labels.setdefault(name, set()).add(value)
    assert labels["event"] <= set(EVENTS)
    assert labels["type"] <= {one.partition(".")[0] for one in configurations(site.settings)}
    assert labels["method"] <= {"GET", "POST", "other"}
    assert all(re.fullmatch(r"other|(/[a-z_.{}-]+)+", route) for route in labels["route"])
    assert len(text.splitlines()) < 400


def test_the_figures_are_at_one_address_alone(lived):
    metrics = lived[2]
    answer = call(metrics, "GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert call(metrics, "GET", "/").status == 404
    assert call(metrics, "POST", "/metrics").status == 404
    assert lived[0].call("GET", "/metrics").status == 404


def test_without_its_database_the_rest_is_told(tmp_path):
    site = Site(tmp_path, {"metrics_port": 9464, **on_sqlite(tmp_path)})
    metrics = Watching(site.issuer).metrics
    site.issuer.store.close()
    site.settings.database.unlink()
    site.settings.database.mkdir()
    found = told(metrics)
    assert found["database_up",] == 0
    assert ("jobs", ("state", "dead")) not in found


def test_without_a_port_there_are_none(tmp_path):
    site = Site(tmp_path)
    assert Watching(site.issuer).metrics is None
    with pytest.raises(ValidationError):
        Settings(**(site.settings.model_dump() | {"metrics_port": 70_000}))


def test_a_withdrawal_is_counted(lived):
    site, _, metrics = lived
    [one] = service.issued(site.issuer)
    service.change_status(site.issuer, issuance=one.id, change=service.Change.WITHDRAW)
    assert told(metrics)["events_total", ("event", "record.withdrawn")] == 1
