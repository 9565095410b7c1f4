"""What can be read of a backup without a key: which wallet's it is, when it was made, who opens it.

The first 14 bytes and the checksum stay as they are in every version, so that an older wallet tells
a newer backup from a damaged one. A MAC under the backup's key covers all of it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

from healthpassport.encoding import Json, b64url_decode, b64url_encode, jcs, parse_json_object
from healthpassport.errors import BackupError, EncodingError

from .keys import SEALED_BYTES, Slot, SlotKind, read_cost
from .split import read_split

MAGIC: Final = b"hpbackup"
VERSION: Final = 1
ID_BYTES: Final = 16
PREFIX_BYTES: Final = 14  # magic, version (2), length of the header (4)
MAC_BYTES: Final = 32
CHECKSUM_BYTES: Final = 16
LONGEST: Final = 16_384  # bytes of the header's JSON
MOST_SLOTS: Final = 8


@dataclass(frozen=True, slots=True)
class Header:
    """``backup`` and ``wallet`` are random ids of 16 bytes; ``made`` is in whole seconds, UTC."""

    backup: bytes
    wallet: bytes
    made: datetime
    slots: tuple[Slot, ...]

    def head(self) -> bytes:
        """The first bytes of the file, up to the MAC."""
        slots: list[Json] = [slot.wire() for slot in self.slots]
        document: dict[str, Json] = {
            "v": VERSION,
            "backup": b64url_encode(self.backup),
            "wallet": b64url_encode(self.wallet),
            "made": self.made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aead": "xchacha20poly1305",
            "slots": slots,
        }
        body = jcs(document)
        return MAGIC + VERSION.to_bytes(2, "big") + len(body).to_bytes(4, "big") + body


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """A header as the file holds it: ``head`` is what the MAC and the content's key cover."""

    header: Header
    head: bytes
    mac: bytes

    @property
    def size(self) -> int:
        """How many bytes of the file it takes."""
        return len(self.head) + MAC_BYTES + CHECKSUM_BYTES

    def check(self, key: bytes) -> None:
        """Raise ``backup.altered`` unless this header was made with ``key``."""
        if not hmac.compare_digest(self.mac, header_mac(self.head, key)):
            raise BackupError("backup.altered", "the beginning of the file")


def header_mac(head: bytes, key: bytes) -> bytes:
    """The MAC of the file's first bytes under the backup's key."""
    return hashlib.blake2b(head, key=key, digest_size=MAC_BYTES, person=b"hp-backup-head").digest()


def stored(header: Header, key: bytes) -> bytes:
    """``header`` as the beginning of a file: its bytes, MAC and checksum."""
    head = header.head()
    covered = head + header_mac(head, key)
    return covered + _checksum(covered)


def read_header(file: BinaryIO) -> StoredHeader:
    """The header that ``file`` begins with.

    Raises:
        BackupError: ``backup.not_a_backup``, ``backup.cut_short``, ``backup.damaged``,
            ``backup.version``, ``backup.kdf``.
    """
    prefix = file.read(PREFIX_BYTES)
    if not prefix or prefix[: len(MAGIC)] != MAGIC[: len(prefix)]:
        raise BackupError("backup.not_a_backup")
    if len(prefix) < PREFIX_BYTES:
        raise BackupError("backup.cut_short")
    version = int.from_bytes(prefix[8:10], "big")
    length = int.from_bytes(prefix[10:], "big")
    if length > LONGEST:
        raise BackupError("backup.damaged", "the beginning of the file")
    rest = file.read(length + MAC_BYTES + CHECKSUM_BYTES)
    if len(rest) < length + MAC_BYTES + CHECKSUM_BYTES:
        raise BackupError("backup.cut_short")
    covered = prefix + rest[:-CHECKSUM_BYTES]
    if _checksum(covered) != rest[-CHECKSUM_BYTES:]:
        raise BackupError("backup.damaged", "the beginning of the file")
    if version != VERSION:
        raise BackupError("backup.version")
    head, mac = covered[:-MAC_BYTES], covered[-MAC_BYTES:]
    return StoredHeader(_header(head), head, mac)


def _header(head: bytes) -> Header:
    try:
        document = parse_json_object(head[PREFIX_BYTES:])
        slots = document.get("slots")
        if not isinstance(slots, list) or len(slots) > MOST_SLOTS:
            raise BackupError("backup.damaged", "the header lacks its slots")
        header = Header(
            b64url_decode(_text(document, "backup")),
            b64url_decode(_text(document, "wallet")),
            _moment(_text(document, "made")),
            tuple(_slot(slot) for slot in slots),
        )
    except EncodingError as error:
        raise BackupError("backup.damaged", "the header cannot be read") from error
    if len(header.backup) != ID_BYTES or len(header.wallet) != ID_BYTES:
        raise BackupError("backup.damaged", "an id has the wrong length")
    # Comparing with what we would write refuses every member and spelling that we do not know.
    if header.head() != head:
        raise BackupError("backup.damaged", "the header is not one that a wallet writes")
    if sum(slot.kind is SlotKind.PASSPHRASE for slot in header.slots) > 1:
        raise BackupError("backup.damaged", "each passphrase costs time: there is one at most")
    return header


def _slot(told: Json) -> Slot:
    """One slot; its facts are checked by their kind, before anything is spent on them."""
    if not isinstance(told, dict):
        raise BackupError("backup.damaged", "a slot is no object")
    facts = {name: value for name, value in told.items() if name not in {"kind", "sealed"}}
    try:
        kind = SlotKind(_text(told, "kind"))
    except ValueError as error:
        raise BackupError("backup.damaged", "a slot of an unknown kind") from error
    slot = Slot(kind, facts, b64url_decode(_text(told, "sealed")))
    if len(slot.sealed) != SEALED_BYTES:
        raise BackupError("backup.damaged", "a slot has the wrong length")
    if kind is SlotKind.PASSPHRASE:
        read_cost(facts)
    elif kind is SlotKind.SPLIT:
        read_split(facts)
    if set(facts) != _FACTS[kind]:
        raise BackupError("backup.damaged", "a slot has an unknown member")
    return slot


def _text(document: dict[str, Json], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise BackupError("backup.damaged", "the header lacks a member")
    return value


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BackupError("backup.damaged", "the header's date cannot be read") from error


def _checksum(covered: bytes) -> bytes:
    return hashlib.blake2b(covered, digest_size=CHECKSUM_BYTES).digest()


_FACTS: Final = {
    SlotKind.PASSPHRASE: {"salt", "passes", "memory"},
    SlotKind.WORDS: set[str](),
    SlotKind.SPLIT: {"split", "parts"},
}
