"""A vault with the cheapest allowed lock, a clock that a test can turn, and raw access."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healthpassport.errors import VaultError
from wallet.vault import KdfCost, Vault, new_words

PASSPHRASE = "three made-up words"
WORDS = new_words(lambda size: bytes(range(size)))
SECRET = bytes(range(32))  # what a passkey gives
CONTENT = {
    "records": {b"record 0", b"record 1"},
    "copies": {b"copy 0", b"copy 1", b"copy 2"},
    "history": {b"shared with Example Hospital"},
    "state": set(),
}


class TurnableClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **span: float) -> None:
        self.now += timedelta(**span)


class Home:
    """A patient's computer: the vault's folder and the anchor's."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "vault" / "vault.db"
        self.anchors = folder / "anchors"
        self.clock = TurnableClock()

    def create(self, passphrase: str = PASSPHRASE, **more) -> Vault:
        return Vault.create(
            self.path,
            passphrase=passphrase,
            anchor_folder=self.anchors,
            clock=self.clock,
            random=secrets.token_bytes,
            **{"cost": KdfCost()} | more,
        )

    def open(self) -> Vault:
        return Vault(
            self.path, anchor_folder=self.anchors, clock=self.clock, random=secrets.token_bytes
        )

    def unlocked(self) -> Vault:
        vault = self.open()
        vault.unlock(PASSPHRASE)
        return vault

    def wide_open(self) -> Vault:
        vault = self.unlocked()
        vault.open_private(PASSPHRASE)
        return vault

    @contextmanager
    def raw(self):
        """The file as an attacker with sqlite3 has it."""
        connection = sqlite3.connect(self.path)
        try:
            yield connection
            connection.commit()
        finally:
            connection.close()


def refused(code):
    return pytest.raises(VaultError, match=f"^{code}: ")


def unlock(home):
    vault = home.open()
    try:
        vault.unlock(PASSPHRASE)
        vault.open_private(PASSPHRASE)
    except VaultError:
        vault.close()
        raise
    return vault


def open_and_read_all(home):
    vault = unlock(home)
    try:
        return {table: {vault.read(table, row) for row in vault.rows(table)} for table in CONTENT}
    finally:
        vault.close()


def change_history(home):
    vault = home.unlocked()
    (row,) = vault.rows("history")
    with vault.transaction() as writer:
        writer.replace("history", row, b"changed")
    vault.close()
