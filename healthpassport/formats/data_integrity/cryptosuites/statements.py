"""Statements with signed labels, and which of them a set of JSON pointers selects.

vc-di-ecdsa 1.0 section 3.4: what ``canonicalizeAndGroup`` finds, from one canonicalisation. Blank
nodes get labels that say nothing of what is withheld: HMACs, or their places in order. What is
*not* here: signatures.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from healthpassport import multibase
from healthpassport.canonical import (
    Contexts,
    Dataset,
    canonicalise,
    relabelled,
    reveal,
    select,
    to_dataset,
)
from healthpassport.canonical.dataset import Place as NestedPlace
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.cryptosuites.hashing import digest
from healthpassport.formats.values import Place

# From the canonical labels (c14n0, ...) to the labels that are signed.
Labels: TypeAlias = Callable[[Iterable[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Statements:
    """Every statement of a document with its signed label.

    ``lines`` are the N-Quads in order, ``positions`` for each quad of ``dataset`` its line,
    ``labels`` the signed label of each blank node of ``dataset``.
    """

    document: JsonObject
    dataset: Dataset
    lines: tuple[str, ...]
    positions: tuple[int, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a holder shows: the part of the document, and what a verifier needs to know of it.

    ``mandatory`` and ``selective`` are lines of all ``Statements``, rising, without overlap;
    ``mandatory_indexes`` counts the mandatory ones among all that are shown; ``labels`` gives the
    signed label for each canonical label that the verifier will find.
    """

    document: dict[str, Json]
    mandatory: tuple[int, ...]
    selective: tuple[int, ...]
    mandatory_indexes: tuple[int, ...]
    labels: Mapping[str, str]


def hmac_labels(key: bytes) -> Labels:
    """Section 3.4.4 (createHmacIdLabelMapFunction)."""

    def labels(names: Iterable[str]) -> dict[str, str]:
        return {
            name: multibase.encode_base64url(hmac.digest(key, name.encode(), "sha256"))
            for name in names
        }

    return labels


def shuffled_labels(key: bytes) -> Labels:
    """vc-di-bbs 1.0 section 3.2.1 (createShuffledIdLabelMapFunction)."""

    def labels(names: Iterable[str]) -> dict[str, str]:
        by_hmac = hmac_labels(key)(names)
        places = {label: f"b{place}" for place, label in enumerate(sorted(by_hmac.values()))}
        return {name: places[label] for name, label in by_hmac.items()}

    return labels


def statements_of(document: JsonObject, contexts: Contexts, labels: Labels) -> Statements:
    """The statements of ``document`` under the labels that ``labels`` gives (section 3.4.2)."""
    dataset = to_dataset(document, contexts=contexts)
    canonical = canonicalise(dataset)
    signed = labels(canonical.labels.values())
    found = relabelled(dataset, canonical, signed)
    own = {node: signed[name] for node, name in canonical.labels.items()}
    return Statements(document, dataset, found.lines, found.positions, own)


def received_statements(
    document: JsonObject, contexts: Contexts, labels: Mapping[str, str]
) -> Statements:
    """The statements of a document that was shown, under the labels that came with it.

    Raises:
        CredentialError: ``di.proof_value`` where the labels are not those of the document.
    """

    def given(names: Iterable[str]) -> Mapping[str, str]:
        if set(names) != labels.keys():
            raise CredentialError("di.proof_value", "the label map is not that of the document")
        return labels

    return statements_of(document, contexts, given)


def places_of(statements: Statements, *, without: Iterable[int]) -> frozenset[Place]:
    """The places of the document that make the statements which are not lines ``without``."""
    dataset, left_out = statements.dataset, frozenset(without)
    quads = dataset.indices or range(len(dataset.quads))
    known: dict[int, Place] = {id(None): ()}
    return frozenset(
        _steps(place, known)
        for place, quad in zip(dataset.places, quads, strict=True)
        if statements.positions[quad] not in left_out
    )


def _steps(place: NestedPlace, known: dict[int, Place]) -> Place:
    """``place`` from the outside in; places are remembered by identity, the dataset holds them."""
    key = id(place)
    if key not in known and place is not None:
        around, step = place
        known[key] = (*_steps(around, known), step)
    return known[key]


def lines_at(statements: Statements, pointers: Iterable[str]) -> frozenset[int]:
    """The lines that ``pointers`` select; none where there is no pointer (section 3.4.13)."""
    return _lines(statements, _quads(statements, pointers))


def split(lines: tuple[str, ...], mandatory: Iterable[int]) -> tuple[bytes, tuple[str, ...]]:
    """The hash of the mandatory lines (section 3.4.17), and the other lines."""
    chosen = frozenset(mandatory)
    joined = "".join([line for index, line in enumerate(lines) if index in chosen])
    return digest(joined.encode()), tuple(
        [line for index, line in enumerate(lines) if index not in chosen]
    )


def check_counts(lines: Sequence[str], mandatory: Sequence[int], others: int) -> None:
    """Refuse a proof that does not speak of as many statements as the document has.

    The count stands before the range: a statement that was taken away shows there.

    Raises:
        CredentialError: ``di.signature``, ``di.proof_value`` for an index beyond the statements.
    """
    if len(mandatory) + others != len(lines):
        raise CredentialError("di.signature", "it speaks of more or fewer statements")
    if mandatory and mandatory[-1] >= len(lines):
        raise CredentialError("di.proof_value", "an index is beyond the statements")


def show(
    statements: Statements, mandatory_pointers: tuple[str, ...], pointers: tuple[str, ...]
) -> Shown:
    """What the pointers show (section 3.5.4 steps 4 to 13).

    Raises:
        CredentialError: ``PROOF_GENERATION_ERROR`` where nothing would be shown, ``di.pointer``.
    """
    combined = (*mandatory_pointers, *pointers)
    if not combined:
        raise CredentialError("PROOF_GENERATION_ERROR", "nothing is chosen")
    mandatory_quads = _quads(statements, mandatory_pointers)
    quads = mandatory_quads | _quads(statements, pointers)
    mandatory = _lines(statements, mandatory_quads)
    shown = sorted(_lines(statements, quads))
    # Steps 14 to 16: the labels that a verifier finds for what is shown alone.
    found = canonicalise(statements.dataset.only(quads)).labels
    return Shown(
        document=dict(reveal(statements.document, combined)),
        mandatory=tuple(sorted(mandatory)),
        selective=tuple([line for line in shown if line not in mandatory]),
        mandatory_indexes=tuple([i for i, line in enumerate(shown) if line in mandatory]),
        labels={name: statements.labels[node] for node, name in found.items()},
    )


def _quads(statements: Statements, pointers: Iterable[str]) -> frozenset[int]:
    chosen = tuple(pointers)
    if not chosen:
        return frozenset()
    return select(statements.dataset, statements.document, chosen)


def _lines(statements: Statements, quads: Iterable[int]) -> frozenset[int]:
    return frozenset([statements.positions[quad] for quad in quads])
