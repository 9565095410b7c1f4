"""What is done to a good vault to make a bad one, and the code that must name it."""

# ruff: noqa: S608 - the names of tables are constants
from __future__ import annotations

import json
import sqlite3
from base64 import urlsafe_b64decode
from collections.abc import Callable

from wallet.vault.header import checksum as header_checksum
from wallet.vault.place import Place
from wallet.vault.rowkeys import Lock
from wallet.vault.sealing import checksum, seal

STATEMENTS = [
    ("another kind of database", "PRAGMA application_id = 7", "corrupt"),
    ("a trigger", "CREATE TRIGGER t AFTER INSERT ON copies BEGIN SELECT 1; END", "schema"),
    ("a view", "CREATE VIEW v AS SELECT * FROM records", "schema"),
    ("a table too many", "CREATE TABLE extra (x)", "schema"),
    ("an index", "CREATE INDEX i ON records (tag)", "schema"),
    ("a table too few", "DROP TABLE people", "schema"),
    ("a damaged header", "UPDATE header SET checksum = zeroblob(16)", "corrupt"),
    ("no header", "DELETE FROM header", "corrupt"),
    ("no manifest", "DELETE FROM manifest", "corrupt"),
    ("a damaged manifest", "UPDATE manifest SET mac = zeroblob(32)", "corrupt"),
    (
        "a deleted row",
        "DELETE FROM records WHERE id = (SELECT max(id) FROM records)",
        "row_missing",
    ),
    ("a deleted line of history", "DELETE FROM history", "row_missing"),
    ("a damaged body", "UPDATE records SET body = zeroblob(4112)", "corrupt"),
    ("a damaged row key", "UPDATE receipts SET row_key = zeroblob(104)", "corrupt"),
    ("a damaged tag", "UPDATE records SET tag = zeroblob(16)", "corrupt"),
    ("damaged words", "UPDATE cards SET words = zeroblob(192)", "corrupt"),
    ("a version that is a text", "UPDATE records SET version = 'x'", "corrupt"),
    ("a version below nought", "UPDATE records SET version = -1", "corrupt"),
    ("a nonce that is a number", "UPDATE records SET nonce = 1.5", "corrupt"),
]
OLD_STATEMENTS = [
    ("a damaged header", "UPDATE header SET wrapped = zeroblob(72)", "corrupt"),
    ("a damaged manifest", "UPDATE manifest SET mac = zeroblob(32)", "corrupt"),
    ("a deleted row", "DELETE FROM history", "row_missing"),
    ("a damaged body", "UPDATE records SET body = zeroblob(4112)", "corrupt"),
    ("a view", "CREATE VIEW v AS SELECT * FROM records", "schema"),
]
HEADERS = [
    ("a later version", b'"v":2', b'"v":3', "version"),
    ("a cost below the floor", b'"passes":3', b'"passes":1', "kdf"),
    ("memory below the floor", b'"memory":67108864', b'"memory":8192', "kdf"),
    ("memory above the ceiling", b'"memory":67108864', b'"memory":9007199254740991', "kdf"),
    ("a cost that is not the one that was sealed", b'"passes":3', b'"passes":4', "unlock_failed"),
    ("a cost that is a text", b'"passes":3', b'"passes":"3"', "corrupt"),
    ("two lanes", b'"lanes":1', b'"lanes":2', "corrupt"),
    ("a member that nobody knows", b'"lanes":1', b'"lanes":1,"more":1', "corrupt"),
    ("a space in the header", b'{"aead"', b'{ "aead"', "corrupt"),
    ("a member twice", b'"v":2', b'"v":2,"v":2', "corrupt"),
    ("padding in base64url", b'"salt":"', b'"salt":"=', "corrupt"),
    ("another cipher", b"xchacha20poly1305", b"aes-256-gcm-siv", "corrupt"),
    ("another kind of way in", b'"kind":"words"', b'"kind":"wards"', "corrupt"),
    ("a label that was changed", b"laptop", b"tablet", "rollback"),
]


def rewrite(file: sqlite3.Connection, old: bytes, new: bytes) -> None:
    """Change the header, and make its checksum fit."""
    (body,) = file.execute("SELECT body FROM header").fetchone()
    if old not in body:
        raise AssertionError(old)
    put_header(file, body.replace(old, new, 1))


