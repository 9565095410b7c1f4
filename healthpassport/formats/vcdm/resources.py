"""Integrity of related resources (VC Data Model 2.0 section 5.3).

A digest is compared wherever the caller holds the resource, such as a bundled context; nothing is
ever fetched, and what was not at hand is told. What is *not* here: the resources.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.encoding import Json, JsonObject, b64_decode
from healthpassport.errors import CredentialError, EncodingError
from healthpassport.formats.vcdm.syntax import malformed, objects, url
from healthpassport.multibase import decode

# Subresource Integrity section 3.5: hash-expression, some of them, strongest algorithm counts.
_HASH_EXPRESSION: Final = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})(?:\?[!-~]*)?")
_STRENGTH: Final = ("sha256", "sha384", "sha512")
# Multihash: code of the function, length of the digest (Controlled Identifiers 1.0 section 2.5).
_MULTIHASH: Final = {b"\x12\x20": "sha256", b"\x20\x30": "sha384", b"\x13\x40": "sha512"}
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;.*)?")
_MAX_DIGESTS: Final = 8
_Digests = dict[str, set[bytes]]


def check_related(
    document: JsonObject, place: str, *, resources: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Check ``relatedResource`` and return the URLs whose bytes were not at hand.

    Args:
        document: the credential.
        place: where it stands, for the words of a refusal.
        resources: URL to the bytes as published, of what the caller makes use of.

    Raises:
        CredentialError: ``vcdm.malformed_value``; ``vcdm.digest`` when a resource at hand is not
            the one that the issuer saw.
    """
    if "relatedResource" not in document:
        return ()
    where = f"{place}.relatedResource" if place else "relatedResource"
    seen: list[str] = []
    unchecked: list[str] = []
    for entry in objects(document["relatedResource"], where):
        identifier = url(entry.get("id"), f"{where}.id")
        if identifier in seen:
            raise malformed(f"{where}.id", "it must be unique among the related resources")
        seen.append(identifier)
        _check_media_type(entry, where)
        digests = _digests(entry, where)
        if identifier not in resources:
            unchecked.append(identifier)
        elif not _holds(digests, resources[identifier]):
            raise CredentialError("vcdm.digest", f"{where}: {identifier}")
    return tuple(unchecked)


def _check_media_type(entry: JsonObject, where: str) -> None:
    value = entry.get("mediaType", "a/b")
    if not isinstance(value, str) or not _MEDIA_TYPE.fullmatch(value):
        raise malformed(f"{where}.mediaType", "it must be a media type")


def _digests(entry: JsonObject, where: str) -> tuple[_Digests, ...]:
    """The digests of one resource; each of the two properties must hold by itself."""
    found: list[_Digests] = []
    if "digestSRI" in entry:
        found.append(_of_sri(entry["digestSRI"], f"{where}.digestSRI"))
    if "digestMultibase" in entry:
        found.append(_of_multibase(entry["digestMultibase"], f"{where}.digestMultibase"))
    if not found:
        raise malformed(where, "digestSRI or digestMultibase is missing")
    return tuple(found)


def _of_sri(value: Json, where: str) -> _Digests:
    rule = "it must be hash expressions of sha256, sha384 or sha512"
    expressions = [part for text in _strings(value, where) for part in text.split()]
    found: _Digests = {}
    if not 0 < len(expressions) <= _MAX_DIGESTS:
        raise malformed(where, rule)
    for expression in expressions:
        match = _HASH_EXPRESSION.fullmatch(expression)
        if match is None:
            raise malformed(where, rule)
        try:
            digest = b64_decode(match[2])
        except EncodingError as error:
            raise malformed(where, rule) from error
        if len(digest) != hashlib.new(match[1]).digest_size:
            raise malformed(where, "the digest has not the length of its function")
        found.setdefault(match[1], set()).add(digest)
    return found


def _of_multibase(value: Json, where: str) -> _Digests:
    """VC Data Integrity 1.0 section 2.6: multihash in multibase, one or an array of them."""
    found: _Digests = {}
    for text in _strings(value, where):
        try:
            octets = decode(text)
        except EncodingError as error:
            raise malformed(where, "it must be a multihash in multibase") from error
        function = _MULTIHASH.get(octets[:2])
        if function is None or len(octets) - 2 != octets[1]:
            raise malformed(where, "it must be a multihash of SHA-256, SHA-384 or SHA-512")
        found.setdefault(function, set()).add(octets[2:])
    return found


def _strings(value: Json, where: str) -> Sequence[str]:
    entries = value if isinstance(value, list | tuple) else [value]
    found = [entry for entry in entries if isinstance(entry, str)]
    if not found or len(found) != len(entries) or len(found) > _MAX_DIGESTS:
        raise malformed(where, "it must be one or a few strings")
    return found


def _holds(digests: tuple[_Digests, ...], data: bytes) -> bool:
    """Whether ``data`` has a digest of the strongest function named (SRI section 3.3.4)."""
    return all(
        hashlib.new(strongest, data).digest() in group[strongest]
        for group in digests
        for strongest in [max(group, key=_STRENGTH.index)]
    )
