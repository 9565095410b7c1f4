"""An active context: the terms that are in force at one place of a document.

Immutable once made, and it remembers what it was asked: how each member is read (keys.py) and what
follows under types. The memories are bounded, for they outlive a document. What is *not* here:
reading a context (definitions.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from healthpassport.canonical import iris
from healthpassport.canonical.terms import Term

MAX_REMEMBERED: Final = 2_000  # members and type lists a context remembers at once


class Active:
    """Terms, defaults, and the context that comes back below a type-scoped one.

    ``previous`` is JSON-LD 1.1 API section 4.1's previous context. ``base`` is None in signed
    documents: a relative reference then has nothing to be resolved against.
    """

    __slots__ = (
        "base",
        "classes",
        "direction",
        "keys",
        "language",
        "names",
        "original_base",
        "previous",
        "scopes",
        "special",
        "terms",
        "vocab",
    )

    def __init__(self, base: str | None = None) -> None:
        self.terms: dict[str, Term] = {}
        self.base = self.original_base = base
        self.vocab: str | None = None
        self.language: str | None = None
        self.direction: str | None = None
        self.previous: Active | None = None
        self._forget()

    def _forget(self) -> None:
        self.keys: dict[str, Any] = {}
        self.classes: dict[str, str] = {}
        self.special: frozenset[str] | None = None
        self.scopes: dict[tuple[str, ...], Active] = {}
        self.names: dict[str, tuple[str, ...]] = {}

    def clone(self) -> Active:
        """The same terms and defaults, to be changed while a context is read."""
        new = Active(self.original_base)
        new.terms = dict(self.terms)
        new.base, new.vocab = self.base, self.vocab
        new.language, new.direction = self.language, self.direction
        new.previous = self.previous
        return new

    def protects(self) -> bool:
        """Whether a term is protected, so that the context cannot be taken back."""
        return any(term.protected for term in self.terms.values())

    def aliases(self, keyword: str) -> tuple[str, ...]:
        """The member names that mean ``keyword``, in code point order."""
        found = self.names.get(keyword)
        if found is None:
            terms = (name for name, term in self.terms.items() if term.iri == keyword)
            found = self.names[keyword] = tuple(sorted({keyword, *terms}))
        return found

    def marks(self) -> frozenset[str]:
        """The member names that make an object a value, a list or a set, and no node."""
        if self.special is None:
            names = (self.aliases(keyword) for keyword in ("@value", "@list", "@set"))
            self.special = frozenset(name for found in names for name in found)
        return self.special

    def has(self, keyword: str, element: Mapping[str, Any]) -> bool:
        """Whether a member of ``element`` means ``keyword``."""
        return any(name in element for name in self.aliases(keyword))

    def types(self, element: Mapping[str, Any]) -> tuple[str, ...]:
        """The types that ``element`` names, in the order in which their contexts apply."""
        found: tuple[str, ...] = ()
        for name in self.names.get("@type") or self.aliases("@type"):
            value = element.get(name)
            if type(value) is str:
                found += (value,)
            elif isinstance(value, Iterable):
                found += tuple(sorted(one for one in value if isinstance(one, str)))
        return found

    def expand(self, value: str, *, vocab: bool = True, relative: bool = False) -> str | None:
        """IRI expansion (JSON-LD 1.1 API section 5.2) where no context is being read.

        The result may still be relative, which the caller judges; None for what looks like a
        keyword and is none, and for a term that stands for nothing.
        """
        if value in iris.KEYWORDS:
            return value
        if value[:1] == "@" and iris.has_keyword_form(value):
            return None
        term = self.terms.get(value)
        if term is not None and (vocab or (term.iri or "") in iris.KEYWORDS):
            return term.iri
        prefix, colon, suffix = value.partition(":")
        if colon and prefix:
            if prefix == "_" or suffix.startswith("//"):
                return value
            begin = self.terms.get(prefix)
            if begin is not None and begin.prefix and begin.iri is not None:
                return begin.iri + suffix
            if iris.is_iri(value):
                return value
        return self._completed(value, vocab=vocab, relative=relative)

    def _completed(self, value: str, *, vocab: bool, relative: bool) -> str:
        if vocab and self.vocab is not None:
            return self.vocab + value
        if relative and self.base is not None:
            return iris.resolve(self.base, value)
        return value
