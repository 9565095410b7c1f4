"""A clock that leaps ends nothing for good; set right, or said to be right, all goes on."""

from __future__ import annotations

import json
from contextlib import contextmanager
from importlib import import_module

import pytest
from emptied_site import emptied, made_in
from returning_wallet import Returning, offered
from sqlalchemy import select
from typer.testing import CliRunner

from healthpassport.errors import ServiceError
from issuer import service
from issuer.cli import app
from issuer.service import Change, audit_keeping, change_status, clock_watch, setting_up
from issuer.service.bitstrings import published_bitstring
from issuer.service.in_time import forget_in_time, sweep_in_time
from issuer.service.job_kinds import Timetable, work_round
from issuer.service.list_files import publish_files
from issuer.service.token_lists import published_list
from issuer.store import OfferState, audit
from issuer.store.examining import examine
from issuer.store.grants import GrantState
from issuer.store.tables import offers

LEAP = {"days": 3_650}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    yield from made_in(tmp_path_factory.mktemp("home"))


@pytest.fixture
def site(home):
    return emptied(home)


def lived(site):
    """A grant that was used, and an offer that waits; the clock was seen."""
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    offered(site)
    sweep_in_time(site.issuer)
    return wallet


def everything_due(site):
    sweep_in_time(site.issuer)
    forget_in_time(site.issuer)
    work_round(site.issuer, Timetable({}))


def standing(site):
    """The states of all offers and grants."""
    with site.issuer.store.reading() as tx:
        found = sorted(tx.execute(select(offers.c.state)).scalars())
    return found, [one.state for one in service.all_grants(site.issuer)]


@pytest.mark.parametrize("leap", [LEAP, {"days": -3_650}, {"days": 15}])
def test_a_clock_that_leaps_ends_nothing_and_once_set_right_all_goes_on(site, leap):
    wallet = lived(site)
    before = standing(site)
    site.pass_time(**leap)
    everything_due(site)
    assert standing(site) == before
    assert clock_watch.LEAPT in service.warnings(site.issuer)
    site.pass_time(days=-leap["days"])
    everything_due(site)
    assert standing(site) == before
    assert clock_watch.LEAPT not in service.warnings(site.issuer)
    assert wallet.refresh().status == 200


def test_a_wallet_is_not_told_meanwhile_that_its_leave_has_lapsed(site):
    wallet = lived(site)
    site.pass_time(**LEAP)
    answer = wallet.refresh()
    assert answer.status == 503
    assert answer.json()["code"] == "issuer.not_ready"
    site.pass_time(days=-3_650)
    assert wallet.refresh().status == 200


def test_an_operator_says_that_the_clock_is_right_and_what_is_over_ends(site):
    wallet = lived(site)
    site.pass_time(**LEAP)
    everything_due(site)
    clock_watch.confirm(site.issuer)
    assert clock_watch.LEAPT not in service.warnings(site.issuer)
    sweep_in_time(site.issuer)
    assert [one.state for one in service.all_grants(site.issuer)] == [GrantState.LAPSED]
    assert standing(site)[0].count(OfferState.EXPIRED.value) == 1
    assert wallet.refresh().json()["code"] == "grant.lapsed"


def test_days_that_nobody_worked_are_no_leap_and_small_steps_lead_far(site):
    lived(site)
    for _ in range(3):
        site.pass_time(days=13)
        assert clock_watch.is_right(site.issuer)
    assert clock_watch.last_seen(site.issuer) == site.issuer.now()


def test_a_clock_that_goes_back_a_little_moves_nothing_back(site):
    lived(site)
    seen = clock_watch.last_seen(site.issuer)
    site.pass_time(days=-2)
    assert clock_watch.is_right(site.issuer)
    assert clock_watch.last_seen(site.issuer) == seen


def test_it_is_noted_no_more_than_once_a_minute(site):
    lived(site)
    seen = clock_watch.last_seen(site.issuer)
    site.pass_time(seconds=59)
    assert clock_watch.is_right(site.issuer)
    assert clock_watch.last_seen(site.issuer) == seen


@pytest.mark.parametrize(("days", "wrong"), [(0, False), (14, False), (15, True), (-15, True)])
def test_doctor_says_so(site, days, wrong):
    lived(site)
    found = examine(site.settings.database, url=site.settings.database_url.get_secret_value())
    now = found.seen + days * 86_400
    said = list(setting_up.about_clock(site.settings, found, now=now))
    assert bool(said) is wrong
    assert all(one.wrong for one in said)


def test_a_waiting_record_is_not_told_as_unknown(site):
    lived(site)
    with site.issuer.store.reading() as tx:
        clock_watch.require_right(site.issuer, tx)
    site.pass_time(**LEAP)
    with (
        site.issuer.store.reading() as tx,
        pytest.raises(ServiceError, match=r"^issuer\.not_ready"),
    ):
        clock_watch.require_right(site.issuer, tx)


def test_the_command_shows_the_clock_and_goes_on(site, monkeypatch):
    @contextmanager
    def opened(_config):
        yield site.issuer

    monkeypatch.setattr(import_module("issuer.cli.clock"), "opened", opened)
    lived(site)

    def run(*words):
        result = CliRunner().invoke(app, ["clock", "--json", *words])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    assert run()["leapt"] is False
    site.pass_time(**LEAP)
    assert run()["leapt"] is True
    assert run("--is-right")["leapt"] is False
    assert run()["leapt"] is False


def test_lists_that_were_signed_in_a_leap_are_served_no_longer_than_it_lasts(site):
    lived(site)
    site.pass_time(**LEAP)
    ahead = published_list(site.issuer, 1), published_bitstring(site.issuer, 1)
    site.pass_time(days=-3_650)
    again = published_list(site.issuer, 1), published_bitstring(site.issuer, 1)
    assert [one.issued_at - site.issuer.now() for one in ahead] == [3_650 * 86_400] * 2
    assert {one.issued_at for one in again} == {site.issuer.now()}
    site.pass_time(seconds=-60)  # a desk that has the newer one takes no older one
    later = published_list(site.issuer, 1), published_bitstring(site.issuer, 1)
    assert later == again


def test_files_that_were_signed_in_a_leap_hold_up_no_withdrawal(site, tmp_path):
    lived(site)
    [issuance] = {one.id for one in service.issued(site.issuer, limit=1)}
    site.pass_time(**LEAP)
    publish_files(site.issuer, tmp_path)
    site.pass_time(days=-3_650)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert all(one.written for one in publish_files(site.issuer, tmp_path))
    site.pass_time(days=-15)  # now it is this clock that is wrong
    site.issuer.published.clear()
    with pytest.raises(ServiceError, match=r"^issuer\.list_older"):
        publish_files(site.issuer, tmp_path)


def test_the_audit_trail_is_signed_again_after_a_leap(site):
    lived(site)
    site.pass_time(**LEAP)
    audit_keeping.head(site.issuer)
    site.pass_time(days=-3_650)
    offered(site)
    sweep_in_time(site.issuer)
    with site.issuer.store.reading() as tx:
        assert audit.newest_head(tx).at == site.now
