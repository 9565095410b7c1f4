"""Wallets of journeys are quick to unlock: guessing a passphrase is not what they are about."""

from __future__ import annotations

import pytest
from quick_kdf import quick_to_unlock


@pytest.fixture(scope="module", autouse=True)
def _quick_to_unlock():
    with quick_to_unlock():
        yield
