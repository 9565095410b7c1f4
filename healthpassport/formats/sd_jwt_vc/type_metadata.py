"""Type metadata: which claims must, may or must not be hidden (draft-ietf-oauth-sd-jwt-vc-19, 4).

Documents are handed in, by policy never fetched: what a type means is part of the product. Refused
beyond the draft: an integer in a claim's path, since positions shift when elements are withheld.
What is *not* here: display and rendering.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias

from healthpassport.encoding import Json, b64_decode, parse_json_object
from healthpassport.errors import CredentialError, EncodingError
from healthpassport.formats.values import Place

RulePath: TypeAlias = "tuple[str | None, ...]"

MAX_TYPES: Final = 8  # of one chain of `extends`; section 7.4 warns of circles
# Subresource Integrity section 3.2, the strongest first.
_HASHES: Final[Mapping[str, Callable[[bytes], hashlib._Hash]]] = MappingProxyType(
    {"sha512": hashlib.sha512, "sha384": hashlib.sha384, "sha256": hashlib.sha256}
)
_SD: Final = frozenset({"always", "allowed", "never"})


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """What a type says of the claims at ``path`` (section 4.6); None is every array element."""

    path: RulePath
    sd: str
    mandatory: bool


@dataclass(frozen=True, slots=True)
class TypeRules:
    """A type with everything that it inherits."""

    vct: str
    claims: tuple[ClaimRule, ...]


def read_type(vct: str, documents: Mapping[str, bytes], *, integrity: Json = None) -> TypeRules:
    """The rules of the type ``vct``, extended types included (section 4.4).

    Args:
        vct: the type of a credential.
        documents: type metadata documents by the type that they describe.
        integrity: the credential's ``vct#integrity``, or None.

    Raises:
        CredentialError: ``sdjwtvc.type_metadata``.
    """
    chain: list[dict[str, Json]] = []
    seen: set[str] = set()
    wanted: Json = vct
    while wanted is not None:
        if not isinstance(wanted, str) or wanted in seen or len(seen) == MAX_TYPES:
            _refuse("its types extend each other in a circle or too far")
        seen.add(wanted)
        document = _document(wanted, documents, integrity)
        chain.append(document)
        wanted, integrity = document.get("extends"), document.get("extends#integrity")
    rules: dict[RulePath, ClaimRule] = {}
    for document in reversed(chain):
        _extend(rules, document)
    return TypeRules(vct, tuple(rules.values()))


def check_type(
    rules: TypeRules,
    *,
    payload: Mapping[str, Json],
    disclosed: Collection[Place],
    complete: bool,
) -> None:
    """Refuse a credential that breaks the rules of its type (section 4.6).

    Args:
        rules: the type.
        payload: the processed payload.
        disclosed: the places of it that came in a disclosure.
        complete: whether all disclosures are there, as at a holder. Otherwise an absent claim
            proves nothing.

    Raises:
        CredentialError: ``sdjwtvc.type_metadata``.
    """
    for rule in rules.claims:
        selected = _select(payload, rule.path)
        hidden = [place for place in selected if place in disclosed]
        if rule.sd == "always" and len(hidden) != len(selected):
            _refuse("a claim cannot be hidden that must be")
        if rule.sd == "never" and hidden:
            _refuse("a claim can be hidden that must not be")
        if rule.mandatory and not selected and (complete or rule.sd == "never"):
            _refuse("a claim is missing")


def check_integrity(document: bytes, integrity: Json) -> None:
    """Compare ``document`` with its ``#integrity`` (section 5): the strongest hash named counts.

    Raises:
        CredentialError: ``sdjwtvc.type_metadata``.
    """
    expressions = integrity.split() if isinstance(integrity, str) else []
    pairs = [expression.partition("?")[0].partition("-") for expression in expressions]
    for name, function in _HASHES.items():
        values = [value for algorithm, _, value in pairs if algorithm == name]
        if values:
            expected = function(document).digest()
            if not any(_octets(value) == expected for value in values):
                _refuse("a document is not the one whose hash is given")
            return
    _refuse("no hash function of an integrity value is known")


def _octets(text: str) -> bytes | None:
    try:
        return b64_decode(text)
    except EncodingError:
        return None


def _document(vct: str, documents: Mapping[str, bytes], integrity: Json) -> dict[str, Json]:
    if vct not in documents:
        _refuse("a type is not known here")
    if integrity is not None:
        check_integrity(documents[vct], integrity)
    document = parse_json_object(documents[vct])
    if document.get("vct") != vct:
        _refuse("a document describes another type")
    return document


def _extend(rules: dict[RulePath, ClaimRule], document: Mapping[str, Json]) -> None:
    """Add a document's claims to those of the types that it extends (section 4.6.5)."""
    claims = document.get("claims", [])
    if not isinstance(claims, list):
        _refuse("claims is not a list")
    for claim in claims:
        if not isinstance(claim, Mapping):
            _refuse("a claim is not an object")
        path = _path(claim.get("path"))
        inherited = rules.get(path, ClaimRule(path, "allowed", mandatory=False))
        sd, mandatory = claim.get("sd", inherited.sd), claim.get("mandatory", inherited.mandatory)
        if not isinstance(sd, str) or sd not in _SD or not isinstance(mandatory, bool):
            _refuse("sd or mandatory has no such value")
        # Section 4.6.5.1: a rule can be made stricter and never laxer.
        if inherited.sd not in {"allowed", sd} or (inherited.mandatory and not mandatory):
            _refuse("a type loosens a rule of the type that it extends")
        rules[path] = ClaimRule(path, sd, mandatory=mandatory)


def _path(value: Json) -> RulePath:
    if not isinstance(value, list) or not value:
        _refuse("a path is not a list")
    components: list[str | None] = []
    for component in value:
        if component is not None and not isinstance(component, str):
            _refuse("a path holds something else than names and null")
        components.append(component)
    return tuple(components)


def _select(payload: Mapping[str, Json], path: RulePath) -> list[Place]:
    """Section 4.6.1.2: a component that does not fit what it meets is an error."""
    found: list[tuple[Place, Json]] = [((), payload)]
    for component in path:
        step: list[tuple[Place, Json]] = []
        for place, value in found:
            if component is None and isinstance(value, list):
                step.extend(((*place, index), entry) for index, entry in enumerate(value))
            elif component is not None and isinstance(value, Mapping):
                if component in value:
                    step.append(((*place, component), value[component]))
            else:
                _refuse("a path does not fit the record")
        found = step
    return [place for place, _ in found]


def _refuse(detail: str) -> NoReturn:
    raise CredentialError("sdjwtvc.type_metadata", detail)
