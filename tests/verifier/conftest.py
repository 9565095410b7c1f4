"""One world for all tests of the desk: making keys and publishing a list takes a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk_world import Clock, World, make_desk, make_world
from postgresql_world import running
from simulated_provider import Provider
from staff_world import Browser, staff_app, staff_desk

from verifier.web import create_app


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(world, tmp_path, clock):
    made = make_desk(world, tmp_path / "desk", clock=clock)
    yield made
    made.shut()


@pytest.fixture
def app(desk):
    return create_app(desk.settings, desk)


@pytest.fixture(scope="session")
def postgresql():
    with running() as server:
        yield server


@pytest.fixture
def database_url(postgresql):
    return postgresql.database()


@pytest.fixture(scope="session")
def staff_clock():
    return Clock()


@pytest.fixture(scope="session")
def staff(world, tmp_path_factory, staff_clock):
    """A desk at which people sign in; ``login`` is its provider."""
    home = tmp_path_factory.mktemp("staff") / "desk"
    made = staff_desk(world, home, Provider(), clock=staff_clock)
    yield made
    made.shut()


@pytest.fixture(scope="session")
def staff_pages(staff):
    return staff_app(staff)


@pytest.fixture
def login(staff, staff_clock):
    """The provider of ``staff``, well-behaved, and nothing of it at hand there."""
    fresh = Provider()
    exchange = staff.sign_in._provider._exchange
    exchange._fetcher.provider = fresh
    exchange._metadata = exchange._keys = None
    staff_clock.offset = timedelta()
    return fresh


@pytest.fixture
def visitor(staff_pages, login):
    """A browser that is not signed in."""
    return Browser(staff_pages, login)
