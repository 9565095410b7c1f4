"""The whole journey with records as W3C credentials: issued, shared in part, withdrawn; offline."""

from __future__ import annotations

import pytest

from demo.script import PATIENT, Journey
from demo.world import Ports, World
from issuer import service


@pytest.fixture(scope="module", params=[("ldp_vc",), ("ldp_vc", "dc+sd-jwt")], ids=str)
def world(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "demo"
    world = World(folder, ports=Ports.free(), formats=request.param)
    yield world
    world.stop()
    world.wallet.close()


def test_records_reach_the_desk_in_part_and_are_seen_to_be_withdrawn(world):
    said = []
    Journey(world, PATIENT.read_bytes(), said.append).run()
    assert any("withdrawn" in line for line in said)
    issued = service.issued(world.issuer_server.app.state.issuer)
    both = len(world.formats) > 1  # then our wallet takes the default, and leaves the other
    assert issued
    assert all(entry.record_type.endswith(".ldp_vc") is not both for entry in issued)
