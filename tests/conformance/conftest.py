from __future__ import annotations

import pytest
from oidf_verifier import SuiteVerifier
from quick_kdf import quick_to_unlock
from wallet_world import WalletWorld


@pytest.fixture(scope="module", autouse=True)
def _quick_to_unlock():
    """A wallet is made for each test; guessing its passphrase is not what the suite is about."""
    with quick_to_unlock():
        yield


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
