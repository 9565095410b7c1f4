"""Bitstring Status List 1.0, written: the bits, their encoding, the credential around them.

One bit an entry and one purpose a list. The credential is made without a proof, which its issuer
adds (section 3.1 step 4). What is *not* here: reading (``bitstring``), proofs, and which entries
are marked (``issuer.store``).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport import multibase
from healthpassport.encoding import Json
from healthpassport.errors import StatusError
from healthpassport.status.bitstring import MIN_ENTRIES, PURPOSES
from healthpassport.status.entries import MAX_INFLATED_BYTES

CREDENTIALS_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
LIST_TYPE: Final = "BitstringStatusList"
CREDENTIAL_TYPE: Final = "BitstringStatusListCredential"
_GZIP_WBITS: Final = 31  # RFC 1952: a GZIP wrapper, here without a time of its own
_LEVEL: Final = 9  # an eighth shorter than 6 where something is marked
_HINT: Final = 8  # RFC 1952 section 2.3.1: the byte XFL, 0 in what the specification prints
_BYTE: Final = 8


def build(*, size: int, marked: Iterable[int] = ()) -> bytes:
    """The bitstring of ``size`` entries in which those at ``marked`` are set (section 3.3).

    Raises:
        StatusError: ``status.herd`` below 131,072 entries, ``status.too_large`` beyond 16 MiB,
            ``status.bits`` where ``size`` fills no whole bytes, ``status.index``.
    """
    if size < MIN_ENTRIES:
        raise StatusError("status.herd")
    if size % _BYTE:
        raise StatusError("status.bits", "the entries fill no whole bytes")
    if size // _BYTE > MAX_INFLATED_BYTES:
        raise StatusError("status.too_large")
    data = bytearray(size // _BYTE)
    for index in marked:
        if not 0 <= index < size:
            raise StatusError("status.index")
        # Section 2.2: index 0 is the left-most bit of the first byte.
        data[index // _BYTE] |= 1 << (_BYTE - 1 - index % _BYTE)
    return bytes(data)


def encode(data: bytes) -> str:
    """The ``encodedList`` of a bitstring (section 2.2): multibase base64url of GZIP."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    packed = bytearray(stream.compress(data) + stream.flush())
    packed[_HINT] = 0
    return multibase.encode_base64url(bytes(packed))


def credential(
    data: bytes,
    *,
    uri: str,
    issuer: str,
    purpose: str,
    valid_from: datetime,
    valid_until: datetime,
    ttl: timedelta,
) -> dict[str, Json]:
    """The BitstringStatusListCredential at ``uri``, without its proof (section 2.2).

    Args:
        data: what ``build`` made.
        uri: the address at which it is served, which entries name.
        issuer: the identifier whose key will sign it.
        purpose: ``revocation`` or ``suspension``.
        valid_from: aware.
        valid_until: aware; who reads it later has to ask again.
        ttl: how long a copy may be kept without asking.

    Raises:
        StatusError: ``status.purpose``.
    """
    if purpose not in PURPOSES:
        raise StatusError("status.purpose")
    return {
        "@context": [CREDENTIALS_CONTEXT],
        "id": uri,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": issuer,
        "validFrom": _stamp(valid_from),
        "validUntil": _stamp(valid_until),
        "credentialSubject": {
            "id": f"{uri}#list",
            "type": LIST_TYPE,
            "statusPurpose": purpose,
            "ttl": int(ttl / timedelta(milliseconds=1)),
            "encodedList": encode(data),
        },
    }


def _stamp(moment: datetime) -> str:
    """XML Schema 1.1 dateTimeStamp in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
