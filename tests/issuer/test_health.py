"""What a watcher of the service is told."""

from datetime import timedelta

import pytest
from databases import on_sqlite
from simulated_issuer import Site, Wallet

from issuer.service.job_kinds import REMIND
from issuer.service.jobs import enqueue
from issuer.service.list_files import publish_files


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


def test_an_issuer_without_its_database_is_not_ready(tmp_path):
    site = Site(tmp_path, on_sqlite(tmp_path))
    site.app.state.issuer.store.close()
    site.settings.database.unlink()
    site.settings.database.mkdir()
    answer = site.call("GET", "/readyz")
    assert answer.status >= 500
    assert answer.json()["code"] == "issuer.unavailable"


def warned(site):
    answer = site.call("GET", "/readyz")
    assert answer.status == 200
    return answer.json().get("warnings", [])


def test_a_certificate_that_ends_soon_is_a_warning(site):
    site.pass_time(days=685)
    assert warned(site) == []
    site.pass_time(days=2)
    assert warned(site) == ["key.ends_soon"]


def test_work_that_nobody_does_is_a_warning(site):
    with site.issuer.store.writing() as tx:
        enqueue(site.issuer, tx, REMIND, {})
    site.pass_time(minutes=9)
    assert warned(site) == []
    site.pass_time(minutes=2)
    assert warned(site) == ["jobs.late"]


def test_lists_that_are_not_published_are_a_warning(tmp_path):
    site = Site(tmp_path, {"status_folder": tmp_path / "lists"})
    assert warned(site) == ["status.late"]
    publish_files(site.issuer, tmp_path / "lists")
    assert warned(site) == []
    site.pass_time(minutes=16)
    assert warned(site) == ["status.late"]


def test_notes_that_cannot_be_reached_are_a_warning_and_not_a_failure(tmp_path):
    (tmp_path / "notes").mkdir()
    site = Site(tmp_path, {"source_folder": tmp_path / "notes"})
    assert warned(site) == []
    (tmp_path / "notes").rmdir()
    assert warned(site) == ["source.unreachable"]
