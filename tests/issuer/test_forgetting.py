"""Who asks to be forgotten is: all is withdrawn, then deleted; a mark stays that leads nowhere."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from importlib import import_module

import pytest
from emptied_site import emptied, made_in, on_either, source_in
from returning_wallet import Returning, offered
from simulated_issuer import Site
from sqlalchemy import func, select
from typer.testing import CliRunner

from healthpassport.errors import ServiceError, SourceError
from healthpassport.status.entries import WITHDRAWN
from issuer import service
from issuer.cli import app
from issuer.service.forgetting import forget_person, held_about
from issuer.service.published_files import read_token
from issuer.store import Wanted, audit, forgetting
from issuer.store.staff_tables import console_kept
from issuer.store.tables import metadata, reports

NUMBER = "9990000018"
STAYS = {
    "secrets",
    "spent",
    "clock_seen",
    *("status_lists", "bitstring_lists", "status_marks", "status_journals", "status_lineage"),
}
DATABASE = ("issuer.sqlite", "issuer.sqlite-wal", "issuer.sqlite-shm")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    yield from made_in(tmp_path_factory.mktemp("home"))


@pytest.fixture
def site(home):
    return emptied(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path):
    yield from on_either(request, tmp_path)


def lived(site):
    """A wallet that came back once, with a report that nobody answered, and an offer that waits."""
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    assert wallet.refresh().status == 200
    wallet.accept(wallet.ask_credential())
    waits = offered(site)
    (grant,) = service.all_grants(site.issuer)
    row = {"root": grant.root, "client": "practice", "record_type": "AllergySummary"}
    with site.issuer.store.writing() as tx:
        tx.execute(
            reports.insert().values(id="r", state="open", made_at=1, due_at=2, sealed="x", **row)
        )
        told = {"kind": "told", "name": waits.id, "sealed": b"x"}  # as the console keeps it
        tx.execute(console_kept.insert().values(**told, created_at=1, ends_at=2**31))
    return wallet


def left(site):
    with site.issuer.store.reading() as tx:
        return {
            name
            for name, table in metadata.tables.items()
            if tx.execute(select(func.count()).select_from(table)).scalar()
        }


def events(site, event):
    site.issuer.audit.seal()
    with site.issuer.store.reading() as tx:
        about = site.issuer.audit.about(NUMBER)
        return [
            json.loads(one.entry) for one in audit.find(tx, Wanted(event=event, about=about), 9)
        ]


def test_all_of_a_person_goes_and_their_copies_stop_counting(either):
    wallet = lived(either)
    mine = held_about(either.issuer, nhs_number="999 000 0018")
    counts = (len(mine.offers), len(mine.issuances), len(mine.grants), len(mine.reports))
    assert counts == (3, 2, 1, 1)
    forget_person(either.issuer, mine, who=either.issuer.audit.operator, nhs_number=NUMBER)
    assert {one for one in left(either) if not one.startswith("audit")} <= STAYS
    marks = read_token(either.call("GET", "/status/1").body).marks()
    assert [status for _, status in marks].count(WITHDRAWN) >= 4
    assert wallet.refresh().status == 400
    [told] = events(either, "patient.forgotten")[:1]
    assert told["facts"] == {"offers": 3, "records": 2}
    assert NUMBER not in json.dumps(told)
    again = held_about(either.issuer, nhs_number=NUMBER)
    assert again.offers == again.issuances == ()


def test_others_keep_theirs(site):
    lived(site)
    wallet = Returning.of(site, site.offer())  # by another offer, of the same number
    assert wallet.ask_credential().status == 200
    mine = held_about(site.issuer, named=[wallet.made.id])
    forget_person(site.issuer, mine, who=site.issuer.audit.operator)
    assert len(service.issued(site.issuer)) == 2
    assert len(service.all_grants(site.issuer)) == 1
    assert {one.status for one in service.issued(site.issuer)} == {0}


def test_what_was_collected_meanwhile_goes_too(site):
    wallet = Returning.of(site, offered(site))
    mine = held_about(site.issuer, nhs_number=NUMBER)
    assert mine.issuances == ()
    wallet.accept(wallet.ask_credential())
    forget_person(site.issuer, mine, who=site.issuer.audit.operator, nhs_number=NUMBER)
    assert "issuances" not in left(site)
    marks = read_token(site.call("GET", "/status/1").body).marks()
    assert WITHDRAWN in {status for _, status in marks}


def test_a_restored_backup_forgets_again(tmp_path):
    site = Site(tmp_path, source_in(tmp_path))
    lived(site)
    site.issuer.store.close()
    for name in DATABASE:
        if (tmp_path / name).exists():
            shutil.copy(tmp_path / name, tmp_path / f"kept-{name}")
    site.reopen()
    mine = held_about(site.issuer, nhs_number=NUMBER)
    forget_person(site.issuer, mine, who=site.issuer.audit.operator, nhs_number=NUMBER)
    service.status_journal.shorten(site.issuer)
    site.issuer.store.close()
    for name in DATABASE:
        (tmp_path / name).unlink(missing_ok=True)
        if (tmp_path / f"kept-{name}").exists():
            shutil.copy(tmp_path / f"kept-{name}", tmp_path / name)
    site.reopen()
    assert {"issuances", "offers", "grants", "reports"}.isdisjoint(left(site))
    marks = read_token(site.call("GET", "/status/1").body).marks()
    assert [status for _, status in marks] == [WITHDRAWN] * 4
    site.issuer.store.close()


def test_a_step_that_fails_forgets_nothing(site, monkeypatch):
    lived(site)
    mine = held_about(site.issuer, nhs_number=NUMBER)

    def fail(*_):
        raise ServiceError("issuer.unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(forgetting, "drop_grants", fail)
        with pytest.raises(ServiceError):
            forget_person(site.issuer, mine, who=site.issuer.audit.operator)
    assert held_about(site.issuer, nhs_number=NUMBER) == mine
    assert {one.status for one in service.issued(site.issuer)} == {0}


@pytest.mark.parametrize("number", ["999000001", "9990000019", "x"])
def test_a_number_that_is_none_is_refused(site, number):
    with pytest.raises(SourceError) as caught:
        held_about(site.issuer, nhs_number=number)
    assert caught.value.code == "source.number"


def test_an_offer_that_is_not_there_is_refused(site):
    with pytest.raises(ServiceError) as caught:
        held_about(site.issuer, named=["nobody"])
    assert caught.value.code == "offer.unknown"


def test_the_command_says_what_would_go_and_does_it_with_yes(site, monkeypatch):
    @contextmanager
    def here(_config):
        yield site.issuer

    monkeypatch.setattr(import_module("issuer.cli.forget"), "opened", here)

    def run(*more):
        done = CliRunner().invoke(app, ["forget", "--json", *more], input=f"{NUMBER}\n")
        assert done.exit_code == 0, done.output
        assert NUMBER not in done.output
        told = json.loads(done.stdout)
        return told["offers"], told["forgotten"]

    lived(site)
    assert run() == (3, False)
    assert len(service.issued(site.issuer)) == 2
    assert run("--yes") == (3, True)
    assert run("--yes") == (0, True)
    assert service.issued(site.issuer) == ()
