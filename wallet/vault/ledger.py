"""Seeing that a file is as we left it, and leaving it so: manifest, anchor and header together.

What is told apart: damage (``vault.corrupt``), rows taken, added or moved (``vault.row_missing``,
``vault.row_binding``), an older file (``vault.rollback``). What is *not* here: opening rows.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from healthpassport.errors import VaultError

from .anchor import read_anchor, write_anchor
from .header import Header, read_header
from .manifest import Index, Manifest, compare, open_manifest, seal_manifest
from .opened import Keys, Open
from .schema import TABLES
from .sealing import is_whole, unseal
from .storage import Storage


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books of one vault file; ``anchor`` is the file with the newest counter."""

    storage: Storage
    anchor: Path

    def refresh(self, state: Open) -> None:
        """Within a transaction: when the file is not as we left it, check all of it again."""
        manifest = open_manifest(self.storage.manifest(), key=state.keys.manifest)
        if manifest.counter < state.counter:
            raise VaultError("vault.rollback")
        if manifest.counter > state.counter:
            state.header = read_header(self.storage.header())
            state.index, state.counter = self.checked(state.keys)

    def checked(self, keys: Keys) -> tuple[Index, int]:
        """The map of all rows and the counter, once the whole file is seen to be ours."""
        manifest = open_manifest(self.storage.manifest(), key=keys.manifest)
        if manifest.counter < read_anchor(self.anchor, key=keys.anchor):
            raise VaultError("vault.rollback")
        index = self.storage.index()
        stored = self.storage.header()
        wrong = compare(manifest, index=index, header=stored.digest(), key=keys.rows)
        if wrong:
            self._refuse(wrong, index, read_header(stored))
        return index, manifest.counter

    def _refuse(self, code: str, index: Index, header: Header) -> None:
        """Damage is told apart from tampering: a damaged row does not match its own checksum."""
        if code == "vault.rollback":
            raise VaultError("vault.rollback", "the ways in were put back to older ones")
        for table, rows in index.tables.items():
            for row in rows:
                place, sealed = self.storage.row(header.wallet, table, row)
                if not is_whole(sealed, place=place):
                    raise VaultError("vault.corrupt", "a row is damaged")
        raise VaultError(code)

    def commit(self, state: Open, index: Index) -> None:
        """Within a transaction: write the manifest of ``index``."""
        header = self.storage.header().digest()
        digest = index.digest(state.keys.rows)
        manifest = Manifest(state.counter + 1, index.counts(), digest, header)
        self.storage.write_manifest(seal_manifest(manifest, key=state.keys.manifest))

    def committed(self, state: Open, index: Index) -> None:
        """After a transaction: remember its state."""
        state.index = index
        state.counter += 1
        # The vault is durable already; an anchor that lags only notices a rollback one step later.
        with suppress(OSError, VaultError):
            write_anchor(self.anchor, counter=state.counter, key=state.keys.anchor)

    def drop_unsound(self, state: Open) -> dict[str, int]:
        """Within a transaction: delete every row that does not open. Needs the private key.

        Returns how many rows of each table were dropped; ``state.index`` holds the rest.
        """
        state.index = self.storage.index()
        dropped = dict.fromkeys(TABLES, 0)
        for table in TABLES:
            for row in tuple(state.index.tables[table]):
                place, sealed = self.storage.row(state.header.wallet, table, row)
                try:
                    unseal(sealed, place=place, lock=state.lock(table))
                except VaultError:
                    self.storage.delete_row(table, row)
                    del state.index.tables[table][row]
                    dropped[table] += 1
        return dropped

    def newest_counter(self, keys: Keys) -> int:
        """The highest counter that manifest and anchor know; 0 where neither can be read."""
        counters = [0]
        with suppress(VaultError):
            counters.append(read_anchor(self.anchor, key=keys.anchor))
        with suppress(VaultError):
            counters.append(open_manifest(self.storage.manifest(), key=keys.manifest).counter)
        return max(counters)
