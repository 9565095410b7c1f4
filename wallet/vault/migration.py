"""From version 1 of the format to version 2, in one transaction, with a copy of the file kept.

Rules: the old vault is checked in full first and refused as it would have been; the data key, the
wallet's id and the counter stay, so that the anchor fits whether or not the change came through;
every row is sealed anew under a key of its own, history and receipts to the new private key; killed
at any point, the file is version 1 or version 2, and whole. The copy opens with the passphrase.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from nacl import bindings

from healthpassport.errors import VaultError

from .anchor import read_anchor
from .files import keep_copy
from .header import Header
from .kdf import KEY_BYTES, NEW_COST
from .ledger import Ledger
from .making import new_slot
from .manifest import Entry, Index
from .opened import Keys, Open, Randomness
from .place import Place
from .schema import TABLES, VERSION_1_TABLES, version_of_schema
from .sealing import seal
from .slots import Secrets, seal_slot
from .storage import Storage, blob, number
from .version1 import OldHeader, OldRow, check_old_rows, newest_old_counter, old_counter
from .ways import Passphrase

COPY_NAME: Final = "{}-version-1-at-{}.db"  # the vault's name and its counter


@dataclass(frozen=True, slots=True)
class Migration:
    """One old vault file that is to become new; ``ledger`` keeps its books.

    ``mend`` accepts an older or incomplete file and drops rows that do not open, as ``Vault.mend``.
    """

    storage: Storage
    ledger: Ledger
    path: Path
    random: Randomness
    mend: bool = False

    def run(
        self, old: OldHeader, data_key: bytearray, passphrase: Passphrase, now: datetime
    ) -> dict[str, int]:
        """Bring the vault of ``old`` up to date; how many rows of each table were dropped.

        Raises:
            VaultError: what is wrong with the old file, ``vault.no_space``, ``vault.io``; the file
                is as it was then.
        """
        keys = Keys.derive(data_key)
        header = self._new_header(old, passphrase, keys, now.date())
        state = Open(keys, header, Index({table: {} for table in TABLES}), 0, now)
        dropped = dict.fromkeys(TABLES, 0)
        try:
            with self.storage.writing():
                tables = self._tables()
                if not tables:  # some other program was faster
                    return dropped
                rows = {table: self._rows(table) for table in tables}
                state.counter = self._checked_counter(old, keys, rows)
                self._keep_copy(state.counter)
                for name in (*tables, "header", "manifest"):
                    self.storage.query(f"DROP TABLE {name}")
                self.storage.create_tables()
                self.storage.write_header(header.stored())
                for table, found in rows.items():
                    dropped[table] = [self._move(row, old, state) for row in found].count(False)
                self.ledger.commit(state, state.index)
            self.ledger.committed(state, state.index)
            return dropped
        finally:
            keys.wipe()

    def _new_header(
        self, old: OldHeader, passphrase: Passphrase, keys: Keys, today: date
    ) -> Header:
        private = self.random(KEY_BYTES)
        header = Header(old.wallet, bindings.crypto_scalarmult_base(private), ())
        cost = old.cost if old.cost.memory >= NEW_COST.memory else NEW_COST
        slot = new_slot(passphrase, label="", today=today, random=self.random, cost=cost)
        secrets = Secrets(keys.data, private)
        return header.with_slot(
            seal_slot(slot, way=passphrase, secrets=secrets, vault=header.name, random=self.random)
        )

    def _tables(self) -> tuple[str, ...]:
        """The tables of rows of a file that is still of version 1; none once it is not."""
        found = self.storage.query("SELECT type, name, sql FROM sqlite_master")
        if version_of_schema(found) != 1:
            return ()
        return next(tables for tables in VERSION_1_TABLES if len(tables) == len(found) - 2)

    def _rows(self, table: str) -> tuple[OldRow, ...]:
        columns = "id, version, tag, nonce, checksum, body"
        found = self.storage.query(f"SELECT {columns} FROM {table} ORDER BY id")  # noqa: S608
        return tuple(
            OldRow(table, number(row), number(version), *map(blob, blobs))
            for row, version, *blobs in found
        )

    def _checked_counter(
        self, old: OldHeader, keys: Keys, rows: dict[str, tuple[OldRow, ...]]
    ) -> int:
        stored = self.storage.manifest()
        if self.mend:
            return newest_old_counter(stored, self.ledger.anchor, keys)
        counter = old_counter(stored, key=keys.manifest)
        if counter < read_anchor(self.ledger.anchor, key=keys.anchor):
            raise VaultError("vault.rollback")
        check_old_rows(stored, rows, old, keys)
        return counter

    def _keep_copy(self, counter: int) -> None:
        name = COPY_NAME.format(self.path.stem, counter)
        keep_copy(self.path.with_name(name), self.storage.image())

    def _move(self, row: OldRow, old: OldHeader, state: Open) -> bool:
        """Seal ``row`` anew; False when it does not open and may be dropped."""
        try:
            value = row.value(old.wallet, state.keys.tables[row.table])
        except VaultError:
            if self.mend:
                return False
            raise
        place = Place(old.wallet, row.table, row.id, row.version + 1, row.tag)
        sealed = seal(value, place=place, lock=state.lock(row.table), random=self.random)
        self.storage.write_row(place, sealed)
        state.index.tables[row.table][row.id] = Entry(place.version, place.tag, sealed.nonce)
        return True
