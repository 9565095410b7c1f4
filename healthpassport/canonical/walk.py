"""One pass over a document: every member becomes statements, each with its place.

Expansion, node map and deserialisation (JSON-LD 1.1 API sections 5.1, 7.2 and 8.1) in one, with no
form in between. Whatever those algorithms drop without a word is an error for signed documents.
What is *not* here: other objects than nodes (objects.py), maps (maps.py), contexts (processing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from healthpassport.canonical import iris, keys, literals, maps, objects
from healthpassport.canonical.active import MAX_REMEMBERED, MAX_WORD, Active
from healthpassport.canonical.contexts import Contexts
from healthpassport.canonical.dataset import MAX_QUADS, Place
from healthpassport.canonical.keys import Key, Kind
from healthpassport.canonical.processing import Processor, Scope
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError

TYPE: Final = f"<{iris.RDF}type>"
FIRST: Final = f"<{iris.RDF}first>"
REST: Final = f"<{iris.RDF}rest>"
NIL: Final = f"<{iris.RDF}nil>"

# A term is None where the lenient reading drops it.
Term: TypeAlias = "str | None"
Statement: TypeAlias = "tuple[Term, Term, Term, Term]"
Found: TypeAlias = "list[tuple[Term, Place]]"

_USUAL: Final = frozenset({"id", "@id", "type", "@type"})


@dataclass(frozen=True, slots=True)
class Reading:
    """How a document is read.

    Args:
        strict: whether what JSON-LD drops is an error. Only the specification's own test suite
            reads otherwise.
        base: the document's URL. Signed documents have none: a relative reference is an error.
    """

    strict: bool = True
    base: str | None = None


SIGNED: Final = Reading()


class Walk:
    """The state of one pass: statements so far, their places, names of blank nodes, the graph."""

    def __init__(self, contexts: Contexts, reading: Reading) -> None:
        self.contexts, self.reading = contexts, reading
        self.processor = Processor(contexts.load)
        self.quads: list[Statement] = []
        self.places: list[Place] = []
        self.closed: list[Place] = []
        self.heads: set[str] = set()
        self.unselectable = ""
        self.long = False
        self.graph: Term = ""
        self._labels: dict[str, str] = {}
        self._references: dict[tuple[Key, str], Term] = {}
        self._count = 0

    def fresh(self) -> str:
        """A new blank node."""
        label = f"_:b{self._count}"
        self._count += 1
        return label

    def drop(self, code: str, detail: str) -> None:
        """Refuse what the algorithms would drop; the lenient reading goes on without it."""
        if self.reading.strict:
            raise CredentialError(code, detail)

    def node_term(self, iri: str | None) -> Term:
        """An expanded IRI or blank node's name as a statement writes it."""
        if iri is not None:
            if len(iri) > iris.MAX_IRI_CHARS:
                self.long = True
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

    def state(self, subject: Term, predicate: Term, term: Term, place: Place) -> None:
        """Add one statement to the graph that is being made."""
        self.quads.append((subject, predicate, term, self.graph))
        self.places.append(place)

    def enter(self, element: JsonObject, active: Active) -> tuple[Active, Active]:
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
        self, element: JsonObject, scopes: tuple[Active, Active], place: Place, given: Term = None
    ) -> Term:
        """The statements of a node object; returns its name. ``given``: where it has no @id."""
        if len(self.quads) > MAX_QUADS:
            raise CredentialError("limit.statements")
        subject = objects.subject(self, element, scopes[1], given)
        self.members(element, scopes, subject, place)
        return subject

    def members(
        self, element: JsonObject, scopes: tuple[Active, Active], subject: Term, place: Place
    ) -> None:
        """The statements that the members of a node object make (steps 13 and 14)."""
        inner = scopes[1]
        known = inner.keys
        quads, places, graph = self.quads, self.places, self.graph
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
                self.member(key, value, subject, (place, name))
            elif key.kind is Kind.TYPE:
                self.classes(value, scopes[0], subject, place)
                if name not in _USUAL:
                    self.unselectable = "a type stands under another name than type"
            elif key.kind is not Kind.CONTEXT and key.kind is not Kind.ID:
                objects.keyword(self, key, value, scopes, (subject, place))

    def member(self, key: Key, value: Json, subject: Term, place: Place) -> None:
        """The statements of one property."""
        predicate = key.predicate
        if predicate is None:
            self.drop("jsonld.iri", "a property is no absolute IRI")
        found = self.values(key, value, place)
        if not key.reverse:
            for term, where in found:
                self.quads.append((subject, predicate, term, self.graph))
                self.places.append(where)
            return
        for term, where in found:
            self.reversed(term, predicate, subject, where)

    def reversed(self, term: Term, predicate: Term, subject: Term, place: Place) -> None:
        """A statement from a property's value to the object that it stands in."""
        if term is not None and (term[0] == '"' or term in self.heads):
            raise objects.refused("a reversed property has a value")
        self.state(term, predicate, subject, place)

    def classes(self, value: Json, outer: Active, subject: Term, place: Place) -> None:
        """The types of a node (step 13.4.4), expanded before their own contexts apply."""
        names = value if isinstance(value, list) else [value]
        if not names:
            self.drop("jsonld.value_dropped", "a type is an empty list")
        for name in names:
            if not isinstance(name, str):
                raise objects.refused("a type is no text")
            term = outer.classes.get(name) or self._class(name, outer)
            self.quads.append((subject, TYPE, term, self.graph))
            self.places.append(place)

    def _class(self, name: str, outer: Active) -> Term:
        iri = outer.expand(name, relative=True)
        if iri is None or not iris.is_iri(iri) or len(iri) > iris.MAX_IRI_CHARS:
            return self.node_term(iri)
        if len(outer.classes) < MAX_REMEMBERED and len(name) <= MAX_WORD:
            outer.classes[name] = f"<{iri}>"
        return f"<{iri}>"

    def values(self, key: Key, value: Json, place: Place) -> Found:
        """The terms that a property's value stands for, with their places (13.5 to 13.10)."""
        found: Found = []
        container = key.container
        if not container and not key.json:
            if isinstance(value, dict):
                self.object(value, key, place, found)
            else:
                self.collect(value, key, place, found)
            if not found:
                self.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds nothing")
            return found
        if key.json:
            self.closed.append(place)
            found = [(literals.json_literal(value), place)]
        elif isinstance(value, dict) and "@language" in container:
            return maps.languages(self, key, value, place)
        elif isinstance(value, dict) and maps.INDEXED & container:
            return maps.indexed(self, key, value, place)
        elif "@graph" in container:
            return maps.graphs(self, key, value, place)
        else:
            self.collect(value, key, place, found)
        return self._listed(found, key, value, place)

    def _listed(self, found: Found, key: Key, value: Json, place: Place) -> Found:
        """Step 13.10: the values of a list container as one list, unless they are one already."""
        if "@list" not in key.container:
            if not found:
                self.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds nothing")
            return found
        if isinstance(value, dict) and len(found) == 1 and found[0][0] in self.heads:
            return found
        return [] if value is None else [(self.cells(found, place), place)]

    def collect(
        self, value: Json, key: Key, place: Place, found: Found, active: Active | None = None
    ) -> None:
        """Expand one value of ``key`` (``active``: under that context, for maps)."""
        if isinstance(value, str):
            found.append((self.text(value, key), place))
        elif isinstance(value, dict):
            self.object(value, key, place, found, active)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                where: Place = (place, index)
                if isinstance(item, dict):
                    self.object(item, key, where, found, active)
                elif isinstance(item, list) and "@list" in key.container:
                    inner: Found = []
                    self.collect(item, key, where, inner, active)
                    found.append((self.cells(inner, where), where))
                else:
                    self.collect(item, key, where, found, active)
        elif isinstance(value, int | float):
            found.append((literals.native(value, key.datatype), place))
        else:
            self.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds null")

    def text(self, value: str, key: Key) -> Term:
        """A string as a term: a literal, or a reference (section 5.3)."""
        if key.suffix is not None:
            return literals.quoted(value) + key.suffix
        term = self._references.get((key, value))
        if term is None:
            vocab = key.reference == "@vocab"
            term = self.node_term(key.scalars.expand(value, vocab=vocab, relative=True))
            if term is not None and term[0] == "<":
                self._references[key, value] = term
        return term

    def object(
        self, value: JsonObject, key: Key, place: Place, found: Found, active: Active | None = None
    ) -> None:
        """An object that is the value of a property: a node, a value, a list or a set."""
        if active is None:
            active, kept = key.contexts or key.below(self.processor)
            if kept is not active and objects.keeps_scope(value, key.active):
                active = kept
        scopes = self.enter(value, active)
        if scopes[1].marks.isdisjoint(value):
            found.append((self.node(value, scopes, place), place))
        else:
            objects.special(self, value, key, scopes, (place, found))

    def cells(self, found: Found, place: Place) -> str:
        """The statements of a list (section 8.4); returns its first cell."""
        self.closed.append(place)
        cells = [self.fresh() for _ in found]
        for (term, _), cell, rest in zip(found, cells, [*cells[1:], NIL], strict=False):
            self.state(cell, FIRST, term, place)
            self.state(cell, REST, rest, place)
        head = cells[0] if cells else NIL
        self.heads.add(head)
        return head

    def free(self, value: Json, active: Active, place: Place) -> None:
        """Objects that are the value of no property: of @graph, @included, or the document."""
        if isinstance(value, list) and value:
            for index, item in enumerate(value):
                self.free(item, active, (place, index))
            return
        before = len(self.quads)
        if isinstance(value, dict):
            scopes = self.enter(value, active)
            if scopes[1].marks.isdisjoint(value):
                # What stands in it may say something while it says nothing itself, save its id.
                if not self._says(self.node(value, scopes, place), before):
                    self.drop("jsonld.value_dropped", "an object stands there that says nothing")
            else:
                objects.free_set(self, value, scopes[1], place)
        if len(self.quads) == before:
            self.drop("jsonld.value_dropped", "something stands there that says nothing")

    def _says(self, node: Term, before: int) -> bool:
        """Whether a statement made since ``before`` mentions ``node``, as the first mostly does."""
        return any(node in quad for quad in islice(self.quads, before, None))

    def inside(self, graph: Term, value: Json, active: Active, place: Place) -> None:
        """Objects of another graph, named ``graph``."""
        outside, self.graph = self.graph, graph
        self.free(value, active, place)
        self.graph = outside
