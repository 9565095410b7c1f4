"""The statements of a document, and for each the place of the document that it came from.

What is *not* here: making statements (walk.py), their canonical form (rdfc.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

# Subject, predicate, object, graph name ("" is the default graph) as N-Quads writes them.
Quad: TypeAlias = tuple[str, str, str, str]
# A place is (the place it stands in, member name or index); None is the whole document.
Place: TypeAlias = "tuple[Place, str | int] | None"

MAX_QUADS: Final = 50_000  # statements of one document
MAX_CHARS: Final = 8_388_608  # characters of all statements


@dataclass(frozen=True, slots=True)
class Dataset:
    """An RDF dataset in document order, each statement once.

    Args:
        quads: the statements; blank nodes are named ``_:b0``, ``_:b1``, ... as they appear.
        places: for each statement that the document makes the place that it came from.
        indices: for each of ``places`` the index in ``quads``, where two places make the same
            statement; else empty, and they stand side by side.
        closed: places that can only be shown whole: lists, JSON literals, value objects.
        unselectable: why no part of the document can be selected; "" where parts can.
    """

    quads: tuple[Quad, ...]
    places: tuple[Place, ...] = ()
    indices: tuple[int, ...] = ()
    closed: tuple[Place, ...] = ()
    unselectable: str = ""

    @staticmethod
    def of(quads: Iterable[Quad]) -> Dataset:
        """The dataset of ``quads`` that came from no document (nothing can be selected)."""
        return Dataset(tuple(dict.fromkeys(quads)), unselectable="there is no document behind it")

    def only(self, indices: Collection[int]) -> Dataset:
        """The statements at ``indices``, with the names of blank nodes that they have here."""
        chosen = sorted(indices)
        return Dataset.of(self.quads[index] for index in chosen)
