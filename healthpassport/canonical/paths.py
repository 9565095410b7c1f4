"""Blank nodes that look alike: RDFC-1.0's Hash N-Degree Quads, with its work counted.

W3C RDF Dataset Canonicalization section 4.4.3 step 5, 4.7 and 4.8. Every statement looked at, every
order tried and every node in it is a step. What is *not* here: blank nodes that can be told apart
at sight (rdfc.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations

from healthpassport.canonical.dataset import Quad
from healthpassport.errors import CredentialError


class Alike:
    """Gives names to blank nodes that share a first-degree hash.

    Args:
        mentions: for each blank node the statements that mention it.
        hashes: the first-degree hash of each.
        names: canonical names so far, added to.
        digest: text to hexadecimal hash.
        max_steps: the budget.
    """

    def __init__(
        self,
        mentions: Mapping[str, Sequence[Quad]],
        hashes: Mapping[str, str],
        names: dict[str, str],
        digest: Callable[[str], str],
        max_steps: int,
    ) -> None:
        self._mentions, self._hashes, self._names = mentions, hashes, names
        self._digest, self._left = digest, max_steps

    def name(self, groups: Sequence[Sequence[str]]) -> None:
        """Name all of ``groups``, lists of blank nodes in order of the hash that they share.

        Raises:
            CredentialError: ``limit.canonicalization`` when the budget is spent.
        """
        for group in groups:  # step 5
            unnamed = [blank for blank in group if blank not in self._names]
            paths = [self._hash(blank, {blank: "_:b0"}) for blank in unnamed]
            paths.sort(key=lambda found: found[0])
            for _, issued in paths:
                for blank in issued:
                    self._names.setdefault(blank, f"_:c14n{len(self._names)}")

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise CredentialError("limit.canonicalization")

    def _hash(self, blank: str, issued: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Section 4.8.3: the hash of what ``blank`` reaches, and the names on the way."""
        data = []
        related = self._related(blank, issued)
        for found in sorted(related):  # step 5
            path, issued = self._shortest(related[found], issued)
            data += [found, path]
        return self._digest("".join(data)), issued

    def _related(self, blank: str, issued: Mapping[str, str]) -> dict[str, list[str]]:
        """Steps 1 to 3: the blank nodes beside ``blank`` by the hash of how they are related."""
        found: dict[str, list[str]] = {}
        quads = self._mentions[blank]
        self._spend(1 + len(quads))
        for quad in quads:
            for place, other in (("s", quad[0]), ("o", quad[2]), ("g", quad[3])):
                if other[:1] == "_" and other != blank:
                    found.setdefault(self._relation(other, quad, issued, place), []).append(other)
        return found

    def _relation(self, other: str, quad: Quad, issued: Mapping[str, str], place: str) -> str:
        """Section 4.7.3."""
        name = self._names.get(other) or issued.get(other) or self._hashes[other]
        return self._digest(f"{place}{'' if place == 'g' else quad[1]}{name}")

    def _shortest(
        self, blanks: Sequence[str], issued: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Steps 5.1 to 5.6: the least path over all orders of ``blanks``."""
        chosen, names = "", issued
        for order in _orders(blanks):
            self._spend(len(order))
            found = self._path(order, dict(issued), chosen)
            if found is not None and (not chosen or found[0] < chosen):
                chosen, names = found
        return chosen, names

    def _path(
        self, order: Sequence[str], issued: dict[str, str], chosen: str
    ) -> tuple[str, dict[str, str]] | None:
        """Steps 5.4.1 to 5.4.5: one order's path; None once it cannot be the least."""
        path = ""
        deeper = []
        for blank in order:
            if blank in self._names:
                path += self._names[blank]
            else:
                if blank not in issued:
                    deeper.append(blank)
                    issued[blank] = f"_:b{len(issued)}"
                path += issued[blank]
            if _worse(path, chosen):
                return None
        for blank in deeper:
            found, names = self._hash(blank, issued)
            path += f"{issued[blank]}<{found}>"
            issued = names
            if _worse(path, chosen):
                return None
        return path, issued


def _orders(blanks: Sequence[str]) -> Iterator[Sequence[str]]:
    """Every order of ``blanks`` once.

    A blank node stands in it as often as statements lead to it, in a graph of its own in each of
    them; orders that differ only in which of these is which have one path.
    """
    if len(set(blanks)) == len(blanks):
        yield from permutations(blanks)
        return
    order = sorted(blanks)
    while True:
        yield tuple(order)
        last = next((i for i in range(len(order) - 2, -1, -1) if order[i] < order[i + 1]), None)
        if last is None:
            return
        other = next(i for i in range(len(order) - 1, last, -1) if order[i] > order[last])
        order[last], order[other] = order[other], order[last]
        order[last + 1 :] = order[:last:-1]


def _worse(path: str, chosen: str) -> bool:
    return bool(chosen) and len(path) >= len(chosen) and path > chosen
