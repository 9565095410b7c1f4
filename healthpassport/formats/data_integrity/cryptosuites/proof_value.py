"""CBOR proof values: three octets of header, then one array (vc-di-ecdsa 1.0 section 3.5).

Read strictly: multibase base64url, shortest forms, no tags, exactly the members that the header
announces. What is *not* here: the members of each suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from healthpassport import cbor, multibase
from healthpassport.cbor import Cbor
from healthpassport.errors import CredentialError, EncodingError

MAX_STATEMENTS: Final = 10_000  # of one proof; each costs a signature
MAX_POINTERS: Final = 1_000  # of one proof
MAX_CHOSEN: Final = 5_000  # of what a holder shows: unit and fields of a thousand items
HMAC_KEY_OCTETS: Final = 32  # vc-di-ecdsa 1.0 section 3.6.2 step 1


def write(header: bytes, components: Sequence[Cbor]) -> str:
    """The proof value of ``components`` (sections 3.5.2 and 3.5.7)."""
    return multibase.encode_base64url(header + cbor.encode(components))


def read(value: str, header: bytes, count: int) -> Sequence[Cbor]:
    """The ``count`` components of a proof value that begins with ``header``.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    if not value.startswith(multibase.BASE64URL):  # sections 3.5.3 and 3.5.8, step 1
        refuse("it is not base64url")
    try:
        data = multibase.decode(value)
        if not data.startswith(header):  # step 3: a base proof is not for verifiers
            refuse("its header announces another kind of proof")
        components = cbor.decode(data[len(header) :])  # step 4
    except EncodingError as error:
        raise CredentialError("di.proof_value", error.detail) from error
    if not isinstance(components, list) or len(components) != count:
        refuse("it has not the number of members that its header announces")
    return components


def octets(value: Cbor, length: int) -> bytes:
    """``value``, which must be a byte string of ``length`` octets."""
    if not isinstance(value, bytes) or len(value) != length:
        refuse("a member has not the length that it must have")
    return value


def octets_of_each(value: Cbor, length: int) -> tuple[bytes, ...]:
    """``value``, which must be an array of byte strings of ``length`` octets each."""
    if not isinstance(value, list) or len(value) > MAX_STATEMENTS:
        refuse("a list is missing or too long")
    return tuple([octets(entry, length) for entry in value])


def indexes(value: Cbor) -> tuple[int, ...]:
    """``value``, which must be an array of rising indexes: sorted, each once."""
    if not isinstance(value, list) or len(value) > MAX_STATEMENTS:
        refuse("a list of indexes is missing or too long")
    found = tuple([entry for entry in value if type(entry) is int])
    if len(found) != len(value) or any(a >= b for a, b in zip((-1, *found), found, strict=False)):
        refuse("indexes are not rising numbers")
    return found


def pointers(value: Cbor) -> tuple[str, ...]:
    """``value``, which must be an array of JSON pointers; their syntax is judged where followed."""
    if not isinstance(value, list) or len(value) > MAX_POINTERS:
        refuse("the list of pointers is missing or too long")
    found = tuple([entry for entry in value if isinstance(entry, str)])
    if len(found) != len(value):
        refuse("a pointer is no text")
    return found


def numbered(value: Cbor) -> Mapping[int, Cbor]:
    """``value``, which must be a map whose keys are 0, 1, 2 and so on: the canonical labels.

    RDFC-1.0 section 4.5 gives out c14n0, c14n1, ... without a gap.
    """
    if not isinstance(value, Mapping) or len(value) > MAX_STATEMENTS:
        refuse("the label map is missing or too long")
    found = {key: entry for key, entry in value.items() if type(key) is int}
    if found.keys() != set(range(len(value))):
        refuse("the label map does not number the labels")
    return found


def refuse(detail: str) -> NoReturn:
    """Refuse the proof value."""
    raise CredentialError("di.proof_value", detail)
