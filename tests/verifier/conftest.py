"""One world for all tests of the desk: making keys and publishing a list takes a while."""

from __future__ import annotations

import pytest
from desk_world import World, make_desk, make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def desk(world, tmp_path):
    made = make_desk(world, tmp_path / "desk")
    yield made
    made.shut()
