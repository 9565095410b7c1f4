from __future__ import annotations

import pytest
from oidf_verifier import SuiteVerifier
from wallet_world import WalletWorld


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory):
    return WalletWorld(tmp_path_factory.mktemp("suite") / "w")


@pytest.fixture
def world(whole_world):
    whole_world.wire.calm()
    return whole_world


@pytest.fixture
def wallet(world, tmp_path):
    """A wallet that holds an identity and two allergies."""
    made = world.wallet(tmp_path)
    offer = world.offer()
    made.accept(made.add_offer(offer.link), offer.pin)
    world.wire.calm()
    yield made
    made.close()


@pytest.fixture
def verifier(world):
    return SuiteVerifier(world)
