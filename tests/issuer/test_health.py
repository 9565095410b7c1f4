"""What a watcher of the service is told."""

from datetime import timedelta

import pytest
from simulated_issuer import Site, Wallet


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.mark.parametrize(("path", "status"), [("/healthz", "ok"), ("/readyz", "ready")])
def test_a_sound_issuer_is_alive_and_ready(site, path, status):
    answer = site.call("GET", path)
    assert (answer.status, answer.json()) == (200, {"status": status})


def test_a_small_herd_is_a_warning_that_tells_no_number(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    assert wallet.ask_credential().status == 200
    answer = site.call("GET", "/readyz")
    assert answer.status == 200
    assert answer.json() == {"status": "ready", "warnings": ["status.small_herd"]}


def test_an_issuer_whose_certificate_has_run_out_is_alive_and_not_ready(site):
    site.now += timedelta(days=4000)
    assert site.call("GET", "/healthz").status == 200
    answer = site.call("GET", "/readyz")
    assert (answer.status, answer.json()["code"]) == (503, "issuer.not_ready")


def test_an_issuer_without_its_database_is_not_ready(site):
    site.app.state.issuer.store.close()
    site.settings.database.unlink()
    site.settings.database.mkdir()
    answer = site.call("GET", "/readyz")
    assert answer.status >= 500
    assert answer.json()["code"] == "issuer.unavailable"
