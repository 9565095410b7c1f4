"""The tables of a vault's file, to the letter, in this version and the one before.

A file whose schema is none of these is not opened: a trigger or view could change what is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

TABLES: Final = (
    "records",
    "copies",
    "history",
    "receipts",
    "grants",
    "cards",
    "people",
    "helpers",
    "state",
)
PRIVATE_TABLES: Final = frozenset({"history", "receipts"})  # read after a second unlock
VERSION_1_TABLES: Final = (("records", "copies", "history", "state"), TABLES)

_HEADER: Final = "CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL,"
_MANIFEST: Final = (
    "CREATE TABLE manifest (id INTEGER PRIMARY KEY CHECK (id = 1),"
    " body BLOB NOT NULL, mac BLOB NOT NULL)"
)
_ROWS: Final = (
    "CREATE TABLE {} (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
    " tag BLOB NOT NULL, nonce BLOB NOT NULL,"
)

SCHEMA: Final = {"header": f"{_HEADER} checksum BLOB NOT NULL)", "manifest": _MANIFEST} | {
    table: f"{_ROWS.format(table)} words BLOB NOT NULL, row_key BLOB NOT NULL,"
    " checksum BLOB NOT NULL, body BLOB NOT NULL)"
    for table in TABLES
}


def _version_1(tables: Iterable[str]) -> dict[str, str]:
    fixed = {
        "header": f"{_HEADER} wrapped BLOB NOT NULL, checksum BLOB NOT NULL)",
        "manifest": _MANIFEST,
    }
    rows = " checksum BLOB NOT NULL, body BLOB NOT NULL)"
    return fixed | {table: f"{_ROWS.format(table)}{rows}" for table in tables}


def version_of_schema(found: Iterable[tuple[object, ...]]) -> int | None:
    """1 or 2 for the rows (type, name, sql) of ``sqlite_master``; None for any other schema."""
    rows = list(found)
    for version, schema in (
        (2, SCHEMA),
        *((1, _version_1(tables)) for tables in VERSION_1_TABLES),
    ):
        ours = {(b"table", name.encode(), sql.encode()) for name, sql in schema.items()}
        if set(rows) == ours and len(rows) == len(ours):
            return version
    return None