def put_header(file: sqlite3.Connection, body: bytes) -> None:
    file.execute("UPDATE header SET body = ?, checksum = ?", (body, header_checksum(body)))


def slots(file: sqlite3.Connection, change: Callable[[list], None]) -> None:
    """Change the list of slots."""
    (body,) = file.execute("SELECT body FROM header").fetchone()
    header = json.loads(body)
    change(header["slots"])
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    put_header(file, text.encode())


def fit(file: sqlite3.Connection, table: str) -> None:
    """Make the plain checksums of ``table`` fit, as a careful attacker does."""
    (body,) = file.execute("SELECT body FROM header").fetchone()
    text = json.loads(body)["wallet"]
    wallet = urlsafe_b64decode(text + "==")
    columns = "id, version, tag, words, nonce, row_key, body"
    for row, version, tag, words, *sealed in file.execute(
        f"SELECT {columns} FROM {table}"
    ).fetchall():
        fitted = checksum(Place(wallet, table, row, version, tag, words), *sealed)
        file.execute(f"UPDATE {table} SET checksum = ? WHERE id = ?", (fitted, row))


def swapped(columns: str) -> Callable[[sqlite3.Connection], None]:
    """The two records exchange ``columns``."""

    def bend(file: sqlite3.Connection) -> None:
        one, two = file.execute(f"SELECT id, {columns} FROM records ORDER BY id").fetchall()
        marks = ", ".join(f"{name.strip()} = ?" for name in columns.split(","))
        for row, other in ((one, two), (two, one)):
            file.execute(f"UPDATE records SET {marks} WHERE id = ?", (*other[1:], row[0]))
        fit(file, "records")

    return bend


def set_and_fit(table: str, change: str) -> Callable[[sqlite3.Connection], None]:
    def bend(file: sqlite3.Connection) -> None:
        file.execute(f"UPDATE {table} SET {change}")
        fit(file, table)

    return bend


def planted(file: sqlite3.Connection) -> None:
    """History sealed to the public key by somebody who lacks the data key."""
    header = json.loads(file.execute("SELECT body FROM header").fetchone()[0])
    decoded = [
        urlsafe_b64decode(header[name] + "=" * (-len(header[name]) % 4))
        for name in ("wallet", "public")
    ]
    found = file.execute("SELECT id, version, tag, nonce FROM history").fetchone()
    place = Place(decoded[0], "history", *found[:3])
    draws = iter([bytes(32), found[3], bytes(31) + b"\x01", bytes(24)])
    lock = Lock(bytes(32), decoded[1])
    sealed = seal(b"planted", place=place, lock=lock, random=lambda _: next(draws))
    file.execute(
        "UPDATE history SET row_key = ?, body = ?, checksum = ?",
        (sealed.row_key, sealed.body, sealed.checksum),
    )


BENDS = [
    ("no ways in", lambda file: slots(file, list.clear), "corrupt"),
    ("a way in twice", lambda file: slots(file, lambda s: s.append(s[1])), "corrupt"),
    ("a way in taken out", lambda file: slots(file, lambda s: s.pop()), "rollback"),
    ("ways in another order", lambda file: slots(file, list.reverse), "rollback"),
    ("rows that were swapped", swapped("nonce, row_key, body"), "row_binding"),
    ("bodies that were swapped", swapped("body"), "row_binding"),
    ("keys that were swapped", swapped("row_key"), "row_binding"),
    ("keys and bodies that were swapped", swapped("row_key, body"), "row_binding"),
    ("words taken away", set_and_fit("cards", "words = x''"), "row_binding"),
    ("a row of another version", set_and_fit("cards", "version = 2"), "row_binding"),
    (
        "a row with another tag",
        set_and_fit("cards", "tag = x'000102030405060708090a0b0c0d0e0f'"),
        "row_binding",
    ),
    ("a body cut short", set_and_fit("cards", "body = x'00'"), "row_binding"),
    ("a private key cut short", set_and_fit("history", "row_key = x'00'"), "row_binding"),
    ("history that was planted", planted, "row_binding"),
]
