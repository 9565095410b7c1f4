"""How one member of an object is read under one active context: worked out once, then remembered.

What a term says of its values (datatype, language, container, scoped context) is made ready here in
the form in which the walk needs it. What is *not* here: reading documents (walk.py).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from healthpassport.canonical import iris, literals
from healthpassport.canonical.active import MAX_REMEMBERED, MAX_SCOPES, MAX_WORD, Active
from healthpassport.canonical.processing import Processor, Scope
from healthpassport.canonical.terms import ABSENT, NOTHING, Absent, Term

_REFERENCES: Final = frozenset({"@id", "@vocab"})
_NO_DATATYPE: Final = frozenset({"@id", "@vocab", "@none", "@json"})


class Kind(IntEnum):
    """What a member is: a property, a keyword of its own, or nothing that is known."""

    PROPERTY = 0
    UNKNOWN = 1
    CONTEXT = 2
    ID = 3
    TYPE = 4
    GRAPH = 5
    INCLUDED = 6
    REVERSE = 7
    NEST = 8
    OTHER = 9


_KINDS: Final = {
    "@context": Kind.CONTEXT,
    "@id": Kind.ID,
    "@type": Kind.TYPE,
    "@graph": Kind.GRAPH,
    "@included": Kind.INCLUDED,
    "@reverse": Kind.REVERSE,
    "@nest": Kind.NEST,
}


class Key:
    """One member's name under one active context.

    Args:
        name: the name as the document writes it.
        active: the context in force where the member stands.
        term: its definition, if it has one.
        iri: what it stands for.

    ``suffix`` is what follows the text of a string, None where strings name nodes (``reference`` is
    then @id or @vocab); ``plain`` is it where a string needs nothing else. ``predicate`` is None
    where the name stands for nothing that can be a predicate.
    """

    __slots__ = (
        "active",
        "container",
        "contexts",
        "datatype",
        "iri",
        "json",
        "kind",
        "name",
        "plain",
        "predicate",
        "reference",
        "reverse",
        "scalars",
        "suffix",
        "term",
    )

    def __init__(self, name: str, active: Active, term: Term | None, iri: str | None) -> None:
        self.name, self.active, self.term, self.iri = name, active, term, iri
        self.kind = _kind(name, iri)
        self.container = NOTHING if term is None else term.container
        short = iri is not None and len(iri) <= iris.MAX_IRI_CHARS  # it may be used many times
        self.predicate = f"<{iri}>" if short and iris.is_iri(iri or "") else None
        self.json = term is not None and term.type == "@json"
        self.reverse = term is not None and term.reverse
        self.contexts: tuple[Active, Active] | None = None
        self._coerce(active, term)

    def _coerce(self, active: Active, term: Term | None) -> None:
        """What becomes of scalars (JSON-LD 1.1 API section 5.3), under ``active``."""
        self.scalars = active
        kind = None if term is None else term.type
        self.reference = kind if kind in _REFERENCES else None
        self.datatype = None if kind in _NO_DATATYPE else kind
        self.suffix = self._suffix(active, term) if self.reference is None else None
        simple = self.kind is Kind.PROPERTY and self.predicate is not None
        if self.json or self.reverse or self.container - {"@set"}:
            simple = False
        self.plain = self.suffix if simple else None

    def _suffix(self, active: Active, term: Term | None) -> str:
        if self.datatype is not None:
            return literals.suffix(self.datatype)
        language = _either(ABSENT if term is None else term.language, active.language)
        direction = _either(ABSENT if term is None else term.direction, active.direction)
        return spoken(language, direction)

    def below(self, processor: Processor) -> tuple[Active, Active]:
        """The contexts of this member's values: of objects, and of what keeps the types' scope.

        A type-scoped context ends at the next object, save at one that is a value or a bare
        reference (section 5.1.2 step 7); a property-scoped one begins here (step 8).
        """
        if self.contexts is None:
            kept, child = self.active, self.active.previous or self.active
            term = self.term
            if term is not None and not isinstance(term.context, Absent):
                scope = Scope(base_url=term.base_url, override=True)
                child = processor.apply(child, term.context, scope)
                kept = (
                    child
                    if self.active.previous is None
                    else processor.apply(kept, term.context, scope)
                )
                self._coerce(kept, kept.terms.get(self.name))
            self.contexts = child, kept
        return self.contexts


def spoken(language: str | None, direction: str | None) -> str:
    """The ending of a string with ``language`` and ``direction``.

    Direction goes into the datatype (JSON-LD 1.1 API section 8.2.2 step 13.1, i18n-datatype), for
    the other choice is that nobody signs it.
    """
    if direction is not None:
        return f"^^<{iris.I18N}{language or ''}_{direction}>"
    return "" if language is None else f"@{language}"


def key(active: Active, name: str, processor: Processor) -> Key:
    """How member ``name`` is read under ``active``."""
    found: Key | None = active.keys.get(name)
    if found is not None:
        return found
    term = active.terms.get(name)
    iri = active.expand(name)
    made = Key(name, active, term, iri)
    if term is not None and not isinstance(term.context, Absent) and made.kind is Kind.PROPERTY:
        made.below(processor)
    if len(name) <= MAX_WORD:
        if len(active.keys) >= MAX_REMEMBERED:
            active.keys.clear()
        active.keys[name] = made
    return made


def typed(active: Active, names: tuple[str, ...], processor: Processor) -> Active:
    """``active`` under the type-scoped contexts of ``names`` (section 5.1.2 step 11)."""
    found = active.scopes.get(names)
    if found is not None:
        return found
    result = active
    for name in names:
        term = active.terms.get(name)
        if term is not None and not isinstance(term.context, Absent):
            scope = Scope(base_url=term.base_url, propagate=False)
            result = processor.apply(result, term.context, scope)
    if sum(map(len, names)) <= MAX_WORD:
        if len(active.scopes) >= MAX_SCOPES:
            active.scopes.clear()
        active.scopes[names] = result
    return result


def _kind(name: str, iri: str | None) -> Kind:
    if name == "@context":
        return Kind.CONTEXT
    if iri is None:
        return Kind.UNKNOWN
    if iri in iris.KEYWORDS:
        return _KINDS.get(iri, Kind.OTHER)
    return Kind.PROPERTY if ":" in iri else Kind.UNKNOWN


def _either(own: str | Absent | None, default: str | None) -> str | None:
    return default if isinstance(own, Absent) else own
