"""RDFC-1.0: canonical N-Quads and canonical names of blank nodes, within a budget of steps.

W3C RDF Dataset Canonicalization section 4, its steps by number. Names are given at once where the
first-degree hash tells a blank node apart, which is nearly always; only for the others are there
paths to be tried (section 7.1: a small graph can be built so that they never end), and that work is
counted. What is *not* here: where the statements come from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from healthpassport.canonical.dataset import Dataset, Quad
from healthpassport.canonical.paths import Alike
from healthpassport.errors import CredentialError, EncodingError

Algorithm: TypeAlias = Literal["SHA-256", "SHA-384"]

MAX_STEPS: Final = (
    20_000  # security.md, limits: steps over what first-degree hashes do not tell apart
)
MAX_ALIKE: Final = (
    500  # security.md, limits: blank nodes that first-degree hashes do not tell apart
)

_HASHES: Final = MappingProxyType({"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384})


@dataclass(frozen=True, slots=True)
class CanonicalDataset:
    """The canonical form of a dataset.

    Args:
        lines: canonical N-Quads in code point order, each ending in a line feed.
        labels: the dataset's blank nodes to canonical names, without ``_:`` ("b0" -> "c14n0").
        positions: for each statement of the dataset its index in ``lines``.
    """

    lines: tuple[str, ...]
    labels: Mapping[str, str]
    positions: tuple[int, ...]

    def text(self) -> str:
        """The canonical N-Quads as one text."""
        return "".join(self.lines)


@dataclass(frozen=True, slots=True)
class RelabelledDataset:
    """A dataset under other names of its blank nodes: see ``CanonicalDataset``."""

    lines: tuple[str, ...]
    positions: tuple[int, ...]


def canonicalise(
    dataset: Dataset, *, algorithm: Algorithm = "SHA-256", max_steps: int = MAX_STEPS
) -> CanonicalDataset:
    """The canonical form of ``dataset`` (section 4.4.3).

    Args:
        dataset: the statements.
        algorithm: the hash inside the algorithm: SHA-256, or SHA-384 beside P-384 keys.
        max_steps: how much work may go into blank nodes that look alike.

    Raises:
        CredentialError: ``limit.canonicalization`` when that is not enough.
        EncodingError: ``json.text`` for half a character.
    """
    hasher = _HASHES[algorithm]

    def digest(text: str) -> str:
        return hasher(text.encode()).hexdigest()

    try:
        names = _names(dataset.quads, digest, max_steps)
    except UnicodeEncodeError as error:
        raise EncodingError("json.text") from error
    except RecursionError as error:
        raise CredentialError("limit.canonicalization", "a chain is too long") from error
    lines, positions = _written(dataset.quads, names)
    labels = {blank[2:]: name[2:] for blank, name in names.items()}
    return CanonicalDataset(lines, MappingProxyType(labels), positions)


def relabelled(
    dataset: Dataset, canonical: CanonicalDataset, labels: Mapping[str, str]
) -> RelabelledDataset:
    """``dataset`` with the names that ``labels`` gives to canonical names ("c14n0" -> "u4Yv...").

    Raises:
        KeyError: for a canonical name that ``labels`` lacks; the map is made here, never received.
    """
    names = {f"_:{blank}": f"_:{labels[name]}" for blank, name in canonical.labels.items()}
    return RelabelledDataset(*_written(dataset.quads, names))


def _names(quads: Sequence[Quad], digest: Callable[[str], str], max_steps: int) -> dict[str, str]:
    hashes = {}
    alike: dict[str, list[str]] = {}
    for blank, lines in _first_degree(quads).items():  # step 3
        lines.sort()
        found = hashes[blank] = digest("".join(lines))
        alike.setdefault(found, []).append(blank)
    names: dict[str, str] = {}
    several: list[list[str]] = []
    for found in sorted(alike):  # step 4
        blanks = alike[found]
        if len(blanks) == 1:
            names[blanks[0]] = f"_:c14n{len(names)}"
        else:
            several.append(blanks)
    if several:
        if sum(map(len, several)) > MAX_ALIKE:
            raise CredentialError("limit.canonicalization", "too many unnamed parts look alike")
        Alike(_mentions(quads), hashes, names, digest, max_steps).name(several)
    return names


def _first_degree(quads: Iterable[Quad]) -> dict[str, list[str]]:
    """Section 4.6: for each blank node the statements that mention it, as it sees them."""
    found: dict[str, list[str]] = {}
    for quad in quads:
        subject, predicate, term, graph = quad
        if graph:
            for blank in {one for one in quad if one[0] == "_"}:
                names = [
                    ("_:a" if one == blank else "_:z") if one[0] == "_" else one for one in quad
                ]
                found.setdefault(blank, []).append(" ".join(names) + " .\n")
        elif subject[0] == "_":
            if term[0] != "_":
                line = f"_:a {predicate} {term} .\n"
            elif term == subject:
                line = f"_:a {predicate} _:a .\n"
            else:
                line = f"_:a {predicate} _:z .\n"
                found.setdefault(term, []).append(f"_:z {predicate} _:a .\n")
            found.setdefault(subject, []).append(line)
        elif term[0] == "_":
            found.setdefault(term, []).append(f"{subject} {predicate} _:a .\n")
    return found


def _mentions(quads: Iterable[Quad]) -> dict[str, list[Quad]]:
    """Step 2: for each blank node the statements that mention it."""
    found: dict[str, list[Quad]] = {}
    for quad in quads:
        for blank in dict.fromkeys(one for one in quad if one[:1] == "_"):
            found.setdefault(blank, []).append(quad)
    return found


def _written(
    quads: Sequence[Quad], names: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The statements under ``names`` in code point order, and where each has gone."""
    get = names.get
    raw = [
        f"{get(subject, subject)} {predicate} {get(term, term)} {get(graph, graph)} .\n"
        if graph
        else f"{get(subject, subject)} {predicate} {get(term, term)} .\n"
        for subject, predicate, term, graph in quads
    ]
    order = sorted(range(len(raw)), key=raw.__getitem__)
    positions = [0] * len(raw)
    for position, index in enumerate(order):
        positions[index] = position
    return tuple([raw[index] for index in order]), tuple(positions)
