"""Disclosures and their digests (RFC 9901 sections 4.2.1 to 4.2.3).

What is *not* here: where a digest may stand, and what follows from it (``processing``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from healthpassport.encoding import Json, b64url_encode, dump_json, parse_b64url_json
from healthpassport.errors import CredentialError

SD: Final = "_sd"
SD_ALG: Final = "_sd_alg"
ELLIPSIS: Final = "..."
# RFC 9901 section 7.1 step 3.c.2.2; _sd_alg may stand at the top level only (section 4.1.1).
RESERVED: Final = frozenset({SD, SD_ALG, ELLIPSIS})

MEMBER: Final = 3  # salt, name, value
ELEMENT: Final = 2  # salt, value

# "Hash Name String" of the IANA Named Information registry (section 4.1.1). Allowed is another
# matter: see `sd_jwt.verify`.
HASHES: Final[Mapping[str, Callable[[bytes], hashlib._Hash]]] = MappingProxyType(
    {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}
)
DEFAULT_HASH: Final = "sha-256"


class Disclosure(NamedTuple):
    """One decoded disclosure: ``text`` as sent, the claim ``name`` (None for an array element).

    ``flat`` says that ``value`` can hold no digests, so that it need not be searched for them. A
    named tuple, since a presentation holds hundreds and they are made on the path of every check.
    """

    text: str
    name: str | None
    value: Json
    flat: bool


def read_disclosure(text: str) -> Disclosure:
    """Decode one disclosure strictly.

    Raises:
        EncodingError: when it is not strict base64url over strict JSON.
        CredentialError: ``sdjwt.disclosure_arity`` when it is not an array of two or three,
            ``sdjwt.disclosure_malformed`` when salt or name is not a string.
    """
    entry, body = parse_b64url_json(text)
    if type(entry) is not list:
        raise CredentialError("sdjwt.disclosure_arity")
    if len(entry) == MEMBER:
        salt, name, value = entry
        if type(name) is not str:
            raise CredentialError("sdjwt.disclosure_malformed")
    elif len(entry) == ELEMENT:
        salt, value = entry
        name = None
    else:
        raise CredentialError("sdjwt.disclosure_arity")
    if type(salt) is not str:
        raise CredentialError("sdjwt.disclosure_malformed")
    # An escape could spell a reserved name, so text with a backslash is always searched.
    flat = type(value) is str or not ("_sd" in body or '"..."' in body or "\\" in body)
    return Disclosure(text, name, value, flat)


def write_disclosure(salt: str, name: str | None, value: Json) -> str:
    """The disclosure of ``value`` under ``name``, or of an array element where that is None."""
    return b64url_encode(dump_json([salt, value] if name is None else [salt, name, value]))


def hashes(texts: Iterable[str], hash_name: str = DEFAULT_HASH) -> list[bytes]:
    """The hash of each of ``texts``: its digest as octets."""
    function = HASHES[hash_name]
    return [function(text.encode("ascii")).digest() for text in texts]


def written(hashed: Sequence[bytes]) -> list[str]:
    """The base64url of each of ``hashed``, which are of one length, with one encoding for all.

    Each is filled with zero octets up to whole groups of three, so that the next one begins at a
    character of its own; the characters of the filling are cut off again.
    """
    if not hashed:
        return []
    octets = len(hashed[0])
    filling = bytes(-octets % 3)
    encoded = b64url_encode(filling.join([*hashed, b""]))
    length, step = (octets * 4 + 2) // 3, (octets + len(filling)) // 3 * 4
    return [encoded[start : start + length] for start in range(0, len(encoded), step)]


def digests(texts: Iterable[str], hash_name: str = DEFAULT_HASH) -> list[str]:
    """The ``digest`` of each of ``texts``."""
    return written(hashes(texts, hash_name))


def digest(text: str, hash_name: str = DEFAULT_HASH) -> str:
    """The base64url digest over the ASCII bytes of ``text`` (section 4.2.3, and for sd_hash)."""
    return b64url_encode(HASHES[hash_name](text.encode("ascii")).digest())
