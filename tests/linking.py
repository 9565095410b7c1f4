"""Two desks that put together what they were sent: every value of a presentation, down to the bits.

``traits`` takes a presentation apart (JSON, JWT, disclosures, multibase, CBOR, halves of
signatures, parts of a BBS proof); ``common`` says by which of them two presentations look alike. A
text or octets count wherever they stand, a number, a list of numbers or a count only at its own
place. A place is written with ``#`` for every element of a list.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from healthpassport import cbor, multibase
from healthpassport.encoding import b64url_decode
from healthpassport.formats.data_integrity.cryptosuites import bbs_proof_value, ecdsa_sd_proof_value
from healthpassport.formats.sd_jwt.disclosure import digest

JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
PROOFS = {
    ecdsa_sd_proof_value.BASE: ("signature", "key", "hmac", "signatures", "pointers"),
    ecdsa_sd_proof_value.DERIVED: ("signature", "key", "signatures", "labels", "mandatory"),
    bbs_proof_value.BASE: ("signature", "header", "key", "hmac", "pointers"),
    bbs_proof_value.DERIVED: ("proof", "labels", "mandatory", "selective", "header"),
}
G1, SCALAR = 48, 32  # octets
SIGNATURE = 64

Traits = dict[Hashable, set[str]]


def traits(text: str) -> Traits:
    """Every trait of the presentation ``text`` with the places where it stands."""
    found: Traits = defaultdict(set)
    for inner, value in _values(text):
        place = inner.replace("verifiableCredential#", "vc")
        own = isinstance(value, str | bytes)
        found[value if own else (place, value)].add(place)
    return found


def common(first: str, second: str) -> frozenset[str]:
    """The places of ``first`` at which there is something that ``second`` has too."""
    ours, theirs = traits(first), traits(second)
    return frozenset(place for value in ours.keys() & theirs.keys() for place in ours[value])


def unexplained(places: frozenset[str], explained: frozenset[str]) -> set[str]:
    """The ``places`` that no pattern of ``explained`` names."""
    return {p for p in places if not any(fnmatchcase(p, pattern) for pattern in explained)}


def idle(places: frozenset[str], explained: frozenset[str]) -> set[str]:
    """The patterns of ``explained`` that name no one of ``places``."""
    return {one for one in explained if not any(fnmatchcase(p, one) for p in places)}


def _values(text: str) -> Iterator[tuple[str, Hashable]]:
    if text.startswith("{"):
        yield from _json(json.loads(text), "")
        return
    signed, *disclosures, binding = text.split("~")
    yield from _json(signed, "issuer")
    for one in disclosures:
        entry = json.loads(b64url_decode(one))
        name = entry[1] if len(entry) == 3 else "#"
        yield "disclosure.digest-input", one
        yield "disclosure.salt", entry[0]
        yield from _json(entry[-1], f"disclosure.{name}")
    yield from _json(binding, "holder")
    yield from _rows(signed, {digest(one) for one in disclosures})


def _rows(signed: str, shown: set[str]) -> Iterator[tuple[str, Hashable]]:
    """Which rows of its lists a record shows: their places among the signed digests."""
    payload = json.loads(b64url_decode(signed.split(".")[1]))
    for name in ("items", "negations"):
        rows = enumerate(payload.get(name, ()))
        yield f"issuer.payload.{name}.shown", tuple(i for i, row in rows if row["..."] in shown)


def _json(value: Any, place: str) -> Iterator[tuple[str, Hashable]]:
    if isinstance(value, dict):
        for name, member in value.items():
            inner = f"{place}.{name}".removeprefix(".")
            if name == "statusListIndex":  # an index means something within its list alone
                yield inner, (value["statusPurpose"], member)
            else:
                yield from _json(member, inner)
    elif isinstance(value, list):
        yield f"{place}.count", len(value)
        for entry in value:
            yield from _json(entry, f"{place}#")
    elif isinstance(value, str) and JWT.fullmatch(value):
        for part, name in zip(value.split(".")[:2], ("header", "payload"), strict=True):
            yield from _json(json.loads(b64url_decode(part)), f"{place}.{name}")
        yield from _octets(b64url_decode(value.rpartition(".")[2]), f"{place}.signature")
    elif place.endswith("proofValue"):
        yield from _proof(multibase.decode(value, max_chars=1 << 20), place.removesuffix("Value"))
    elif isinstance(value, str) and value.startswith("did:"):  # with and without a fragment
        yield place, value.partition("#")[0]
    else:
        yield place, value


def _proof(octets: bytes, place: str) -> Iterator[tuple[str, Hashable]]:
    for header, names in PROOFS.items():
        if octets.startswith(header):
            parts = cbor.decode(octets[len(header) :])
            assert isinstance(parts, tuple | list)
            for name, part in zip(names, parts, strict=True):
                yield from _cbor(part, f"{place}.{name}")
            return
    yield from _octets(octets, f"{place}.signature")


def _cbor(value: Any, place: str) -> Iterator[tuple[str, Hashable]]:
    if isinstance(value, bytes):
        yield from _octets(value, place)
    elif isinstance(value, dict) and all(isinstance(one, int) for one in value.values()):
        yield place, tuple(sorted(value.items()))
    elif isinstance(value, dict):
        yield f"{place}.count", len(value)
        for one in value.values():
            yield from _octets(one, place)
    elif not place.endswith(".signatures") and all(isinstance(one, int) for one in value):
        yield place, tuple(value)
    else:
        yield f"{place}.count", len(value)
        for one in value:
            yield from _octets(one, place) if isinstance(one, bytes) else ((place, one),)


def _octets(value: bytes, place: str) -> Iterator[tuple[str, Hashable]]:
    """``value`` whole and in parts; the length of a BBS proof tells how much is withheld."""
    if not value:  # a presentation header that nobody set
        return
    yield place, value
    if len(value) == SIGNATURE:
        yield f"{place}.half", value[:SCALAR]
        yield f"{place}.half", value[SCALAR:]
    elif place.endswith(".proof"):
        yield f"{place}.count", len(value)
        scalars = range(3 * G1, len(value), SCALAR)
        cuts = [*range(0, 3 * G1, G1), *scalars]
        for begin, end in zip(cuts, [*cuts[1:], len(value)], strict=True):
            yield f"{place}.part", value[begin:end]
