"""A vault with several ways in, used by two programs, holds what a plain dictionary would."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from healthpassport.errors import VaultError
from wallet.vault import (
    PRIVATE_TABLES,
    KdfCost,
    Passkey,
    Passphrase,
    RecoveryWords,
    Vault,
    kdf,
    new_words,
)

TABLES = ("records", "history", "state")
PHRASES = [Passphrase(f"some made-up words {number}") for number in range(3)]
SETS = [RecoveryWords(new_words(lambda size, n=number: bytes([n] * size))) for number in range(3)]
KEYS = [Passkey(b"key %d" % n, bytes([n + 1] * 32)) for n in range(3)]
WAYS = [*PHRASES, *SETS, *KEYS]


def quick(size, secret, salt, opslimit, memlimit):
    return hashlib.blake2b(secret + salt, digest_size=size).digest()


class Home(RuleBasedStateMachine):
    """``model`` holds the values, ``ways`` the valid ways in by id."""

    def __init__(self):
        super().__init__()
        self.slow, kdf.argon2id.kdf = kdf.argon2id.kdf, quick
        self.folder = Path(tempfile.mkdtemp())
        self.now = datetime(2026, 11, 1, tzinfo=UTC)
        self.options = {
            "anchor_folder": self.folder / "anchors",
            "clock": lambda: self.now,
            "random": secrets.token_bytes,
        }
        self.path = self.folder / "v" / "vault.db"
        Vault.create(self.path, passphrase=PHRASES[0], cost=KdfCost(), **self.options).close()
        self.vaults = [Vault(self.path, **self.options) for _ in range(2)]
        self.ways = {self.vaults[0].ways()[0].id: PHRASES[0]}
        self.model: dict[str, dict[int, bytes]] = {table: {} for table in TABLES}
        for vault in self.vaults:
            vault.unlock(PHRASES[0])

    def teardown(self):
        kdf.argon2id.kdf = self.slow
        for vault in self.vaults:
            vault.close()
        shutil.rmtree(self.folder)

    def valid(self, data):
        return data.draw(st.sampled_from(list(self.ways.values())), label="given")

    @rule(who=st.booleans(), table=st.sampled_from(TABLES), value=st.binary(max_size=5000))
    def add(self, who, table, value):
        vault = self.vaults[who]
        if vault.locked:
            return
        with vault.transaction() as writer:
            row = writer.add(table, value)
        self.model[table][row] = value

    @precondition(lambda self: any(self.model.values()))
    @rule(who=st.booleans(), data=st.data(), value=st.binary(max_size=50), gone=st.booleans())
    def change(self, who, data, value, gone):
        vault = self.vaults[who]
        filled = [(t, row) for t in TABLES for row in self.model[t]]
        table, row = data.draw(st.sampled_from(filled))
        if vault.locked:
            return
        with vault.transaction() as writer:
            if gone:
                writer.delete(table, row)
            else:
                writer.replace(table, row, value)
        if gone:
            del self.model[table][row]
        else:
            self.model[table][row] = value

    @rule(who=st.booleans(), data=st.data(), new=st.sampled_from(WAYS))
    def add_way(self, who, data, new):
        vault, given = self.vaults[who], self.valid(data)
        if vault.locked:
            return
        same = [w for w in self.ways.values() if type(w) is type(new)]
        taken = any(
            not isinstance(w, Passkey) or w.credential_id == new.credential_id for w in same
        )
        try:
            info = vault.add_way(new, given=given)
        except VaultError as error:
            assert (error.code, taken) == ("vault.way_exists", True)  # noqa: PT017
        else:
            assert not taken
            self.ways[info.id] = new

    @rule(who=st.booleans(), data=st.data())
    def remove_way(self, who, data):
        vault, given = self.vaults[who], self.valid(data)
        gone = data.draw(st.sampled_from(sorted(self.ways)))
        if vault.locked:
            return
        try:
            vault.remove_way(gone, given=given)
        except VaultError as error:
            assert (error.code, len(self.ways)) == ("vault.last_way", 1)  # noqa: PT017
        else:
            del self.ways[gone]

    @rule(who=st.booleans(), data=st.data(), number=st.integers(0, 2))
    def change_way(self, who, data, number):
        vault, given = self.vaults[who], self.valid(data)
        old = data.draw(st.sampled_from(sorted(self.ways)))
        kind = next(k for k in (PHRASES, SETS, KEYS) if isinstance(self.ways[old], type(k[0])))
        new = kind[number]
        others = [way for identifier, way in self.ways.items() if identifier != old]
        if vault.locked or new in others:
            return
        info = vault.change_way(old, new, given=given)
        del self.ways[old]
        self.ways[info.id] = new

    @rule(who=st.booleans(), way=st.sampled_from(WAYS))
    def unlock(self, who, way):
        vault = self.vaults[who]
        vault.lock()
        try:
            vault.unlock(way)
        except VaultError as error:
            assert error.code in {"vault.unlock_failed", "vault.way_unknown", "vault.wait"}  # noqa: PT017
            assert way not in self.ways.values() or error.code == "vault.wait"  # noqa: PT017
        else:
            assert way in self.ways.values()

    @rule(who=st.booleans())
    def reopen(self, who):
        self.vaults[who].close()
        self.vaults[who] = Vault(self.path, **self.options)

    @rule(minutes=st.sampled_from([1, 4, 6, 16]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule(who=st.booleans(), data=st.data())
    def open_private(self, who, data):
        vault, given = self.vaults[who], self.valid(data)
        if vault.locked:
            return
        vault.open_private(given)
        found = {row: vault.read("history", row) for row in vault.rows("history")}
        assert found == self.model["history"]

    @invariant()
    def both_programs_see_the_same(self):
        for vault in self.vaults:
            if vault.locked:
                continue
            for table in TABLES:
                rows = vault.rows(table)
                assert set(rows) == set(self.model[table])
                if table in PRIVATE_TABLES and vault.private_locked:
                    continue
                assert {row: vault.read(table, row) for row in rows} == self.model[table]
            assert {way.id for way in vault.ways()} == set(self.ways)


TestHome = Home.TestCase
TestHome.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
