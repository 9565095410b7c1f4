"""RDFC-1.0 read to the letter (W3C rdf-canon, section 4), slow and without a budget: an oracle.

Nothing is remembered and nothing is cut short but where the text says so.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable

Quad = tuple[str, str, str, str]


class Issuer:
    """Section 4.5: identifiers in the order in which they are asked for."""

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix, self.issued = prefix, dict(issued or {})

    def issue(self, blank: str) -> str:
        return self.issued.setdefault(blank, f"{self.prefix}{len(self.issued)}")

    def copy(self) -> Issuer:
        return Issuer(self.prefix, self.issued)


def is_blank(term: str) -> bool:
    return term.startswith("_:")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def line(terms: Iterable[str]) -> str:
    return " ".join(term for term in terms if term) + " .\n"


class Canonical:
    """The state of section 4.3 for one dataset."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self.quads = list(dict.fromkeys(quads))
        self.of: dict[str, list[Quad]] = {}
        for quad in self.quads:
            for blank in {term for term in quad if is_blank(term)}:
                self.of.setdefault(blank, []).append(quad)
        self.names = Issuer("c14n")

    def lines(self) -> list[str]:
        """Section 4.4.3."""
        alike: dict[str, list[str]] = {}
        for blank in self.of:
            alike.setdefault(self.first(blank), []).append(blank)
        for found in sorted(alike):  # step 4
            if len(alike[found]) == 1:
                self.names.issue(alike[found][0])
        for found in sorted(alike):  # step 5
            paths = []
            for blank in alike[found] if len(alike[found]) > 1 else ():
                if blank not in self.names.issued:
                    issuer = Issuer("b")
                    issuer.issue(blank)
                    paths.append(self.related_paths(blank, issuer))
            for _, issuer in sorted(paths, key=lambda path: path[0]):
                for blank in issuer.issued:
                    self.names.issue(blank)
        named = {blank: f"_:{name}" for blank, name in self.names.issued.items()}
        return sorted(line(named.get(term, term) for term in quad) for quad in self.quads)

    def first(self, blank: str) -> str:
        """Section 4.6.3."""
        own = {True: "_:a", False: "_:z"}
        return digest(
            "".join(
                sorted(
                    line(own[term == blank] if is_blank(term) else term for term in quad)
                    for quad in self.of[blank]
                )
            )
        )

    def related(self, blank: str, quad: Quad, issuer: Issuer, position: str) -> str:
        """Section 4.7.3."""
        text = position if position == "g" else position + quad[1]
        name = self.names.issued.get(blank) or issuer.issued.get(blank)
        return digest(text + (f"_:{name}" if name else self.first(blank)))

    def related_paths(self, blank: str, issuer: Issuer) -> tuple[str, Issuer]:
        """Section 4.8.3."""
        found: dict[str, list[str]] = {}
        for quad in self.of[blank]:
            for position, term in (("s", quad[0]), ("o", quad[2]), ("g", quad[3])):
                if is_blank(term) and term != blank:
                    found.setdefault(self.related(term, quad, issuer, position), []).append(term)
        text = ""
        for hashed in sorted(found):
            best, best_issuer = "", issuer
            for order in itertools.permutations(found[hashed]):
                path, after = self.path(order, issuer.copy())
                if not best or path < best:
                    best, best_issuer = path, after
            text, issuer = text + hashed + best, best_issuer
        return digest(text), issuer

    def path(self, order: Iterable[str], issuer: Issuer) -> tuple[str, Issuer]:
        """Section 4.8.3 steps 5.4.1 to 5.4.5, without giving up early."""
        path, pending = "", []
        for blank in order:
            if blank in self.names.issued:
                path += f"_:{self.names.issued[blank]}"
                continue
            if blank not in issuer.issued:
                pending.append(blank)
            path += f"_:{issuer.issue(blank)}"
        for blank in pending:
            below, after = self.related_paths(blank, issuer)
            path += f"_:{issuer.issue(blank)}<{below}>"
            issuer = after
        return path, issuer


def canonical_lines(quads: Iterable[Quad]) -> list[str]:
    """The canonical N-Quads of ``quads``."""
    return Canonical(quads).lines()
