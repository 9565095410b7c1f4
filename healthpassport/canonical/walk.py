"""One pass over a document: every member becomes statements, each with its place.

Expansion, node map and deserialisation (JSON-LD 1.1 API sections 5.1, 7.2 and 8.1) in one, with no
form in between. Whatever those algorithms drop without a word is an error for signed documents. What
is *not* here: maps of containers (maps.py), contexts (processing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from healthpassport.canonical import iris, keys, literals, maps, objects
from healthpassport.canonical.active import MAX_REMEMBERED, Active
from healthpassport.canonical.contexts import Contexts
from healthpassport.canonical.dataset import MAX_QUADS, Place
from healthpassport.canonical.keys import Key, Kind
from healthpassport.canonical.processing import Processor, Scope
from healthpassport.errors import CredentialError

TYPE: Final = f"<{iris.RDF}type>"
FIRST: Final = f"<{iris.RDF}first>"
REST: Final = f"<{iris.RDF}rest>"
NIL: Final = f"<{iris.RDF}nil>"

# A term is None where the lenient reading drops it.
Statement: TypeAlias = "tuple[str | None, str | None, str | None, str | None]"
Found: TypeAlias = "list[tuple[str | None, Place]]"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a document is read.

    Args:
        strict: whether what JSON-LD drops is an error. Only the specification's own test suite
            reads otherwise.
        base: the document's URL. Signed documents have none: a relative reference is an error.
        direction: whether a text's direction is kept (i18n-datatype).
    """

    strict: bool = True
    base: str | None = None
    direction: bool = True


SIGNED: Final = Reading()


