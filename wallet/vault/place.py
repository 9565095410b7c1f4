"""Where a row stands, and the bytes that bind it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TAG_BYTES: Final = 16
NO_TAG: Final = bytes(TAG_BYTES)
_AAD: Final = b"health-passport vault row\x02"


@dataclass(frozen=True, slots=True)
class Place:
    """Wallet id, table, row id, version, and what the row is found by: blind tag and words."""

    wallet: bytes
    table: str
    row: int
    version: int
    tag: bytes = NO_TAG
    words: bytes = b""

    def associated_data(self) -> bytes:
        """The place as bytes: every part but the last of fixed length or preceded by its length."""
        name = self.table.encode()
        numbers = self.row.to_bytes(8, "big") + self.version.to_bytes(8, "big")
        return _AAD + self.wallet + bytes([len(name)]) + name + numbers + self.tag + self.words
