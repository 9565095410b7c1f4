"""The array of statuses inside a Token Status List (draft-ietf-oauth-status-list-20 section 4).

Rules: 1, 2, 4 or 8 bits an entry, packed from the least significant bit of each byte; ZLIB around
DEFLATE, never raw; inflating is bounded. What is *not* here: the signed token around the array.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from healthpassport.errors import StatusError

VALID: Final = 0  # section 7.1
WITHDRAWN: Final = 1  # section 7.1 names it INVALID
SUSPENDED: Final = 2  # section 7.1
REPLACED: Final = 3  # section 7.1: 0x03 is application specific; ours: a newer record exists

ALLOWED_BITS: Final = (1, 2, 4, 8)  # section 4.1, step 1
MAX_INFLATED_BYTES: Final = 16 * 1_048_576  # security.md, limits: one inflated status list
COMPRESSION_LEVEL: Final = 9  # section 4.1, step 4: the highest is recommended
_BYTE: Final = 8


@dataclass(frozen=True, slots=True)
class StatusList:
    """``size`` statuses of ``bits`` bits each, packed in ``data``."""

    bits: int
    size: int
    data: bytes

    def get(self, index: object) -> int:
        """The status at ``index``.

        Raises:
            StatusError: ``status.index`` when the index is no integer of this list (section 8.3
                step 6); an index comes from a credential and may be anything.
        """
        # A bool is an int in Python but `true` is no index in JSON.
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < self.size:
            raise StatusError("status.index")
        first_bit = index * self.bits
        # Section 4.1 step 3: entries are packed from the least significant bit of each byte.
        return self.data[first_bit // _BYTE] >> first_bit % _BYTE & (1 << self.bits) - 1


def build(*, bits: int, size: int, entries: Iterable[tuple[int, int]] = ()) -> StatusList:
    """A list of ``size`` statuses, all VALID but for the ``(index, status)`` pairs of ``entries``.

    Raises:
        StatusError: ``status.bits`` for a width that section 4.1 does not allow or a status that
            does not fit it, ``status.index`` for an index outside the list.
    """
    if bits not in ALLOWED_BITS:
        raise StatusError("status.bits")
    mask = (1 << bits) - 1
    data = bytearray(-(-size * bits // _BYTE))
    for index, status in entries:
        if not 0 <= index < size:
            raise StatusError("status.index")
        if not 0 <= status <= mask:
            raise StatusError("status.bits", "a status does not fit the list's width")
        place, shift = divmod(index * bits, _BYTE)
        data[place] = data[place] & ~(mask << shift) | status << shift
    return StatusList(bits, size, bytes(data))


def compress(data: bytes) -> bytes:
    """``data`` in the ZLIB format (section 4.1 step 4)."""
    return zlib.compress(data, COMPRESSION_LEVEL)


def inflate(data: bytes, *, max_bytes: int = MAX_INFLATED_BYTES) -> bytes:
    """The bytes inside the ZLIB stream ``data``.

    Raises:
        StatusError: ``status.decode`` for raw DEFLATE, a truncated stream, a wrong checksum or
            anything behind the stream; ``status.too_large`` beyond ``max_bytes``.
    """
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise StatusError("status.decode") from error
    if len(inflated) > max_bytes:
        raise StatusError("status.too_large")
    if not stream.eof or stream.unused_data:
        raise StatusError("status.decode", "the stream is cut short or something follows it")
    return inflated
