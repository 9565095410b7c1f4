from __future__ import annotations

import pytest
from wallet_home import PASSPHRASE, Home


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
