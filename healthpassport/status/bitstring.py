"""Bitstring Status List 1.0: the list inside a credential, and the entry that points to it.

For credentials of the VC Data Model. Packed from the most significant bit (section 2.2), GZIP in
multibase base64url: the other way round than a Token Status List. What is *not* here: verifying
the credential that carries the list, whose proof is checked before its subject is handed in; making
lists (``bitstring_writing``).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, b64url_decode
from healthpassport.errors import EncodingError, StatusError
from healthpassport.multibase import encode_base64url
from healthpassport.status.entries import MAX_INFLATED_BYTES

MIN_ENTRIES: Final = 131_072  # section 3.4: 16 KiB, for the privacy of the herd
PURPOSES: Final = ("revocation", "suspension")  # section 2.1: what says whether to rely on it
MULTIBASE_BASE64URL: Final = "u"  # section 2.2, Controlled Identifiers 1.0 section 2.4
MAX_INDEX_DIGITS: Final = 12  # of a decimal index; the largest list has fewer entries
_GZIP_WBITS: Final = 31  # RFC 1952: a GZIP wrapper and nothing else
_BYTE: Final = 8


@dataclass(frozen=True, slots=True)
class BitstringEntry:
    """The ``credentialStatus`` of a credential (section 2.1)."""

    purpose: str
    index: int
    uri: str

    def claim(self) -> dict[str, str]:
        """The entry as ``credentialStatus`` holds it; an ``id`` would only be one more trace."""
        return {
            "type": "BitstringStatusListEntry",
            "statusPurpose": self.purpose,
            "statusListIndex": str(self.index),
            "statusListCredential": self.uri,
        }


@dataclass(frozen=True, slots=True)
class BitstringList:
    """The statuses of one list, one bit an entry, for ``purposes``."""

    purposes: tuple[str, ...]
    data: bytes

    def get(self, entry: BitstringEntry) -> int:
        """The bit of ``entry``: 1 is revoked or suspended.

        Raises:
            StatusError: ``status.purpose`` when the list serves another purpose than the entry,
                ``status.index`` outside the list (section 3.2 steps 5 and 9).
        """
        if entry.purpose not in self.purposes:
            raise StatusError("status.purpose")
        if entry.index >= len(self.data) * _BYTE:
            raise StatusError("status.index")
        # Section 2.2: the first entry is the leftmost bit of the first byte.
        return self.data[entry.index // _BYTE] >> (_BYTE - 1 - entry.index % _BYTE) & 1


def read_entry(status: Json) -> BitstringEntry:
    """The entry in a credential's ``credentialStatus``.

    Raises:
        StatusError: ``status.missing`` when it is no BitstringStatusListEntry, ``status.purpose``
            for a purpose that does not say whether to rely on the credential (``refresh``,
            ``message``), ``status.index``, ``status.reference``.
    """
    if not isinstance(status, Mapping) or status.get("type") != "BitstringStatusListEntry":
        raise StatusError("status.missing")
    purpose, index = status.get("statusPurpose"), status.get("statusListIndex")
    uri = status.get("statusListCredential")
    if not isinstance(purpose, str) or purpose not in PURPOSES:
        raise StatusError("status.purpose")
    if status.get("statusSize", 1) != 1:  # section 2.1: wider entries are for messages
        raise StatusError("status.bits")
    if not isinstance(index, str) or not (index.isascii() and index.isdigit()):
        raise StatusError("status.index", "statusListIndex is a text of decimal digits")
    if len(index) > MAX_INDEX_DIGITS:
        raise StatusError("status.index")
    if not isinstance(uri, str) or not uri.startswith("https://"):
        raise StatusError("status.reference")
    return BitstringEntry(purpose, int(index), uri)


def read_list(subject: Json) -> BitstringList:
    """The list in the ``credentialSubject`` of a BitstringStatusListCredential (section 2.2).

    Raises:
        StatusError: ``status.claims``, ``status.purpose``, ``status.decode``,
            ``status.too_large``, ``status.herd`` when it is smaller than section 3.4 allows.
    """
    if not isinstance(subject, Mapping) or subject.get("type") != "BitstringStatusList":
        raise StatusError("status.claims")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise StatusError("status.claims")
    data = _expand(encoded)
    if len(data) * _BYTE < MIN_ENTRIES:
        raise StatusError("status.herd")
    return BitstringList(_purposes(subject.get("statusPurpose")), data)


def encode_list(data: bytes) -> str:
    """The ``encodedList`` of ``data`` (section 3.3): GZIP in multibase, the same at each call."""
    return encode_base64url(gzip.compress(data, mtime=0))


def _purposes(value: Json) -> tuple[str, ...]:
    """One purpose, or an array of them (section 2.2)."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, Sequence) or not given:
        raise StatusError("status.purpose")
    purposes = tuple(purpose for purpose in given if isinstance(purpose, str))
    if len(purposes) != len(given) or set(purposes).isdisjoint(PURPOSES):
        raise StatusError("status.purpose")
    return purposes


def _expand(encoded: str) -> bytes:
    """Section 3.3: multibase, base64url without padding, GZIP, within bounds."""
    if not encoded.startswith(MULTIBASE_BASE64URL):
        raise StatusError("status.decode", "encodedList is not multibase base64url")
    stream = zlib.decompressobj(wbits=_GZIP_WBITS)
    try:
        data = stream.decompress(b64url_decode(encoded[1:]), MAX_INFLATED_BYTES + 1)
    except (EncodingError, zlib.error) as error:
        raise StatusError("status.decode") from error
    if len(data) > MAX_INFLATED_BYTES:
        raise StatusError("status.too_large")
    if not stream.eof or stream.unused_data:
        raise StatusError("status.decode", "the stream is cut short or something follows it")
    return data
