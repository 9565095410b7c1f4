"""What exists only while a vault is unlocked: its keys, its map, and a transaction's changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from healthpassport.errors import VaultError

from .kdf import purpose_key
from .manifest import Entry, Index
from .sealing import NO_TAG, Place, seal
from .storage import TABLES, Storage

ROW_BYTES: Final = 7  # random row ids fit SQLite's signed 64 bits

Randomness: TypeAlias = "Callable[[int], bytes]"


@dataclass(slots=True)
class Keys:
    """Everything derived from the data key while the vault is open."""

    data: bytearray
    tables: dict[str, bytearray]
    manifest: bytearray
    rows: bytearray
    tags: bytearray
    anchor: bytearray

    @classmethod
    def derive(cls, data: bytearray) -> Keys:
        """All keys of the vault whose data key is ``data``."""
        tables = {table: purpose_key(data, f"table {table}") for table in TABLES}
        others = (purpose_key(data, name) for name in ("manifest", "rows", "tags", "anchor"))
        return cls(data, tables, *others)

    def wipe(self) -> None:
        """Overwrite what we hold; copies made by libraries are out of our reach."""
        for key in (self.data, *self.tables.values(), self.manifest, self.rows, self.tags):
            key[:] = bytes(len(key))
        self.anchor[:] = bytes(len(self.anchor))


@dataclass(slots=True)
class Open:
    """What is known while unlocked: keys, the map of all rows, the counter of that map."""

    keys: Keys
    index: Index
    counter: int
    used: datetime


class Writer:
    """Changes of one transaction. Made by ``Vault.transaction``; of no use after it."""

    def __init__(self, storage: Storage, wallet: bytes, state: Open, random: Randomness) -> None:
        self._storage = storage
        self._wallet = wallet
        self._keys = state.keys
        self._random = random
        self.index = state.index.copy()

    def add(self, table: str, value: bytes, *, tag: bytes = NO_TAG) -> int:
        """Store ``value`` in ``table``; returns the new row's id."""
        row = int.from_bytes(self._random(ROW_BYTES), "big")
        while row in self.index.tables[table]:
            row = int.from_bytes(self._random(ROW_BYTES), "big")
        self._write(Place(self._wallet, table, row, 1, tag), value)
        return row

    def replace(self, table: str, row: int, value: bytes) -> None:
        """Store ``value`` as the next version of ``row``; ``vault.not_found`` without it."""
        entry = self._entry(table, row)
        self._write(Place(self._wallet, table, row, entry.version + 1, entry.tag), value)

    def delete(self, table: str, row: int) -> None:
        """Delete ``row``; ``vault.not_found`` without it."""
        self._entry(table, row)
        self._storage.delete_row(table, row)
        del self.index.tables[table][row]

    def _entry(self, table: str, row: int) -> Entry:
        entry = self.index.tables[table].get(row)
        if entry is None:
            raise VaultError("vault.not_found")
        return entry

    def _write(self, place: Place, value: bytes) -> None:
        key = self._keys.tables[place.table]
        sealed = seal(value, place=place, table_key=key, random=self._random)
        self._storage.write_row(place, sealed)
        self.index.tables[place.table][place.row] = Entry(place.version, place.tag, sealed.nonce)
