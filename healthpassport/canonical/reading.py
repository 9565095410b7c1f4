"""A JSON-LD document to its RDF dataset.

What is *not* here: the pass over the document (walk.py), the canonical form (rdfc.py).
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from healthpassport.canonical.active import Active
from healthpassport.canonical.contexts import Contexts
from healthpassport.canonical.dataset import MAX_CHARS, MAX_QUADS, Dataset, Place, Quad
from healthpassport.canonical.keys import Kind, key
from healthpassport.canonical.walk import SIGNED, Reading, Walk
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError, EncodingError

_FEW: Final = (
    1_000  # statements that stay below MAX_CHARS, documents and IRIs being bounded themselves
)


def to_dataset(document: JsonObject, *, contexts: Contexts, reading: Reading = SIGNED) -> Dataset:
    """The statements of ``document``, a JSON object that was parsed strictly.

    Args:
        document: with an @context of URLs that ``contexts`` knows, or of embedded contexts.
        contexts: what is known; nothing is fetched.
        reading: leave it as it is; the specification's test suite reads leniently.

    Raises:
        CredentialError: ``jsonld.*`` for a document that breaks a rule, names what is unknown, or
            holds something that would be in no statement and so under no signature;
            ``limit.statements``.
        EncodingError: ``limit.depth``; ``json.*`` for a number in a JSON literal.
    """
    walk = Walk(contexts, reading)
    try:
        _root(walk, document)
    except RecursionError as error:
        raise EncodingError("limit.depth") from error
    return _dataset(walk)


def _root(walk: Walk, document: Json) -> None:
    base = walk.reading.base
    if not isinstance(document, dict):
        if walk.reading.strict or not isinstance(document, list):
            raise CredentialError("jsonld.invalid", "the document is no object")
        walk.free(document, Active(base), None)
        return
    active = walk.contexts.active(document.get("@context", []), walk.processor, base)
    members = {name: value for name, value in document.items() if name != "@context"}
    kinds = {key(active, name, walk.processor).kind for name in members} - {Kind.UNKNOWN}
    if kinds == {Kind.GRAPH}:  # JSON-LD 1.1 API section 9, expand() step 8.1: only a wrapper
        for name, value in members.items():
            if key(active, name, walk.processor).kind is Kind.GRAPH:
                walk.free(value, active.previous or active, (None, name))
            else:
                walk.drop("jsonld.term_undefined", f"{name[:60]!r} is not defined here")
        return
    walk.free(members, active, None)


def _dataset(walk: Walk) -> Dataset:
    raw: Any = walk.quads
    places: list[Place] = walk.places
    if not walk.reading.strict:
        kept = [index for index, quad in enumerate(raw) if None not in quad]
        raw, places = [raw[index] for index in kept], [places[index] for index in kept]
    quads: list[Quad] = raw
    unique = dict.fromkeys(quads)
    if len(unique) > MAX_QUADS:
        raise CredentialError("limit.statements")
    if (walk.long or len(unique) > _FEW) and sum(map(len, chain.from_iterable(unique))) > MAX_CHARS:
        raise CredentialError("limit.statements")
    indices: tuple[int, ...] = ()
    if len(unique) != len(quads):
        numbers = {quad: number for number, quad in enumerate(unique)}
        indices = tuple(numbers[quad] for quad in quads)
    return Dataset(tuple(unique), tuple(places), indices, tuple(walk.closed), walk.unselectable)
