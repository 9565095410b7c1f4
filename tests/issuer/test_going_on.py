"""What a process does beside its requests goes on, and never ends in silence."""

from __future__ import annotations

import asyncio
import logging

import pytest
from simulated_issuer import Site

from issuer.api import LOOPS as SERVED
from issuer.api import _lifespan
from issuer.api.going_on import going_on, keep_going
from issuer.service import loops
from issuer.service.loops import LOOPS, STEADY, UNREADY, Loops


class Watch:
    """A clock of the loops."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Watch()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.issuer.store.close()


@pytest.fixture(autouse=True)
def _sound(site):
    site.issuer.loops._broke.clear()


def test_every_loop_of_a_server_is_known_by_its_name():
    assert set(SERVED) == set(LOOPS)
    assert set(LOOPS) >= loops.SERVING | loops.WORKING


def test_pauses_grow_and_are_forgotten_after_a_steady_time(clock):
    one = Loops(clock=clock)
    pauses = []
    for _ in range(6):
        pauses.append(one.broke_off(loops.SWEEP))
        clock.seconds += pauses[-1]
    assert pauses == [1, 4, 16, 60, 60, 60]
    assert one.in_trouble
    assert one.given_up
    clock.seconds += STEADY + 60
    assert not one.in_trouble
    assert one.broke_off(loops.SWEEP) == 1


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_is_not_vital_takes_nobody_out_of_service(clock, name):
    server, worker = Loops(clock=clock), Loops(clock=clock, vital=loops.WORKING)
    for _ in range(UNREADY):
        assert not server.given_up
        server.broke_off(name)
        worker.broke_off(name)
    assert server.given_up is (name in loops.SERVING)
    assert worker.given_up is (name in loops.WORKING)


def test_a_loop_that_breaks_off_is_told_at_once_and_begun_again(site, caplog, monkeypatch):
    """By what nobody expects: an error that is none of ours."""
    begun = []
    monkeypatch.setattr("issuer.service.loops.FIRST_PAUSE", 0.001)

    async def story():
        done = asyncio.Event()

        async def loop(_issuer):
            begun.append(len(caplog.records))
            if len(begun) < 3:
                raise ZeroDivisionError
            done.set()
            await asyncio.sleep(3600)

        async with asyncio.timeout(60), going_on(site.issuer, {loops.SWEEP: loop}):
            await done.wait()

    with caplog.at_level(logging.ERROR):
        asyncio.run(story())
    assert begun == [0, 1, 2]
    assert all(record.exc_info[0] is ZeroDivisionError for record in caplog.records)


def test_readiness_warns_of_a_loop_that_broke_off_and_ends_with_one_that_does_again(site):
    assert site.call("GET", "/readyz").json() == {"status": "ready"}
    for _ in range(UNREADY - 1):
        site.issuer.loops.broke_off(loops.SWEEP)
    assert site.call("GET", "/readyz").json()["warnings"] == ["loop.broke_off"]
    site.issuer.loops.broke_off(loops.SWEEP)
    answer = site.call("GET", "/readyz")
    assert (answer.status, answer.json()["code"]) == (503, "issuer.not_ready")
    assert site.call("GET", "/healthz").status == 200


def test_a_loop_that_comes_to_its_end_is_not_begun_again(site):
    begun = []

    async def loop(_issuer):
        begun.append(1)

    async def story():
        async with asyncio.timeout(60):
            await keep_going(site.issuer, loops.WORK, loop)

    asyncio.run(story())
    assert begun == [1]


def test_the_loops_of_a_server_end_with_it(tmp_path):
    site = Site(tmp_path)

    async def story():
        async with asyncio.timeout(60), _lifespan(site.app):
            await asyncio.sleep(0)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(story()) == []
    assert not site.issuer.loops.in_trouble
