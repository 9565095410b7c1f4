"""Containers: language maps, index, id and type maps, graphs.

JSON-LD 1.1 API section 5.1.2 steps 13.7, 13.8 and 13.11. The names in an index map are in no
statement, so a signed document cannot have one (unless the index is a property). What is *not*
here: lists and sets (walk.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from healthpassport.canonical import iris, keys, literals
from healthpassport.canonical.active import Active
from healthpassport.canonical.keys import Key
from healthpassport.canonical.objects import refused
from healthpassport.canonical.processing import Scope
from healthpassport.canonical.terms import Absent
from healthpassport.encoding import Json, JsonObject

if TYPE_CHECKING:
    from healthpassport.canonical.dataset import Place
    from healthpassport.canonical.walk import Found, Term, Walk

INDEXED: Final = frozenset({"@index", "@id", "@type"})
_OF_GRAPH: Final = frozenset({"@graph", "@id", "@index", "@context"})


def languages(walk: Walk, key: Key, value: JsonObject, place: Place) -> Found:
    """Step 13.7: one text for each language."""
    found: Found = []
    direction = key.active.direction
    if key.term is not None and not isinstance(key.term.direction, Absent):
        direction = key.term.direction
    for name, text, where in _each(walk, value, place):
        if not isinstance(text, str):
            raise refused("a language map holds something else than text")
        none = key.active.expand(name) == "@none"
        if none or iris.is_language(name):
            ending = keys.spoken(None if none else name.lower(), direction)
            found.append((literals.quoted(text) + ending, where))
        else:
            walk.drop("jsonld.language", "a language tag is not well-formed")
    return found


def indexed(walk: Walk, key: Key, value: JsonObject, place: Place) -> Found:
    """Step 13.8: values by index, id or type."""
    found: Found = []
    for name, item, where in _each(walk, value, place):
        if len(name) > iris.MAX_IRI_CHARS:  # it would be written once for each value
            raise refused("a name of a map is too long")
        _Entry(walk, key, name).add(item, where, found)
    return found


def _each(walk: Walk, value: JsonObject, place: Place) -> Iterator[tuple[str, Json, Place]]:
    """The values of a map with their names and places; what holds nothing is dropped."""
    if not value:
        walk.drop("jsonld.value_dropped", "a map holds nothing")
    for name, items in value.items():
        below: Place = (place, name)
        if items == []:
            walk.drop("jsonld.value_dropped", "a name of a map holds nothing")
        for index, item in enumerate(items if isinstance(items, list) else [items]):
            if item is None:
                walk.drop("jsonld.value_dropped", "a map holds null")
            else:
                yield name, item, (below, index) if isinstance(items, list) else below


class _Entry:
    """One value of a map: what its name in the map says of it."""

    def __init__(self, walk: Walk, key: Key, name: str) -> None:
        self._walk, self._key, self._name = walk, key, name
        self._none = key.active.expand(name) == "@none"

    def add(self, item: Json, place: Place, found: Found) -> None:
        """Steps 13.8.3.5 to 13.8.3.7."""
        key, walk = self._key, self._walk
        below = keys.key(self._context(), key.name, walk.processor)
        kept = below.below(walk.processor)[1]
        given = self._id()
        inside: Found = []
        if "@graph" in key.container:
            inside.append((self._graph(item, kept, given, place), place))
        elif given is not None and isinstance(item, dict):
            scopes = walk.enter(item, kept)
            if not scopes[1].marks.isdisjoint(item):
                raise refused("a value has an id")
            inside.append((walk.node(item, scopes, place, given), place))
        else:
            walk.collect(item, below, place, inside, kept)
        for term, where in inside:
            self._state(term, where)
            found.append((term, where))

    def _context(self) -> Active:
        """Steps 13.8.3.1 to 13.8.3.3."""
        key, active = self._key, self._key.active
        if not key.container & {"@id", "@type"}:
            return active
        active = active.previous or active
        term = active.terms.get(self._name)
        if "@type" in key.container and term and not isinstance(term.context, Absent):
            # Not propagated, as every type-scoped context: the specification forgets to say so, and
            # the implementations in use agree.
            scope = Scope(base_url=term.base_url, propagate=False)
            active = self._walk.processor.apply(active, term.context, scope)
        return active

    def _id(self) -> Term:
        if "@id" not in self._key.container or self._none:
            return None
        iri = self._key.active.expand(self._name, vocab=False, relative=True)
        return self._walk.node_term(iri)

    def _state(self, term: Term, place: Place) -> None:
        """Steps 13.8.3.7.2 to 13.8.3.7.5: the statement that the name makes, if it makes one."""
        walk, key = self._walk, self._key
        literal = term is not None and term[0] == '"'
        if self._none:
            return
        if "@type" in key.container:
            iri = key.active.expand(self._name, relative=True)
            walk.state(term, f"<{iris.RDF}type>", walk.node_term(iri), place)
        elif "@id" in key.container:
            if literal:
                raise refused("a value has an id")
        elif key.term is not None and key.term.index not in (None, "@index"):
            if literal:
                raise refused("a value has a property")
            index = keys.key(key.active, str(key.term.index), walk.processor)
            walk.state(term, index.predicate, walk.text(self._name, index), place)
        else:
            walk.drop("jsonld.value_dropped", "the names of an index map are in no statement")

    def _graph(self, item: Json, active: Active, given: Term, place: Place) -> Term:
        """Step 13.8.3.7.1: each value is a graph of its own, unless it is one already."""
        walk = self._walk
        if isinstance(item, dict) and _is_graph(item, active):
            return walk.node(item, walk.enter(item, active), place, given)
        name = given or walk.fresh()
        walk.inside(name, item, active, place)
        return name


def graphs(walk: Walk, key: Key, value: Json, place: Place) -> Found:
    """Step 13.11: each value is a graph without a name."""
    found: Found = []
    items = value if isinstance(value, list) else [value]
    if not items:
        walk.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds nothing")
    for index, item in enumerate(items):
        where: Place = (place, index) if isinstance(value, list) else place
        if item is None:
            walk.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds null")
            continue
        name = walk.fresh()
        walk.inside(name, item, key.below(walk.processor)[0], where)
        found.append((name, where))
    return found


def _is_graph(item: JsonObject, active: Active) -> bool:
    """Whether ``item`` is a graph object already: @graph, and at most a name."""
    said = {active.expand(name) for name in item}
    return "@graph" in said and said <= _OF_GRAPH
