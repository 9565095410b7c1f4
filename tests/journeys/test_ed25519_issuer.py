"""A surgery whose key is Ed25519: certified, listed, issuing, and believed at the desk."""

from __future__ import annotations

import json

import pytest

from demo.client import ApiClient
from demo.script import PATIENT, TEMPLATE
from demo.world import Ports, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(
        tmp_path_factory.mktemp("world") / "demo",
        ports=Ports.free(),
        patience=60,
        issuer_algorithm="EdDSA",
    )
    world.start()
    world.desk.update()
    world.wallet.init(world.passphrase)
    world.wallet.update_trust()
    yield world
    world.stop()
    world.wallet.close()


def test_records_signed_with_ed25519_reach_the_desk_and_are_accepted(world):
    practice = ApiClient(world.issuer_server.url, world.practice_key, world.fetcher)
    offer = practice.post("/offers", {"bundle": json.loads(PATIENT.read_bytes())})
    wallet = world.wallet
    stored = wallet.accept(wallet.add_offer(offer["link"]), offer["pin"])
    assert {record.type for record in stored} == set(offer["recordTypes"])
    hospital = ApiClient(world.desk_server.url, world.desk_key, world.fetcher)
    request = hospital.post("/requests", {"template": TEMPLATE})
    question = wallet.prepare(request["link"])
    wallet.share(question, frozenset(tick.number for tick in question.ticks))
    result = hospital.get(f"/requests/{request['id']}")["result"]
    assert result["verdict"] == "accepted", result["codes"]
    assert world.issuer_server.app.state.issuer.signer.algorithm == "EdDSA"


def test_a_record_of_which_nothing_can_be_withheld_says_all_that_goes_out(tmp_path):
    world = World(
        tmp_path / "demo",
        ports=Ports.free(),
        patience=60,
        issuer_algorithm="EdDSA",
        formats=("ldp_vc",),
    )
    world.start()
    try:
        world.desk.update()
        wallet = world.wallet
        wallet.init(world.passphrase)
        wallet.update_trust()
        practice = ApiClient(world.issuer_server.url, world.practice_key, world.fetcher)
        offer = practice.post("/offers", {"bundle": json.loads(PATIENT.read_bytes())})
        wallet.accept(wallet.add_offer(offer["link"]), offer["pin"])
        hospital = ApiClient(world.desk_server.url, world.desk_key, world.fetcher)
        request = hospital.post("/requests", {"template": TEMPLATE})
        question = wallet.prepare(request["link"])
        [box] = [tick for tick in question.ticks if tick.key.startswith("AllergySummary")]
        assert "Allergy to penicillin" in box.value
        assert "Ashdown" in box.value
        said = wallet.share(question, frozenset({box.number})).what
        assert any(line.startswith("Allergies: 3/3, ") for line in said)
        result = hospital.get(f"/requests/{request['id']}")["result"]
        [seen] = [s for s in result["sections"] if s["type"] == "AllergySummary"]
        assert (result["verdict"], seen["shown"], seen["total"]) == ("accepted", 3, 3)
    finally:
        world.stop()
        world.wallet.close()
