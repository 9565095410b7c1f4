"""What a status list that was published says, read back from its file.

The file is the issuer's own, and its signature is not asked: who can write there can publish
anything but a list that somebody believes. What is *not* here: lists of others, which are verified
(``healthpassport.status``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import b64url_decode, parse_json_object
from healthpassport.errors import EncodingError, StatusError
from healthpassport.status.bitstring import PURPOSES, read_list
from healthpassport.status.entries import VALID, inflate

_BITS: Final = 2
_PARTS: Final = 3
_BYTE: Final = 8


@dataclass(frozen=True, slots=True)
class Held:
    """A published list: the array, ``bits`` an entry, and when it was signed.

    ``purpose`` is that of a bitstring list; a token status list has none.
    """

    issued_at: int
    bits: int
    data: bytes
    purpose: str | None = None

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.data) * _BYTE // self.bits

    def forgets(self, before: Held) -> bool:
        """Whether what ``before`` calls withdrawn or replaced is neither here (sta-023)."""
        if len(self.data) < len(before.data):
            return True
        return bool(before._over() & ~self._over())

    def marks(self) -> Iterator[tuple[int, int]]:
        """Each entry that says something, as (index, status)."""
        for place, byte in enumerate(self.data):
            for index in range(_BYTE // self.bits if byte else 0):
                status = self._status(byte, index)
                if status != VALID:
                    yield place * (_BYTE // self.bits) + index, status

    def _status(self, byte: int, index: int) -> int:
        if self.bits == 1:  # Bitstring Status List 1.0 section 2.2: from the left
            return byte >> (_BYTE - 1 - index) & 1
        return byte >> (index * self.bits) & (1 << self.bits) - 1

    def _over(self) -> int:
        """A bit for each entry that can never stand again.

        Of the four statuses these are the two odd ones, WITHDRAWN and REPLACED.
        """
        value = int.from_bytes(self.data, "little")
        if self.bits == 1:
            return value if self.purpose == PURPOSES[0] else 0
        return value & int.from_bytes(b"\x55" * len(self.data), "little")


def read_token(data: bytes) -> Held | None:
    """The token status list in a JWT, None where it is none of ours."""
    parts = data.split(b".")
    if len(parts) != _PARTS:
        return None
    try:
        payload = parse_json_object(b64url_decode(parts[1].decode("ascii")))
        match payload:
            case {"iat": int(issued_at), "status_list": {"bits": 2, "lst": str(packed)}}:
                return Held(issued_at, _BITS, inflate(b64url_decode(packed)))
    except (EncodingError, StatusError, UnicodeDecodeError):
        pass
    return None


def read_bitstring(data: bytes) -> Held | None:
    """The bitstring list in a credential, None where it is none of ours."""
    try:
        document = parse_json_object(data)
        match document:
            case {"validFrom": str(begins), "credentialSubject": dict(subject)}:
                held = read_list(subject)
                begun = int(datetime.fromisoformat(begins).timestamp())
                return Held(begun, 1, held.data, held.purposes[0])
    except (EncodingError, StatusError, ValueError):
        pass
    return None
