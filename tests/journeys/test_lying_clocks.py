"""Lists that ran out and clocks that lie: what the result says; nothing is kept (rel-005)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bad_input_world import Counter, found_in, nothing_kept, shown, told
from desk_world import Clock, World, handle_of, make_world, peek

from verifier.web.app import DESK


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def standing(world, tmp_path_factory):
    made = Counter(world, tmp_path_factory.mktemp("standing") / "desk", Clock())
    yield made
    made.desk.shut()


@pytest.fixture
def counter(standing):
    standing.clock.offset, standing.clock.stopped = timedelta(), None
    standing.ask()
    return standing


# -- lists that ran out, and clocks that lie ------------------------------------------------


def in_doubt(counter: Counter, code: str, what: str) -> None:
    """Everything is shown as could not check: never as checked, never as no allergies."""
    page = counter.page()
    assert f"{what}: could not check" in page
    assert f"{what}: checked" not in page
    assert "Not everything could be accepted" in page
    assert "No known allergies" not in page
    shown(page, code)
    nothing_kept(counter)


def test_an_expired_status_list_is_never_not_withdrawn(world, tmp_path):
    now = datetime.now(UTC)
    world.set_status(0, at=now - timedelta(days=1, hours=23, minutes=58, seconds=30))
    counter = Counter(world, tmp_path / "desk", Clock(stopped=now))
    world.set_status(0)
    counter.ask()
    counter.clock.offset = timedelta(minutes=3)
    counter.share(counter.presentation(now=counter.clock()))
    in_doubt(counter, "status.expired", "Not withdrawn")
    counter.desk.shut()


def at(counter: Counter, **offset: float) -> None:
    """A question asked, answered by an honest phone, at a desk whose clock is off by ``offset``."""
    counter.clock.offset = timedelta(**offset)
    counter.view = counter.desk.ask("emergency_admission", desk=DESK)
    claims = peek(counter.desk.request_object(handle_of(counter.view.link)))
    counter.request = replace(
        counter.request,
        nonce=claims["nonce"],
        state=claims["state"],
        encryption_jwk=claims["client_metadata"]["jwks"]["keys"][0],
    )


def test_rel_005_lists_that_are_too_old_by_a_desks_fast_clock_check_nothing(counter):
    at(counter, days=8)
    counter.share(counter.presentation(now=counter.clock()))
    in_doubt(counter, "trust.stale", "Issuer on the trust list")


def test_rel_005_lists_from_the_future_of_a_desks_slow_clock_check_nothing(counter):
    counter.clock.stopped = datetime.now(UTC)
    counter.desk.update()
    at(counter, seconds=-90)
    counter.share(counter.presentation(now=counter.clock()))
    in_doubt(counter, "trust.stale", "Issuer on the trust list")


@pytest.mark.parametrize("minutes", [-10, 10])
def test_rel_005_where_the_desks_clock_is_wrong_an_honest_phone_is_refused_and_clocks_are_named(
    counter, minutes
):
    at(counter, minutes=minutes)
    answer = counter.share(counter.presentation())
    assert answer.status == 400
    assert "clock" in answer.json["help"]
    shown(counter.page(), answer.json["code"])
    assert not found_in(counter.page())
    nothing_kept(counter)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_rel_005_a_phone_whose_clock_is_ten_minutes_off_is_refused(counter, minutes):
    off = datetime.now(UTC) + timedelta(minutes=minutes)
    told(counter.share(counter.presentation(now=off)), "kb.iat")
    shown(counter.page(), "kb.iat")
    assert not found_in(counter.page())
    nothing_kept(counter)


@pytest.mark.parametrize("seconds", [-55, 55])
def test_rel_005_a_minute_is_forgiven(counter, seconds):
    counter.clock.stopped = datetime.now(UTC)
    off = counter.clock() + timedelta(seconds=seconds)
    assert counter.share(counter.presentation(now=off)).status == 200


def test_rel_005_a_clock_that_is_put_back_opens_no_question_again(counter):
    assert counter.share(counter.presentation()).status == 200
    shown_ = counter.presentation()
    counter.clock.offset = -timedelta(minutes=30)
    told(counter.share(shown_), "transaction.closed")
    counter.desk.close(counter.view.id, desk=DESK)
    counter.clock.offset = -timedelta(days=2)
    assert not found_in(counter.page())


@pytest.mark.parametrize("minutes", [-1, 0, 60])
def test_rel_005_an_older_list_is_refused_whatever_the_clock_says(counter, minutes):
    now = datetime.now(UTC)
    counter.world.set_status(1, at=now)
    counter.desk.update()
    counter.world.set_status(0, at=now - timedelta(hours=1))
    try:
        counter.clock.offset = timedelta(minutes=minutes)
        failed = counter.desk.update().failed
        assert [code for _, code in failed] == ["status.rollback"]
        counter.clock.offset = timedelta()
        told(counter.share(counter.presentation()), "status.revoked")
    finally:
        counter.world.set_status(0)
        counter.desk.update()
