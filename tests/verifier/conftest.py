"""One world for all tests of the desk: making keys and publishing a list takes a while."""

from __future__ import annotations

import pytest
from desk_world import Clock, World, make_desk, make_world
from postgresql_world import running

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