class Walk:
    """The state of one pass: statements so far, their places, names of blank nodes."""

    def __init__(self, contexts: Contexts, reading: Reading) -> None:
        self.contexts, self.reading = contexts, reading
        self.processor = Processor(contexts.load)
        self.quads: list[Statement] = []
        self.places: list[Place] = []
        self.closed: list[Place] = []
        self.heads: set[str] = set()
        self.unselectable = ""
        self._labels: dict[str, str] = {}
        self._count = 0

    # -- names and refusals ---------------------------------------------------------------------

    def fresh(self) -> str:
        """A new blank node."""
        label = f"_:b{self._count}"
        self._count += 1
        return label

    def drop(self, code: str, detail: str) -> None:
        """Refuse what the algorithms would drop; the lenient reading goes on without it."""
        if self.reading.strict:
            raise CredentialError(code, detail)

    def node_term(self, iri: str | None) -> str | None:
        """An expanded IRI or blank node's name as a statement writes it."""
        if iri is not None:
            if iris.is_iri(iri):
                return f"<{iri}>"
            if iris.is_blank(iri):
                return self._label(iri)
        self.drop("jsonld.iri", "a reference is no absolute IRI")
        return None

    def _label(self, name: str) -> str:
        found = self._labels.get(name)
        if found is None:
            found = self._labels[name] = self.fresh()
        else:
            self.unselectable = "a blank node is named in two places"
        return found

    def state(
        self,
        subject: str | None,
        predicate: str | None,
        term: str | None,
        graph: str | None,
        place: Place,
    ) -> None:
        """Add one statement."""
        self.quads.append((subject, predicate, term, graph))
        self.places.append(place)

    # -- objects --------------------------------------------------------------------------------

    def enter(self, element: Mapping[str, Any], active: Active) -> tuple[Active, Active]:
        """The contexts inside ``element``: before and after those of its types (steps 9 to 11)."""
        if "@context" in element:
            self.unselectable = "a part of it has an @context of its own"
            scope = Scope(base_url=self.reading.base)
            active = self.processor.apply(active, element["@context"], scope)
        names = active.types(element)
        if not names:
            return active, active
        return active, active.scopes.get(names) or keys.typed(active, names, self.processor)

    def node(
        self,
        element: Mapping[str, Any],
        outer: Active,
        inner: Active,
        graph: str | None,
        place: Place,
        given: str | None = None,
    ) -> str | None:
        """The statements of a node object; returns its name. ``given``: where it has no @id."""
        if len(self.quads) > MAX_QUADS:
            raise CredentialError("limit.statements")
        subject = objects.subject(self, element, inner, given)
        self.members(element, outer, inner, subject, graph, place)
        return subject

    def members(
        self,
        element: Mapping[str, Any],
        outer: Active,
        inner: Active,
        subject: str | None,
        graph: str | None,
        place: Place,
    ) -> None:
        """The statements that the members of a node object make (steps 13 and 14)."""
        known = inner.keys
        quads, places = self.quads, self.places
        for name, value in element.items():
            key: Key = known.get(name) or keys.key(inner, name, self.processor)
            if key.plain is not None and type(value) is str:
                if value.isprintable() and '"' not in value and "\\" not in value:
                    quads.append((subject, key.predicate, f'"{value}"{key.plain}', graph))
                else:
                    text = literals.quoted(value) + key.plain
                    quads.append((subject, key.predicate, text, graph))
                places.append((place, name))
            elif key.kind is Kind.PROPERTY:
                self.member(key, value, subject, graph, (place, name))
            elif key.kind is Kind.TYPE:
                self.classes(value, outer, subject, graph, place)
            elif key.kind > Kind.ID:
                objects.keyword(self, key, value, (outer, inner), subject, graph, (place, name))
            elif key.kind is Kind.UNKNOWN:
                self.drop("jsonld.term_undefined", f"{name[:60]!r} is not defined here")

    def member(
        self, key: Key, value: Any, subject: str | None, graph: str | None, place: Place
    ) -> None:
        """The statements of one property."""
        if key.predicate is None:
            self.drop("jsonld.iri", "a property is no absolute IRI")
        for term, where in self.values(key, value, graph, place):
            if not key.reverse:
                self.state(subject, key.predicate, term, graph, where)
            elif term is not None and (term[0] == '"' or term in self.heads):
                raise CredentialError("jsonld.invalid", "a reversed property has a value")
            else:
                self.state(term, key.predicate, subject, graph, where)

    def classes(
        self, value: Any, outer: Active, subject: str | None, graph: str | None, place: Place
    ) -> None:
        """The types of a node (step 13.4.4), expanded before their own contexts apply."""
        names = value if isinstance(value, list) else [value]
        if not names:
            self.drop("jsonld.value_dropped", "a type is an empty list")
        for name in names:
            if not isinstance(name, str):
                raise CredentialError("jsonld.invalid", "a type is no text")
            term = outer.classes.get(name) or self._class(name, outer)
            self.state(subject, TYPE, term, graph, place)

    def _class(self, name: str, outer: Active) -> str | None:
        iri = outer.expand(name, relative=True)
        if iri == "@json" or (iri is None or not iris.is_iri(iri)):
            return self.node_term(iri)
        if len(outer.classes) < MAX_REMEMBERED:
            outer.classes[name] = f"<{iri}>"
        return f"<{iri}>"

    # -- values ---------------------------------------------------------------------------------

    def values(self, key: Key, value: Any, graph: str | None, place: Place) -> Found:
        """The terms that the value of a property stands for, with their places (13.5 to 13.10)."""
        container = key.container
        if key.json:
            self.closed.append(place)
            found: Found = [(literals.json_literal(value), place)]
        elif container and isinstance(value, dict) and "@language" in container:
            return maps.languages(self, key, value, place)
        elif container and isinstance(value, dict) and maps.INDEXED & container:
            return maps.indexed(self, key, value, graph, place)
        elif "@graph" in container:
            return maps.graphs(self, key, value, graph, place)
        else:
            found = []
            self.collect(value, key, graph, place, found)
            if not found and "@list" not in container:
                self.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds nothing")
        if "@list" in container and not self._is_list(found, value):
            return [] if value is None else [(self.cells(found, graph, place), place)]
        return found

    def _is_list(self, found: Found, value: Any) -> bool:
        return isinstance(value, dict) and len(found) == 1 and found[0][0] in self.heads

    def collect(
        self,
        value: Any,
        key: Key,
        graph: str | None,
        place: Place,
        found: Found,
        active: Active | None = None,
    ) -> None:
        """Expand one value of ``key`` (``active``: under that context, for maps)."""
        if isinstance(value, str):
            found.append((self.text(value, key), place))
        elif isinstance(value, dict):
            self.object(value, key, graph, place, found, active)
        elif isinstance(value, list):
            for item, where in _items(value, place):
                if isinstance(item, list) and "@list" in key.container:
                    inner: Found = []
                    self.collect(item, key, graph, where, inner, active)
                    found.append((self.cells(inner, graph, where), where))
                else:
                    self.collect(item, key, graph, where, found, active)
        elif value is None:
            self.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds null")
        else:
            found.append((literals.native(value, key.datatype), place))

    def text(self, value: str, key: Key) -> str | None:
        """A string as a term: a literal, or a reference (section 5.3)."""
        if key.suffix is not None:
            return literals.quoted(value) + key.suffix
        vocab = key.reference == "@vocab"
        return self.node_term(key.scalars.expand(value, vocab=vocab, relative=True))

    def object(
        self,
        value: Mapping[str, Any],
        key: Key,
        graph: str | None,
        place: Place,
        found: Found,
        active: Active | None = None,
    ) -> None:
        """An object that is the value of a property: a node, a value, a list or a set."""
        if active is None:
            active, kept = key.below(self.processor)
            if kept is not active and objects.keeps_scope(value, key.active):
                active = kept
        outer, inner = self.enter(value, active)
        if inner.marks().isdisjoint(value):
            found.append((self.node(value, outer, inner, graph, place), place))
        else:
            objects.special(self, value, key, (outer, inner), graph, place, found)

    def cells(self, found: Found, graph: str | None, place: Place) -> str:
        """The statements of a list (section 8.4); returns its first cell."""
        self.closed.append(place)
        cells = [self.fresh() for _ in found]
        for (term, _), cell, rest in zip(found, cells, [*cells[1:], NIL], strict=False):
            self.state(cell, FIRST, term, graph, place)
            self.state(cell, REST, rest, graph, place)
        head = cells[0] if cells else NIL
        self.heads.add(head)
        return head

    def free(self, value: Any, active: Active, graph: str | None, place: Place) -> None:
        """Objects that are the value of no property: of @graph, @included, or the document."""
        if isinstance(value, list):
            for item, where in _items(value, place):
                self.free(item, active, graph, where)
            return
        before = len(self.quads)
        if isinstance(value, dict):
            outer, inner = self.enter(value, active)
            if inner.marks().isdisjoint(value):
                self.node(value, outer, inner, graph, place)
        if len(self.quads) == before:
            self.drop("jsonld.value_dropped", "something stands there that says nothing")


def _items(values: list[Any], place: Place) -> Iterator[tuple[Any, Place]]:
    for index, item in enumerate(values):
        yield item, (place, index)
