"""An active context: the terms that are in force at one place of a document.

Immutable once made, and it remembers what it was asked: how each member is read (keys.py) and what
follows under types. The memories are bounded, for they outlive a document. What is *not* here:
reading a context (definitions.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from healthpassport.canonical import iris
from healthpassport.canonical.terms import Term

MAX_REMEMBERED: Final = 1_000  # members, and types, that a context remembers at once
MAX_SCOPES: Final = 64  # lists of types whose contexts it remembers at once
MAX_WORD: Final = 256  # characters of what is remembered

_MARKS: Final = ("@value", "@list", "@set", "@language")
_ALIASED: Final = ("@type", "@id", "@nest", *_MARKS)


class Active:
    """Terms, defaults, and the context that comes back below a type-scoped one.

    ``previous`` is JSON-LD 1.1 API section 4.1's previous context. ``base`` is None in signed
    documents: a relative reference then has nothing to be resolved against. ``type_names``,
    ``id_names`` and ``nest_names`` are the member names that mean these keywords, in code point
    order; ``marks`` those that make an object a value, a list or a set, and no node.
    """

    __slots__ = (
        "base",
        "classes",
        "direction",
        "id_names",
        "keys",
        "language",
        "marks",
        "nest_names",
        "original_base",
        "previous",
        "scopes",
        "terms",
        "type_names",
        "value_names",
        "vocab",
    )

    def __init__(self, base: str | None = None) -> None:
        self.terms: dict[str, Term] = {}
        self.base = self.original_base = base
        self.vocab: str | None = None
        self.language: str | None = None
        self.direction: str | None = None
        self.previous: Active | None = None
        self.settle()

    def clone(self) -> Active:
        """The same terms and defaults, to be changed while a context is read."""
        new = Active(self.original_base)
        new.terms = dict(self.terms)
        new.base, new.vocab = self.base, self.vocab
        new.language, new.direction = self.language, self.direction
        new.previous = self.previous
        return new

    def settle(self) -> Active:
        """Call it when a context was read: what is remembered begins here."""
        self.keys: dict[str, Any] = {}
        self.classes: dict[str, str] = {}
        self.scopes: dict[tuple[str, ...], Active] = {}
        aliases = {keyword: [keyword] for keyword in _ALIASED}
        for name, term in self.terms.items():
            if term.iri in aliases and term.iri != name:
                aliases[term.iri].append(name)
        self.type_names, self.id_names, self.nest_names, self.value_names = (
            tuple(sorted(aliases[keyword])) for keyword in ("@type", "@id", "@nest", "@value")
        )
        self.marks = frozenset(name for keyword in _MARKS for name in aliases[keyword])
        return self

    def protects(self) -> bool:
        """Whether a term is protected, so that the context cannot be taken back."""
        return any(term.protected for term in self.terms.values())

    def types(self, element: Mapping[str, Any]) -> tuple[str, ...]:
        """The types that ``element`` names, in the order in which their contexts apply."""
        found: tuple[str, ...] = ()
        for name in self.type_names:
            value = element.get(name)
            if isinstance(value, str):
                found += (value,)
            elif isinstance(value, list):
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
            begin = self.terms.get(prefix)
            if prefix == "_" or suffix.startswith("//"):
                return value
            if begin is not None and begin.prefix and begin.iri is not None:
                return begin.iri + suffix
        return self._completed(value, vocab=vocab, relative=relative)

    def _completed(self, value: str, *, vocab: bool, relative: bool) -> str:
        if ":" in value[1:] and iris.is_iri(value):
            return value
        if vocab and self.vocab is not None:
            return self.vocab + value
        if relative and self.base is not None:
            return iris.resolve(self.base, value)
        return value
