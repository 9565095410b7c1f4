from __future__ import annotations

from functools import cache

import pytest
from wallet_home import PASSPHRASE, Home

from wallet.vault import kdf, slots


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def filled(home):
    """A home whose vault holds two records, three copies and one line of history."""
    vault = home.create()
    vault.unlock(PASSPHRASE)
    with vault.transaction() as writer:
        for number in range(2):
            writer.add("records", b"record %d" % number, tag=vault.tag("AllergySummary"))
        for number in range(3):
            writer.add("copies", b"copy %d" % number)
        writer.add("history", b"shared with Example Hospital")
    vault.close()
    return home


@pytest.fixture
def cheap_lock(monkeypatch):
    """Hundreds of unlocks: the key of the one passphrase is worked out once for each salt."""
    slow = cache(kdf.argon2id.kdf)
    monkeypatch.setattr(kdf.argon2id, "kdf", slow)
    assert slots.key_from_passphrase is kdf.key_from_passphrase
