"""What exists only while a vault is unlocked: its keys, its map, and a transaction's changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from healthpassport.errors import VaultError

from .header import Header
from .kdf import purpose_key
from .manifest import Entry, Index
from .place import NO_TAG, Place
from .rowkeys import Lock
from .schema import PRIVATE_TABLES, TABLES
from .sealing import seal
from .storage import Storage
from .words import tags_of

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
    carried: dict[str, bytearray] = field(default_factory=dict)

    @classmethod
    def derive(cls, data: bytearray) -> Keys:
        """All keys of the vault whose data key is ``data``."""
        tables = {table: purpose_key(data, f"table {table}") for table in TABLES}
        manifest, rows, tags, anchor = (
            purpose_key(data, name) for name in ("manifest", "rows", "tags", "anchor")
        )
        return cls(data, tables, manifest, rows, tags, anchor)

    def words(self, table: str) -> bytearray:
        """The key of the word tags of ``table``."""
        name = f"words {table}"
        return self.carried.get(name) or purpose_key(self.data, name)

    def finding(self) -> dict[str, bytearray]:
        """The keys by which rows are found: of the tags, and of the words of each table."""
        return {"tags": self.tags} | {f"words {table}": self.words(table) for table in TABLES}

    def carry(self, finding: Mapping[str, bytes]) -> None:
        """From now on find rows by the keys of the vault that they were copied from."""
        self.carried = {name: bytearray(key) for name, key in finding.items()}
        self.tags = self.carried.get("tags", self.tags)

    def wipe(self) -> None:
        """Overwrite what we hold; copies made by libraries are out of our reach."""
        for key in (self.data, *self.tables.values(), self.manifest, self.rows, self.tags):
            key[:] = bytes(len(key))
        for key in self.carried.values():
            key[:] = bytes(len(key))
        self.anchor[:] = bytes(len(self.anchor))


@dataclass(slots=True)
class Open:
    """What is known while unlocked: keys, header, the map of all rows, the counter of that map.

    ``private`` is empty but for the few minutes after a second unlock.
    """

    keys: Keys
    header: Header
    index: Index
    counter: int
    used: datetime
    private: bytearray = field(default_factory=bytearray)
    private_since: datetime | None = None

    def lock(self, table: str) -> Lock:
        """What opens the rows of ``table`` just now."""
        key = self.keys.tables[table]
        if table not in PRIVATE_TABLES:
            return Lock(key)
        return Lock(key, self.header.public, self.private)

    def close_private(self) -> None:
        """Forget the private key."""
        self.private[:] = bytes(len(self.private))
        self.private, self.private_since = bytearray(), None

    def wipe(self) -> None:
        """Forget every key."""
        self.close_private()
        self.keys.wipe()


class Writer:
    """Changes of one transaction. Made by ``Vault.transaction``; of no use after it."""

    def __init__(self, storage: Storage, state: Open, random: Randomness) -> None:
        self._storage = storage
        self._state = state
        self._random = random
        self.index = state.index.copy()

    def add(
        self, table: str, value: bytes, *, tag: bytes = NO_TAG, words: Iterable[str] = ()
    ) -> int:
        """Store ``value`` in ``table``; returns the new row's id.

        Whoever opens the vault can ask for ``tag`` and try ``words``; a private table takes none.
        """
        row = int.from_bytes(self._random(ROW_BYTES), "big")
        while row in self.index.tables[table]:
            row = int.from_bytes(self._random(ROW_BYTES), "big")
        self._write(table, row, Entry(1, tag, b"", self._words(table, row, words)), value)
        return row

    def put(self, table: str, row: int, value: bytes, *, tag: bytes, words: bytes) -> None:
        """Store a row copied from another vault as it was found there, in a new, empty one."""
        if row in self.index.tables[table]:
            raise ValueError("a copied row never takes the place of another")
        self._write(table, row, Entry(1, tag, b"", words), value)

    def replace(
        self, table: str, row: int, value: bytes, *, words: Iterable[str] | None = None
    ) -> None:
        """Store ``value`` as the next version of ``row``; ``vault.not_found`` without it.

        ``words`` None: the row is found by the words that it had.
        """
        entry = self._entry(table, row)
        found_by = entry.words if words is None else self._words(table, row, words)
        self._write(table, row, Entry(entry.version + 1, entry.tag, b"", found_by), value)

    def delete(self, table: str, row: int) -> None:
        """Delete ``row`` and its key; ``vault.not_found`` without it."""
        self._entry(table, row)
        self._storage.delete_row(table, row)
        del self.index.tables[table][row]

    def _words(self, table: str, row: int, words: Iterable[str]) -> bytes:
        texts = tuple(words)
        if texts and table in PRIVATE_TABLES:
            raise ValueError("words of a private table could be tried without its second unlock")
        return tags_of(texts, row=row, key=self._state.keys.words(table), random=self._random)

    def _entry(self, table: str, row: int) -> Entry:
        entry = self.index.tables[table].get(row)
        if entry is None:
            raise VaultError("vault.not_found")
        return entry

    def _write(self, table: str, row: int, entry: Entry, value: bytes) -> None:
        wallet = self._state.header.wallet
        place = Place(wallet, table, row, entry.version, entry.tag, entry.words)
        sealed = seal(value, place=place, lock=self._state.lock(table), random=self._random)
        self._storage.write_row(place, sealed)
        self.index.tables[table][row] = Entry(entry.version, entry.tag, sealed.nonce, entry.words)
