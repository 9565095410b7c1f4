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
from issuer.service import clock_watch, setting_up
from issuer.service.figures import figures
from issuer.service.in_time import forget_in_time, sweep_in_time
from issuer.service.job_kinds import Timetable, work_round
from issuer.service.pace import Pace, counted
from issuer.store import OfferState
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


def test_after_a_holiday_the_clock_is_believed_once_it_went_on_for_a_day(site):
    wallet = lived(site)
    before = standing(site)
    site.pass_time(days=21)
    everything_due(site)
    assert standing(site) == before
    found = clock_watch.leap(site.issuer)
    assert (found.days, found.believed_at) == (21, site.issuer.now() + clock_watch.TRIAL)
    assert wallet.refresh().status == 200  # what is in force is served as ever
    site.pass_time(hours=16)  # switched off for the night
    assert not clock_watch.is_right(site.issuer)
    site.pass_time(hours=8)
    assert clock_watch.is_right(site.issuer)
    assert clock_watch.leap(site.issuer) is None
    everything_due(site)
    assert OfferState.EXPIRED.value in standing(site)[0]


def test_a_clock_that_leaps_again_begins_its_trial_anew(site):
    lived(site)
    site.pass_time(days=21)
    assert not clock_watch.is_right(site.issuer)
    site.pass_time(days=400)
    assert not clock_watch.is_right(site.issuer)
    site.pass_time(hours=23)
    assert not clock_watch.is_right(site.issuer)


def test_one_process_with_a_right_clock_ends_the_trial_of_another(site):
    lived(site)
    site.pass_time(days=21)
    assert not clock_watch.is_right(site.issuer)
    site.pass_time(days=-21)
    assert clock_watch.is_right(site.issuer)
    site.pass_time(days=22)
    assert not clock_watch.is_right(site.issuer)


@pytest.mark.parametrize("days", [21, -21])
def test_a_leap_that_a_living_process_sees_or_a_clock_behind_waits_for_a_person(
    site, days, monkeypatch
):
    lived(site)
    if days > 0:
        monkeypatch.setattr(site.issuer.pace, "counter", lambda: 5.0)
    assert clock_watch.is_right(site.issuer)
    site.pass_time(days=days)
    for _ in range(3):
        assert not clock_watch.is_right(site.issuer)
        site.pass_time(hours=25)
    assert clock_watch.leap(site.issuer).believed_at is None
    clock_watch.confirm(site.issuer)
    assert clock_watch.leap(site.issuer) is None
    assert clock_watch.is_right(site.issuer)


def test_a_lid_that_was_closed_for_weeks_is_no_leap_of_a_living_process():
    count = [0.0]
    pace = Pace(lambda: count[0])
    pace.look(1_000, bound=60)
    count[0] += 1_000_000
    pace.look(1_001_000, bound=60)
    assert not pace.leapt
    pace.look(2_001_000, bound=60)
    assert pace.leapt
    assert counted() <= counted()


def test_a_leap_is_a_figure(site):
    lived(site)

    def figure():
        [found] = [one for one in figures(site.issuer) if one.name == "clock_leapt"]
        return found.values[""]

    assert figure() == 0
    site.pass_time(**LEAP)
    assert figure() == 1
