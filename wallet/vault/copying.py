"""All rows of a vault at one moment, to be copied, and the keys that find them.

A blind tag or word is a keyed digest whose text is not stored. A vault made from copied rows
therefore carries the first vault's finding keys on, in a row of its own (``CARRIED``); its data key
is new. What is *not* here: where the copies go (``wallet.backup``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from healthpassport.encoding import Json, b64url_decode, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import VaultError

from .manifest import Entry
from .opened import Open, Writer
from .place import TAG_BYTES
from .sealing import unseal
from .storage import Storage

CARRIED: Final = hashlib.blake2b(
    digest_size=TAG_BYTES, person=b"hp-vault-carried"
).digest()  # the tag of the one row of ``state`` that holds carried keys
_TABLE: Final = "state"


@dataclass(frozen=True, slots=True)
class CopiedRow:
    """One row: its place, what it is found by, its value."""

    table: str
    row: int
    tag: bytes
    words: bytes
    value: bytes = field(repr=False)


class Snapshot:
    """The rows of some tables as they stood at one moment. Of no use after ``Vault.snapshot``."""

    def __init__(
        self, storage: Storage, state: Open, tables: tuple[str, ...], without: frozenset[bytes]
    ) -> None:
        self._storage = storage
        self._state = state
        left_out = without | {CARRIED}
        self._rows = {
            table: sorted(
                row for row, entry in state.index.tables[table].items() if entry.tag not in left_out
            )
            for table in sorted(tables)
        }

    @property
    def wallet(self) -> bytes:
        """The vault's id."""
        return self._state.header.wallet

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each table gives."""
        return {table: len(rows) for table, rows in self._rows.items()}

    @property
    def finding(self) -> dict[str, bytes]:
        """The keys that rows are found by."""
        return {name: bytes(key) for name, key in self._state.keys.finding().items()}

    def rows(self) -> Iterator[CopiedRow]:
        """Every row, in the order of tables and ids, one at a time."""
        for table, rows in self._rows.items():
            for row in rows:
                yield self._copied(table, row)

    def _copied(self, table: str, row: int) -> CopiedRow:
        place, sealed = self._storage.row(self._state.header.wallet, table, row)
        value = unseal(sealed, place=place, lock=self._state.lock(table))
        if self._state.index.tables[table][row] != Entry(
            place.version, place.tag, sealed.nonce, place.words
        ):
            raise VaultError("vault.row_binding", "a row was put back to an older version")
        return CopiedRow(table, row, place.tag, place.words, value)


def fill(writer: Writer, rows: Iterable[CopiedRow], finding: Mapping[str, bytes]) -> None:
    """Put copied rows into a new, empty vault, each under the id that it had."""
    for row in rows:
        writer.put(row.table, row.row, row.value, tag=row.tag, words=row.words)
    keys: dict[str, Json] = {name: b64url_encode(key) for name, key in finding.items()}
    writer.add(_TABLE, dump_json(keys), tag=CARRIED)


def take_carried(storage: Storage, state: Open) -> None:
    """Find rows by the keys that were carried into this vault, if any were."""
    for row, entry in state.index.tables[_TABLE].items():
        if entry.tag == CARRIED:
            place, sealed = storage.row(state.header.wallet, _TABLE, row)
            told = parse_json_object(unseal(sealed, place=place, lock=state.lock(_TABLE)))
            texts = {name: key for name, key in told.items() if isinstance(key, str)}
            state.keys.carry({name: b64url_decode(key) for name, key in texts.items()})
