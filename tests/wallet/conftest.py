from __future__ import annotations

import pytest
from family import MAIR, about, numbered
from lending_world import add, record
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


@pytest.fixture
def owner(filled_wallet):
    """Holds an identity and two allergies, five copies of each."""
    return filled_wallet


@pytest.fixture
def helper(world, tmp_path):
    """Another person's wallet, with records of their own."""
    made = world.wallet(tmp_path / "helper")
    add(world, made, about(numbered(MAIR)))
    world.wire.calm()
    yield made
    made.close()


@pytest.fixture
def given(owner, helper):
    """A package that is on its way: the helper, and its text."""
    invitation = helper.helpers.invite("Mair")
    return owner.helpers.give(invitation.text, [owner.part(record(owner))]).package
