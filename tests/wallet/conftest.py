from __future__ import annotations

import pytest
from wallet_world import WalletWorld


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory):
    return WalletWorld(tmp_path_factory.mktemp("world") / "w")


@pytest.fixture
def world(whole_world):
    whole_world.wire.calm()
    return whole_world


@pytest.fixture
def wallet(world, tmp_path):
    """A new wallet, unlocked, without records."""
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


@pytest.fixture
def filled_wallet(world, wallet):
    """A wallet with an identity and two allergies."""
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    world.wire.calm()
    return wallet
