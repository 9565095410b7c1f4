"""Objects that are no plain node objects, and the keywords of those that are.

JSON-LD 1.1 API section 5.1.2 steps 13.4, 14 and 15 to 17. What is *not* here: properties (walk.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from healthpassport.canonical import iris, keys, literals
from healthpassport.canonical.active import Active
from healthpassport.canonical.keys import Key, Kind
from healthpassport.canonical.processing import Scope
from healthpassport.canonical.terms import Absent
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError

if TYPE_CHECKING:
    from healthpassport.canonical.dataset import Place
    from healthpassport.canonical.walk import Found, Term, Walk

_OF_VALUE: Final = frozenset({"@value", "@type", "@language", "@direction", "@index"})


def refused(detail: str) -> CredentialError:
    """The error of a document that breaks a rule of the specification."""
    return CredentialError("jsonld.invalid", detail)


def keeps_scope(value: JsonObject, active: Active) -> bool:
    """Step 7: whether a type-scoped context still holds in ``value``."""
    for name in active.value_names:
        if name in value:
            return True
    return len(value) == 1 and any(name in value for name in active.id_names)


def subject(walk: Walk, element: JsonObject, inner: Active, given: Term) -> Term:
    """The name of a node object: its @id, ``given``, or a new blank node."""
    ids: list[str] = []
    for name in inner.id_names:
        if name in element:
            ids.append(name)  # noqa: PERF401 - once for each object: twice as fast as a comprehension
    if len(inner.nest_names) > 1 or "@nest" in element:
        nested = _nested_ids(element, inner)
        if nested:
            walk.unselectable = "an @id stands inside @nest"
            return _named(walk, nested + [element[name] for name in ids], inner)
    if not ids:
        return given or walk.fresh()
    if ids[0] not in ("id", "@id"):
        walk.unselectable = "an id stands under another name than id"
    return _named(walk, [element[name] for name in ids], inner)


def _named(walk: Walk, ids: list[Json], inner: Active) -> Term:
    if len(ids) > 1:
        raise refused("an object has two ids")
    if not isinstance(ids[0], str):
        raise refused("an id is no text")
    return walk.node_term(inner.expand(ids[0], vocab=False, relative=True))


def _nested_ids(element: JsonObject, inner: Active) -> list[Json]:
    found: list[Json] = []
    for name in inner.nest_names:
        nested = element.get(name)
        for one in nested if isinstance(nested, list) else [nested]:
            if isinstance(one, dict):
                found += _ids(one, inner)
    return found


def _ids(element: JsonObject, inner: Active) -> list[Json]:
    own = [element[name] for name in inner.id_names if name in element]
    return own + _nested_ids(element, inner)


def special(
    walk: Walk,
    value: JsonObject,
    key: Key,
    scopes: tuple[Active, Active],
    into: tuple[Place, Found],
) -> None:
    """An object with @value, @list, @set, or nothing but a language (steps 15 to 17)."""
    inner, (place, found) = scopes[1], into
    entries = _entries(walk, value, inner)
    if "@value" in entries:
        walk.closed.append(place)
        term = _value(walk, {name: one[1] for name, one in entries.items()}, scopes[0])
        if term is not None:
            found.append((term, place))
        return
    mark = entries.get("@list") or entries.get("@set")
    if mark is None:
        if entries.keys() == {"@language"}:
            walk.drop("jsonld.value_dropped", "a language stands alone")
        else:
            found.append((walk.node(value, scopes, place), place))
        return
    if len(entries.keys() - {"@index"}) > 1:
        raise refused("a list or set has other members")
    below = key if inner is key.active else keys.key(inner, key.name, walk.processor)
    items = mark[1] if isinstance(mark[1], list) else [mark[1]]
    if "@set" in entries:
        walk.collect(items, below, (place, mark[0]), found)
        return
    inside: Found = []
    walk.collect(items, below, place, inside)
    found.append((walk.cells(inside, place), place))


def free_set(walk: Walk, value: JsonObject, inner: Active, place: Place) -> None:
    """A set that is the value of no property: its nodes stand; values and lists say nothing.

    Step 16: nothing else may stand beside @set, or it would be in no statement.
    """
    entries = _entries(walk, value, inner)
    mark = entries.get("@set")
    if mark is None:
        return
    if len(entries.keys() - {"@index"}) > 1:
        raise refused("a list or set has other members")
    walk.free(mark[1], inner, (place, mark[0]))


def _entries(walk: Walk, value: JsonObject, inner: Active) -> dict[str, tuple[str, Json]]:
    """The members of a value, list or set object by keyword: their names and values."""
    found: dict[str, tuple[str, Json]] = {}
    for name, one in value.items():
        key = keys.key(inner, name, walk.processor)
        if key.kind is Kind.CONTEXT:
            continue
        if key.kind is Kind.UNKNOWN:
            walk.drop("jsonld.term_undefined", f"{name[:60]!r} is not defined here")
            continue
        keyword = str(key.iri)
        if keyword in found:
            raise refused("a value object says something twice")
        if keyword == "@index":
            _index(walk, one)
        found[keyword] = name, one
    return found


def _index(walk: Walk, value: Json) -> None:
    if not isinstance(value, str):
        raise refused("@index is no text")
    walk.drop("jsonld.value_dropped", "@index is in no statement")


def _value(walk: Walk, said: Mapping[str, Json], outer: Active) -> Term:
    """A value object (step 15, section 8.2.2)."""
    if said.keys() - _OF_VALUE:
        raise refused("a value object has members that it cannot have")
    value = said["@value"]
    if "@type" in said:
        if "@language" in said or "@direction" in said or not isinstance(said["@type"], str):
            raise refused("a value has a type and a language, or a type that is no text")
        return _typed(walk, value, outer.expand(said["@type"], relative=True))
    language, direction = _spoken(said)
    if isinstance(value, str):
        if language is not None and not iris.is_language(language):
            walk.drop("jsonld.language", "a language tag is not well-formed")
            return None
        return literals.quoted(value) + keys.spoken(language, direction)
    if value is not None and language is not None:
        raise refused("a number has a language")
    return _native(walk, value, None)


def _typed(walk: Walk, value: Json, datatype: str | None) -> Term:
    if datatype == "@json":
        return literals.json_literal(value)
    if datatype is None or datatype.startswith(("@", "_:")) or " " in datatype:
        raise refused("the type of a value is no IRI")
    if not iris.is_iri(datatype):
        walk.drop("jsonld.iri", "the type of a value is no absolute IRI")
        return None
    if isinstance(value, str):
        return literals.quoted(value) + literals.suffix(datatype)
    return _native(walk, value, datatype)


def _native(walk: Walk, value: Json, datatype: str | None) -> Term:
    if value is None:
        walk.drop("jsonld.value_dropped", "@value is null")
        return None
    if not isinstance(value, int | float):
        raise refused("@value is an object or a list")
    return literals.native(value, datatype)


def _spoken(said: Mapping[str, Json]) -> tuple[str | None, str | None]:
    language, direction = said.get("@language"), said.get("@direction")
    if "@language" in said and not isinstance(language, str):
        raise refused("a language is no text")
    if "@direction" in said and direction not in ("ltr", "rtl"):
        raise CredentialError("jsonld.language", "a direction is neither ltr nor rtl")
    return (
        str(language).lower() if "@language" in said else None,
        str(direction) if "@direction" in said else None,
    )


def keyword(
    walk: Walk,
    key: Key,
    value: Json,
    scopes: tuple[Active, Active],
    of: tuple[Term, Place],
) -> None:
    """A member of a node that is no property, @id or @type (step 13.4).

    ``of`` is the node's name and the place of the object.
    """
    name, place = of
    inner = scopes[1]
    below: Place = (place, key.name)
    if key.kind is Kind.UNKNOWN:
        walk.drop("jsonld.term_undefined", f"{key.name[:60]!r} is not defined here")
    elif key.kind is Kind.GRAPH:
        walk.inside(name, value, inner.previous or inner, below)
    elif key.kind is Kind.INCLUDED:
        _include(walk, value, inner.previous or inner, below)
    elif key.kind is Kind.REVERSE:
        _reverse(walk, value, inner.previous or inner, (name, below))
    elif key.kind is Kind.NEST:
        _nest(walk, key, value, scopes, (name, below))
    elif key.iri == "@index":
        _index(walk, value)
    else:
        walk.drop("jsonld.value_dropped", f"{key.iri} says nothing here")


def _include(walk: Walk, value: Json, active: Active, place: Place) -> None:
    """Step 13.4.6: nodes that stand beside this one."""
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict) or not active.marks.isdisjoint(one):
            raise refused("@included holds something else than nodes")
    walk.free(value, active, place)


def _reverse(walk: Walk, value: Json, active: Active, of: tuple[Term, Place]) -> None:
    """Step 13.4.13: each member is a property from its value to this node."""
    name, place = of
    if not isinstance(value, dict):
        raise refused("@reverse is no object")
    inner = walk.enter(value, active)[1]
    if not value:
        walk.drop("jsonld.value_dropped", "@reverse holds nothing")
    for member, one in value.items():
        key = keys.key(inner, member, walk.processor)
        if key.kind is Kind.UNKNOWN:
            walk.drop("jsonld.term_undefined", f"{member[:60]!r} is not defined here")
            continue
        if key.kind is not Kind.PROPERTY:
            raise refused("@reverse has a keyword in it")
        for term, where in walk.values(key, one, (place, member)):
            if key.reverse:
                walk.state(name, key.predicate, term, where)
            else:
                walk.reversed(term, key.predicate, name, where)


def _nest(
    walk: Walk,
    key: Key,
    value: Json,
    scopes: tuple[Active, Active],
    of: tuple[Term, Place],
) -> None:
    """Step 14: members that stand in an object of their own and belong to this node."""
    name, place = of
    outer, inner = scopes
    if key.term is not None and not isinstance(key.term.context, Absent):
        scope = Scope(base_url=key.term.base_url, override=True)
        inner = walk.processor.apply(inner, key.term.context, scope)
    for index, one in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(one, dict) or "@context" in one:
            raise refused("@nest holds something else than members")
        if inner is not scopes[1] and _ids(one, inner):  # ``subject`` has looked for others
            raise refused("an id stands in a @nest that has a context of its own")
        if any(mark in one for mark in inner.value_names):
            raise refused("@nest holds a value")
        where = (place, index) if isinstance(value, list) else place
        walk.members(one, (outer, inner), name, where)
    if value in ([], {}):
        walk.drop("jsonld.value_dropped", "@nest holds nothing")
