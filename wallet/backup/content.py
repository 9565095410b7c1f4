"""What a backup holds: a first word about it, then every row, in the order of tables and ids.

Rows are opaque. With them go the keys by which a wallet finds its rows (blind tags and words), or a
restored wallet would hold rows that it cannot find. What is *not* here: sealing (``parts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from healthpassport.encoding import Json, b64url_decode, b64url_encode, jcs, parse_json_object
from healthpassport.errors import BackupError, EncodingError

VERSION: Final = 1
TAG_BYTES: Final = 16
FINDING_KEY_BYTES: Final = 32
LONGEST_NAME: Final = 32  # bytes of a table's name
LONGEST_WORDS: Final = 1_048_576  # bytes
LONGEST_VALUE: Final = 16_777_216  # bytes: no row that a wallet writes comes near it
LONGEST_FIRST: Final = 65_536  # bytes
_END: Final = 0x80  # no table has a name of 128 bytes, so this ends the rows


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the vault: its place, what it is found by, and its value."""

    table: str
    row: int
    tag: bytes
    words: bytes
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class First:
    """What stands before the rows.

    ``counts`` holds every table that the backup speaks for, also an empty one; a table that was
    left out is not named. ``finding`` maps a purpose (``tags``, ``words <table>``) to its key.
    """

    wallet: bytes
    counts: Mapping[str, int]
    finding: Mapping[str, bytes] = field(repr=False)

    def frame(self) -> bytes:
        """Length and JSON."""
        finding: dict[str, Json] = {name: b64url_encode(key) for name, key in self.finding.items()}
        body = jcs(
            {
                "v": VERSION,
                "wallet": b64url_encode(self.wallet),
                "counts": dict(self.counts),
                "finding": finding,
            }
        )
        return len(body).to_bytes(4, "big") + body


def row_frame(row: Row) -> bytes:
    """One row: every part of fixed length or preceded by its length."""
    name = row.table.encode()
    return b"".join(
        (
            bytes([len(name)]),
            name,
            row.row.to_bytes(8, "big"),
            row.tag,
            len(row.words).to_bytes(4, "big"),
            row.words,
            len(row.value).to_bytes(4, "big"),
            row.value,
        )
    )


class ContentReader:
    """Takes the content apart as it comes; holds one row and one part at a time.

    The bytes are authentic by now, so what cannot be read was written by a later wallet
    (``backup.version``), or by one with a fault (``backup.mixed_up``).
    """

    def __init__(self, plain: Iterator[bytes]) -> None:
        self._plain = plain
        self._waiting = bytearray()
        self.first = self._read_first()

    def rows(self) -> Iterator[Row]:
        """Every row; at the end it is seen that none is missing and nothing follows."""
        found = dict.fromkeys(self.first.counts, 0)
        before: tuple[str, int] = ("", -1)
        while (length := self._take(1)[0]) != _END:
            row = self._row(length)
            place = (row.table, row.row)
            if row.table not in found or place <= before:
                raise BackupError("backup.mixed_up", "a row stands where none can")
            before = place
            found[row.table] += 1
            yield row
        if found != dict(self.first.counts):
            raise BackupError("backup.mixed_up", "there are not as many rows as it says")
        if any(self._waiting) or any(any(part) for part in self._plain):
            raise BackupError("backup.mixed_up", "something follows the last row")

    def _read_first(self) -> First:
        body = self._sized(LONGEST_FIRST)
        try:
            document = parse_json_object(body)
            if document.get("v") != VERSION:
                raise BackupError("backup.version")
            first = _first(document)
        except (EncodingError, TypeError) as error:
            raise BackupError("backup.version") from error
        if first.frame()[4:] != body:
            raise BackupError("backup.version")
        return first

    def _row(self, length: int) -> Row:
        if not 0 < length <= LONGEST_NAME:
            raise BackupError("backup.version")
        table = self._take(length).decode("ascii", "replace")
        row = int.from_bytes(self._take(8), "big")
        tag = self._take(TAG_BYTES)
        return Row(table, row, tag, self._sized(LONGEST_WORDS), self._sized(LONGEST_VALUE))

    def _sized(self, longest: int) -> bytes:
        length = int.from_bytes(self._take(4), "big")
        if length > longest:
            raise BackupError("backup.version")
        return self._take(length)

    def _take(self, length: int) -> bytes:
        while len(self._waiting) < length:
            part = next(self._plain, None)
            if part is None:
                raise BackupError("backup.mixed_up", "the content has no end")
            self._waiting += part
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken


def _first(document: Mapping[str, Json]) -> First:
    wallet, counts, finding = (document.get(name) for name in ("wallet", "counts", "finding"))
    if not (isinstance(wallet, str) and isinstance(counts, dict) and isinstance(finding, dict)):
        raise TypeError
    numbers = {name: count for name, count in counts.items() if isinstance(count, int)}
    keys = {name: b64url_decode(key) for name, key in finding.items() if isinstance(key, str)}
    if any(len(key) != FINDING_KEY_BYTES for key in keys.values()):
        raise TypeError
    return First(b64url_decode(wallet), numbers, keys)
