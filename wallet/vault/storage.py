"""The SQLite file: opening it safely, its schema, and its errors in our words.

A rollback journal and synchronous EXTRA: what was committed survives power loss, and one file is
all there is. Nothing in the file is trusted: the schema must be ours to the letter (no trigger, no
view), every value's type is checked, and what rows exist is for ``manifest`` to say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from healthpassport.errors import VaultError

from .files import check_private_file
from .header import VERSION, StoredHeader, version_of
from .manifest import Entry, Index, StoredManifest
from .place import Place
from .schema import SCHEMA, TABLES, version_of_schema
from .sealing import Sealed

APPLICATION_ID: Final = 0x48505631  # "HPV1" in SQLite's file header
BUSY_TIMEOUT: Final = 3.0  # seconds to wait for another program to finish its transaction
_MAX_INTEGER: Final = 2**63 - 1

_SELECT: Final = {
    table: f"SELECT version, tag, words, nonce, row_key, body, checksum FROM {table} WHERE id = ?"  # noqa: S608
    for table in TABLES
}
_INDEX: Final = {
    table: f"SELECT id, version, tag, nonce, words FROM {table}"  # noqa: S608 - a constant
    for table in TABLES
}
_REPLACE: Final = {
    table: f"INSERT OR REPLACE INTO {table} (id, version, tag, words, nonce, row_key, body,"  # noqa: S608
    " checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    for table in TABLES
}
_DELETE: Final = {table: f"DELETE FROM {table} WHERE id = ?" for table in TABLES}  # noqa: S608
_FULL: Final = sqlite3.SQLITE_FULL
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DISK: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
    }
)


class Storage:
    """One open vault file. Every method raises ``VaultError`` where SQLite fails."""

    def __init__(self, path: Path) -> None:
        with _our_words():
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
            )
        connection.text_factory = bytes
        self._database = Database(connection, execute_plugins=False, recursive_triggers=False)
        try:
            with _our_words():
                for pragma in (
                    "trusted_schema = OFF",
                    "cell_size_check = ON",
                    "journal_mode = DELETE",
                    "synchronous = EXTRA",
                    "secure_delete = ON",
                ):
                    self._database.execute(f"PRAGMA {pragma}")
        except VaultError:
            self.close()
            raise

    def create(self, header: StoredHeader, manifest: StoredManifest) -> None:
        """Lay out the tables of a new vault, in one transaction."""
        with self.writing():
            self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self.create_tables()
            self.write_header(header)
            self.write_manifest(manifest)

    def create_tables(self) -> None:
        """Within a transaction: lay out the empty tables."""
        with _our_words():
            for statement in SCHEMA.values():
                self._database.execute(statement)

    def check_shape(self, path: Path) -> int:
        """The version of the vault in the file, 1 or 2.

        Raises:
            VaultError: ``vault.corrupt`` for a file that is no vault or is shorter than it says,
                ``vault.version`` for a newer wallet's, ``vault.schema`` for a foreign schema.
        """
        with self.reading():  # a hot journal is played back before anything is measured
            numbers = [
                number(self._one(f"PRAGMA {name}")[0])
                for name in ("application_id", "page_count", "page_size")
            ]
            found = self.query("SELECT type, name, sql FROM sqlite_master")
            size = check_private_file(path)
            marker, pages, page_size = numbers
            if marker != APPLICATION_ID or pages * page_size != size:
                raise VaultError("vault.corrupt", "the file is cut short, or is no vault")
            version = version_of_schema(found)
            if version is None and self._is_newer():
                raise VaultError("vault.version")
        if version is None:
            raise VaultError("vault.schema")
        return version

    def _is_newer(self) -> bool:
        """Whether the header, all that a later version keeps of its place, says so itself."""
        try:
            version = version_of(self.header())
        except VaultError:
            return False
        return version is not None and version > VERSION

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """All rows of one statement of ours."""
        with _our_words():
            return self._database.execute(statement, values).fetchall()

    def image(self) -> bytes:
        """The bytes of the whole file, within a transaction too (sqlite3_serialize)."""
        with _our_words():
            return self._database.conn.serialize()

    def close(self) -> None:
        """Close the file."""
        self._database.conn.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent view for several reads; never inside ``writing``."""
        if self._database.conn.in_transaction:
            raise RuntimeError("read before a transaction, or after it")
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is durable when this ends, or none of it."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with _our_words():
            self._database.execute(begin)
            try:
                yield
                self._database.execute("COMMIT")
            finally:
                # A failed COMMIT (disk full, another reader) leaves the transaction open.
                if self._database.conn.in_transaction:
                    self._database.execute("ROLLBACK")

    def header(self) -> StoredHeader:
        """The one header row."""
        with _our_words():
            row = self._one("SELECT body, checksum FROM header WHERE id = 1")
        return StoredHeader(*(blob(value) for value in row))

    def write_header(self, header: StoredHeader) -> None:
        """Replace the header row."""
        with _our_words():
            self._database.execute(
                "INSERT OR REPLACE INTO header (id, body, checksum) VALUES (1, ?, ?)",
                (header.body, header.checksum),
            )

    def old_header(self) -> tuple[bytes, bytes, bytes]:
        """Body, wrapped data key and checksum of a header of version 1."""
        with _our_words():
            body, wrapped, check = self._one("SELECT body, wrapped, checksum FROM header")
        return blob(body), blob(wrapped), blob(check)

    def manifest(self) -> StoredManifest:
        """The one manifest row."""
        with _our_words():
            row = self._one("SELECT body, mac FROM manifest WHERE id = 1")
        return StoredManifest(*(blob(value) for value in row))

    def write_manifest(self, manifest: StoredManifest) -> None:
        """Replace the manifest row."""
        with _our_words():
            self._database.execute(
                "INSERT OR REPLACE INTO manifest (id, body, mac) VALUES (1, ?, ?)",
                (manifest.body, manifest.mac),
            )

    def index(self) -> Index:
        """Every row's id, version, tag and nonce, as the file has them."""
        tables: dict[str, dict[int, Entry]] = {}
        with _our_words():
            for table in TABLES:
                rows = tables[table] = {}
                for row, version, *found in self._database.execute(_INDEX[table]):
                    rows[number(row)] = Entry(number(version), *map(blob, found))
        return Index(tables)

    def row(self, wallet: bytes, table: str, row: int) -> tuple[Place, Sealed]:
        """One row and the place that it claims to stand at; ``vault.row_missing`` without it."""
        with _our_words():
            found = self._database.execute(_SELECT[table], (row,)).fetchone()
        if found is None:
            raise VaultError("vault.row_missing")
        version, *blobs = found
        tag, words, *sealed = map(blob, blobs)
        return Place(wallet, table, row, number(version), tag, words), Sealed(*sealed)

    def write_row(self, place: Place, sealed: Sealed) -> None:
        """Insert or replace one row."""
        found_by = (place.row, place.version, place.tag, place.words)
        values = (sealed.nonce, sealed.row_key, sealed.body, sealed.checksum)
        with _our_words():
            self._database.execute(_REPLACE[place.table], (*found_by, *values))

    def delete_row(self, table: str, row: int) -> None:
        """Delete one row; secure_delete overwrites its bytes."""
        with _our_words():
            self._database.execute(_DELETE[table], (row,))

    def _one(self, statement: str) -> tuple[object, ...]:
        row: tuple[object, ...] | None = self._database.execute(statement).fetchone()
        if row is None:
            raise VaultError("vault.corrupt", "a part of the vault is missing")
        return row


def number(value: object) -> int:
    """An integer of the file; anything else is damage."""
    if not isinstance(value, int) or not 0 <= value <= _MAX_INTEGER:
        raise VaultError("vault.corrupt", "a number in the vault is damaged")
    return value


def blob(value: object) -> bytes:
    """A blob; text is taken for its bytes, because damage can change the type alone."""
    if not isinstance(value, bytes):
        raise VaultError("vault.corrupt", "a value in the vault is damaged")
    return value


@contextmanager
def _our_words() -> Iterator[None]:
    """SQLite's errors as ours.

    Damage can also show as an absurd length (MemoryError), or as a name that is no text, which
    then stands in SQLite's own message (UnicodeDecodeError).
    """
    try:
        yield
    except (MemoryError, UnicodeDecodeError) as error:
        raise VaultError("vault.corrupt", "the vault holds what cannot be") from error
    except sqlite3.Error as error:
        raise VaultError(_code(error), f"SQLite says: {error}") from error


def _code(error: sqlite3.Error) -> str:
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if primary == _FULL:
        return "vault.no_space"
    if primary in _LOCKED:
        return "vault.locked"
    return "vault.io" if primary in _DISK else "vault.corrupt"
