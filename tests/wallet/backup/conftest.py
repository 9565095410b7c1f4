"""Backups of made-up rows, without a vault."""

from __future__ import annotations

from functools import cache

import pytest

from wallet.backup import keys
from wallet.vault import kdf


@pytest.fixture(autouse=True)
def cheap_lock(monkeypatch):
    """The key of one passphrase and salt is worked out once; the cost itself is not changed."""
    slow = cache(kdf.argon2id.kdf)
    monkeypatch.setattr(kdf.argon2id, "kdf", slow)
    assert keys.key_from_passphrase is kdf.key_from_passphrase
