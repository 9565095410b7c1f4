"""Objects that are no plain node objects, and the keywords of those that are.

JSON-LD 1.1 API section 5.1.2 steps 13.4, 14 and 15 to 17. What is *not* here: properties (walk.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from healthpassport.canonical import iris, keys, literals
from healthpassport.canonical.active import Active
from healthpassport.canonical.keys import Key, Kind
from healthpassport.canonical.processing import Scope
from healthpassport.canonical.terms import Absent
from healthpassport.errors import CredentialError

if TYPE_CHECKING:
    from healthpassport.canonical.dataset import Place
    from healthpassport.canonical.walk import Found, Walk

_OF_VALUE: Final = frozenset({"@value", "@type", "@language", "@direction", "@index"})
_ONE: Final = 1


def refused(detail: str) -> CredentialError:
    """The error of a document that breaks a rule of the specification."""
    return CredentialError("jsonld.invalid", detail)


def keeps_scope(value: Mapping[str, Any], active: Active) -> bool:
    """Step 7: whether a type-scoped context still holds in ``value``."""
    if active.has("@value", value):
        return True
    return len(value) == _ONE and active.has("@id", value)


def subject(walk: Walk, element: Mapping[str, Any], inner: Active, given: str | None) -> str | None:
    """The name of a node object: its @id, ``given``, or a new blank node."""
    ids = [element[name] for name in inner.aliases("@id") if name in element]
    if len(inner.aliases("@nest")) > _ONE or "@nest" in element:
        nested = _nested_ids(element, inner)
        if nested:
            walk.unselectable = "an @id stands inside @nest"
        ids += nested
    if not ids:
        return given or walk.fresh()
    if len(ids) > _ONE:
        raise refused("an object has two ids")
    if not isinstance(ids[0], str):
        raise refused("an id is no text")
    return walk.node_term(inner.expand(ids[0], vocab=False, relative=True))


def _nested_ids(element: Mapping[str, Any], inner: Active) -> list[Any]:
    found: list[Any] = []
    for name in inner.aliases("@nest"):
        nested = element.get(name)
        for one in nested if isinstance(nested, list) else [nested]:
            if isinstance(one, dict):
                found += [one[alias] for alias in inner.aliases("@id") if alias in one]
                found += _nested_ids(one, inner)
    return found


def special(
    walk: Walk,
    value: Mapping[str, Any],
    key: Key,
    scopes: tuple[Active, Active],
    graph: str | None,
    place: Place,
    found: Found,
) -> None:
    """A value object, or an object with @list or @set (steps 15 and 16)."""
    inner = scopes[1]
    entries = _entries(walk, value, inner)
    if "@value" in entries:
        walk.closed.append(place)
        term = _value(walk, entries, scopes[0])
        if term is not None:
            found.append((term, place))
        return
    if len(entries.keys() - {"@index"}) > _ONE:
        raise refused("a list or set has other members")
    name, items = next(one for one in entries.values() if one[0] != "@index" and one[2])[:2]
    below = key if inner is key.active else keys.key(inner, key.name, walk.processor)
    items = items if isinstance(items, list) else [items]
    if inner.expand(name) == "@set":
        walk.collect(items, below, graph, (place, name), found)
        return
    inside: Found = []
    walk.collect(items, below, graph, place, inside)
    found.append((walk.cells(inside, graph, place), place))


def _entries(
    walk: Walk, value: Mapping[str, Any], inner: Active
) -> dict[str, tuple[str, Any, bool]]:
    """The members of a value, list or set object by keyword: their name, value, is-a-mark."""
    found: dict[str, tuple[str, Any, bool]] = {}
    for name, one in value.items():
        key = keys.key(inner, name, walk.processor)
        if key.kind is Kind.CONTEXT:
            continue
        if key.kind is Kind.UNKNOWN:
            walk.drop("jsonld.term_undefined", f"{name[:60]!r} is not defined here")
            continue
        keyword = str(key.iri)
        if keyword in found or (keyword not in iris.KEYWORDS):
            raise refused("a value object has members that it cannot have")
        if keyword == "@index":
            _index(walk, one)
        found[keyword] = (name, one, keyword in ("@list", "@set", "@value"))
    return found


def _index(walk: Walk, value: Any) -> None:
    if not isinstance(value, str):
        raise refused("@index is no text")
    walk.drop("jsonld.value_dropped", "@index is in no statement")


def _value(walk: Walk, entries: Mapping[str, tuple[str, Any, bool]], outer: Active) -> str | None:
    """A value object (step 15, section 8.2.2)."""
    if entries.keys() - _OF_VALUE:
        raise refused("a value object has members that it cannot have")
    said = {keyword: one[1] for keyword, one in entries.items()}
    value = said["@value"]
    if "@type" in said:
        if "@language" in said or "@direction" in said or not isinstance(said["@type"], str):
            raise refused("a value has a type and a language, or a type that is no text")
        return _typed(walk, value, outer.expand(said["@type"], relative=True))
    if isinstance(value, dict | list):
        raise refused("@value is an object or a list")
    language, direction = _spoken(walk, said)
    if value is None:
        walk.drop("jsonld.value_dropped", "@value is null")
        return None
    if isinstance(value, str):
        if language is not None and not iris.is_language(language):
            walk.drop("jsonld.language", "a language tag is not well-formed")
            return None
        return literals.quoted(value) + keys.spoken(language, direction)
    if language is not None:
        raise refused("a number has a language")
    return literals.native(value, None)


def _typed(walk: Walk, value: Any, datatype: str | None) -> str | None:
    if datatype == "@json":
        return literals.json_literal(value)
    if isinstance(value, dict | list):
        raise refused("@value is an object or a list")
    if value is None:
        walk.drop("jsonld.value_dropped", "@value is null")
        return None
    if datatype is None or not iris.is_iri(datatype):
        if datatype is None or datatype.startswith(("@", "_:")) or " " in datatype:
            raise refused("the type of a value is no IRI")
        walk.drop("jsonld.iri", "the type of a value is no absolute IRI")
        return None
    if isinstance(value, str):
        return literals.quoted(value) + literals.suffix(datatype)
    return literals.native(value, datatype)


def _spoken(walk: Walk, said: Mapping[str, Any]) -> tuple[str | None, str | None]:
    language, direction = said.get("@language"), said.get("@direction")
    if "@language" in said and not isinstance(language, str):
        raise refused("a language is no text")
    if "@direction" in said and direction not in ("ltr", "rtl"):
        raise CredentialError("jsonld.language", "a direction is neither ltr nor rtl")
    if not walk.reading.direction:
        direction = None
    return None if language is None else language.lower(), direction


def keyword(
    walk: Walk,
    key: Key,
    value: Any,
    scopes: tuple[Active, Active],
    name: str | None,
    graph: str | None,
    place: Place,
) -> None:
    """A member of node ``name`` that is a keyword other than @id and @type (step 13.4)."""
    outer, inner = scopes
    if key.kind is Kind.GRAPH:
        walk.free(value, inner.previous or inner, name, place)
    elif key.kind is Kind.INCLUDED:
        walk.free(value, inner.previous or inner, graph, place)
    elif key.kind is Kind.REVERSE:
        _reversed(walk, value, inner.previous or inner, name, graph, place)
    elif key.kind is Kind.NEST:
        _nest(walk, key, value, (outer, inner), name, graph, place)
    elif key.iri == "@index":
        _index(walk, value)
    else:
        walk.drop("jsonld.value_dropped", f"{key.iri} says nothing here")


def _reversed(
    walk: Walk, value: Any, active: Active, name: str | None, graph: str | None, place: Place
) -> None:
    """Step 13.4.13: each member is a property from its value to this node."""
    if not isinstance(value, dict):
        raise refused("@reverse is no object")
    inner = walk.enter(value, active)[1]
    for member, one in value.items():
        key = keys.key(inner, member, walk.processor)
        if key.kind is Kind.UNKNOWN:
            walk.drop("jsonld.term_undefined", f"{member[:60]!r} is not defined here")
            continue
        if key.kind is not Kind.PROPERTY:
            raise refused("@reverse has a keyword in it")
        for term, where in walk.values(key, one, graph, (place, member)):
            if key.reverse:
                walk.state(name, key.predicate, term, graph, where)
            elif term is not None and (term[0] == '"' or term in walk.heads):
                raise refused("a reversed property has a value")
            else:
                walk.state(term, key.predicate, name, graph, where)


def _nest(
    walk: Walk,
    key: Key,
    value: Any,
    scopes: tuple[Active, Active],
    name: str | None,
    graph: str | None,
    place: Place,
) -> None:
    """Step 14: members that stand in an object of their own and belong to this node."""
    outer, inner = scopes
    if key.term is not None and not isinstance(key.term.context, Absent):
        scope = Scope(base_url=key.term.base_url, override=True)
        inner = walk.processor.apply(inner, key.term.context, scope)
    for index, one in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(one, dict) or inner.has("@value", one) or "@context" in one:
            raise refused("@nest holds something else than members")
        where = (place, index) if isinstance(value, list) else place
        walk.members(one, outer, inner, name, graph, where)
