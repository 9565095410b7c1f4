"""Containers: language maps, index, id and type maps, graphs.

JSON-LD 1.1 API section 5.1.2 steps 13.7, 13.8 and 13.11. The names in an index map are in no
statement, so a signed document cannot have one (unless the index is a property). What is *not* here:
lists and sets (walk.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from healthpassport.canonical import iris, keys, literals
from healthpassport.canonical.active import Active
from healthpassport.canonical.keys import Key
from healthpassport.canonical.objects import refused
from healthpassport.canonical.processing import Scope
from healthpassport.canonical.terms import Absent

if TYPE_CHECKING:
    from healthpassport.canonical.dataset import Place
    from healthpassport.canonical.walk import Found, Walk

INDEXED: Final = frozenset({"@index", "@id", "@type"})
_OF_GRAPH: Final = frozenset({"@graph", "@id", "@index", "@context"})


def languages(walk: Walk, key: Key, value: Mapping[str, Any], place: Place) -> Found:
    """Step 13.7: one text for each language."""
    found: Found = []
    direction = key.scalars.direction
    if key.term is not None and not isinstance(key.term.direction, Absent):
        direction = key.term.direction
    for name, texts in value.items():
        none = key.active.expand(name) == "@none"
        if not none and not iris.is_language(name):
            walk.drop("jsonld.language", "a language tag is not well-formed")
            continue
        ending = keys.spoken(None if none else name.lower(), direction)
        for index, text in enumerate(texts if isinstance(texts, list) else [texts]):
            where: Place = (place, name)
            if text is None:
                walk.drop("jsonld.value_dropped", "a language holds null")
                continue
            if not isinstance(text, str):
                raise refused("a language map holds something else than text")
            where = (where, index) if isinstance(texts, list) else where
            found.append((literals.quoted(text) + ending, where))
        if texts == []:
            walk.drop("jsonld.value_dropped", "a language holds nothing")
    if not value:
        walk.drop("jsonld.value_dropped", "a language map holds nothing")
    return found


def indexed(
    walk: Walk, key: Key, value: Mapping[str, Any], graph: str | None, place: Place
) -> Found:
    """Step 13.8: values by index, id or type."""
    found: Found = []
    for name, items in value.items():
        active = _map_context(walk, key, name)
        for index, item in enumerate(items if isinstance(items, list) else [items]):
            where: Place = ((place, name), index) if isinstance(items, list) else (place, name)
            if item is None:
                walk.drop("jsonld.value_dropped", "a map holds null")
                continue
            _Entry(walk, key, name, active).add(item, graph, where, found)
        if items == []:
            walk.drop("jsonld.value_dropped", "a map's name holds nothing")
    if not value:
        walk.drop("jsonld.value_dropped", "a map holds nothing")
    return found


def _map_context(walk: Walk, key: Key, name: str) -> Active:
    """Steps 13.8.3.1 to 13.8.3.3, and the property-scoped context on top."""
    active = key.active
    if key.container & {"@id", "@type"}:
        active = active.previous or active
        term = active.terms.get(name)
        if "@type" in key.container and term and not isinstance(term.context, Absent):
            active = walk.processor.apply(active, term.context, Scope(base_url=term.base_url))
    return active


class _Entry:
    """One value of a map: what its name in the map says of it."""

    def __init__(self, walk: Walk, key: Key, name: str, active: Active) -> None:
        self._walk, self._key, self._name, self._active = walk, key, name, active
        self._none = key.active.expand(name) == "@none"

    def add(self, item: Any, graph: str | None, place: Place, found: Found) -> None:
        key, walk = self._key, self._walk
        below = keys.key(self._active, key.name, walk.processor)
        kept = below.below(walk.processor)[1]
        if "@graph" in key.container:
            self._graph(item, kept, graph, place, found)
            return
        inside: Found = []
        given = self._id() if isinstance(item, dict) else None
        if given is not None:
            outer, inner = walk.enter(item, kept)
            if not inner.marks().isdisjoint(item):
                raise refused("a value has an id")
            inside.append((walk.node(item, outer, inner, graph, place, given), place))
        else:
            walk.collect(item, below, graph, place, inside, kept)
        for term, where in inside:
            self._index(term, graph, where)
            found.append((term, where))

    def _id(self) -> str | None:
        if "@id" not in self._key.container or self._none:
            return None
        iri = self._key.active.expand(self._name, vocab=False, relative=True)
        return self._walk.node_term(iri)

    def _index(self, term: str | None, graph: str | None, place: Place) -> None:
        """Steps 13.8.3.7.2 to 13.8.3.7.5: the statement that the name makes, if it makes one."""
        walk, key = self._walk, self._key
        literal = term is not None and term[0] == '"'
        if self._none:
            return
        if "@type" in key.container:
            iri = key.active.expand(self._name, relative=True)
            walk.state(term, f"<{iris.RDF}type>", walk.node_term(iri), graph, place)
        elif "@id" in key.container:
            if literal:
                raise refused("a value has an id")
        elif key.term is not None and key.term.index not in (None, "@index"):
            if literal:
                raise refused("a value has a property")
            index = keys.key(key.active, str(key.term.index), walk.processor)
            walk.state(term, index.predicate, walk.text(self._name, index), graph, place)
        else:
            walk.drop("jsonld.value_dropped", "the names of an index map are in no statement")

    def _graph(
        self, item: Any, active: Active, graph: str | None, place: Place, found: Found
    ) -> None:
        """Steps 13.8.3.7.1 and following, where each value is a graph of its own."""
        walk = self._walk
        name = self._id()
        if isinstance(item, dict) and _is_graph(item, active):
            outer, inner = walk.enter(item, active)
            term = walk.node(item, outer, inner, graph, place, name)
        else:
            term = name or walk.fresh()
            walk.free(item, active, term, place)
        if "@index" in self._key.container:
            self._index(term, graph, place)
        found.append((term, place))


def graphs(walk: Walk, key: Key, value: Any, graph: str | None, place: Place) -> Found:
    """Step 13.11: each value is a graph without a name."""
    found: Found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        where: Place = (place, index) if isinstance(value, list) else place
        if item is None:
            walk.drop("jsonld.value_dropped", f"{key.name[:60]!r} holds null")
            continue
        name = walk.fresh()
        before = len(walk.quads)
        if isinstance(item, dict):
            active, kept = key.below(walk.processor)
            _inside(walk, item, active if active is kept else active, name, where)
        if len(walk.quads) == before:
            walk.drop("jsonld.value_dropped", "a graph holds nothing")
        found.append((name, where))
    return found


def _inside(walk: Walk, item: Mapping[str, Any], active: Active, name: str, place: Place) -> None:
    outer, inner = walk.enter(item, active)
    if not inner.marks().isdisjoint(item):
        raise refused("a graph holds a value")
    walk.node(item, outer, inner, name, place)


def _is_graph(item: Mapping[str, Any], active: Active) -> bool:
    """Whether ``item`` is a graph object already: @graph, and at most a name."""
    said = {active.expand(name) for name in item}
    return "@graph" in said and said <= _OF_GRAPH
