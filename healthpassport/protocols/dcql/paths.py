"""Claims path pointers on JSON-based credentials (OpenID4VP 1.0 section 7.1).

A ``Path`` is what a query asks with: names, indexes and None for "every element". A ``Place`` is
where one value stands: names and indexes only. What is *not* here: which claims are disclosable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from healthpassport.encoding import Json
from healthpassport.errors import ProtocolError

Path: TypeAlias = "tuple[str | int | None, ...]"
Place: TypeAlias = "tuple[str | int, ...]"

MAX_PATH_DEPTH: Final = 16  # components; our records need three


def parse_path(value: Json) -> Path:
    """``value`` as a path: a non-empty array of strings, nulls and non-negative integers.

    Raises:
        ProtocolError: ``dcql.path`` for another shape, ``dcql.limit`` for one that is too deep.
    """
    if not isinstance(value, list) or not value:
        raise ProtocolError("dcql.path", "a path is a non-empty array")
    if len(value) > MAX_PATH_DEPTH:
        raise ProtocolError("dcql.limit", f"a path has more than {MAX_PATH_DEPTH} components")
    return tuple(_component(component) for component in value)


def _component(value: Json) -> str | int | None:
    if value is None or (isinstance(value, str) and value):
        return value
    # JSON has no integer type of its own: True is an int to Python and no index to the language.
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ProtocolError("dcql.path", "a component is a name, null or an index from 0")


def select(payload: Mapping[str, Json], path: Path) -> tuple[tuple[Place, Json], ...]:
    """The places of ``payload`` that ``path`` selects, with their values; empty where it has none.

    Section 7.1.1 tells "nothing selected" and "a component does not fit the value" apart from each
    other as little as we do: both end in an error, and for a query both mean "not there".
    """
    selected: list[tuple[Place, Json]] = [((), payload)]
    for component in path:
        step = _step(selected, component)
        if not step:
            return ()
        selected = step
    return tuple(selected)


def _step(
    selected: list[tuple[Place, Json]], component: str | int | None
) -> list[tuple[Place, Json]]:
    found: list[tuple[Place, Json]] = []
    for place, value in selected:
        if isinstance(component, str):
            if not isinstance(value, Mapping):
                return []  # step 2.1: any element that is no object ends the processing
            if component in value:
                found.append(((*place, component), value[component]))
        elif not isinstance(value, list | tuple):
            return []  # steps 2.2 and 2.3: any element that is no array ends the processing
        elif component is None:
            found.extend(((*place, index), entry) for index, entry in enumerate(value))
        elif component < len(value):
            found.append(((*place, component), value[component]))
    return found


def covers(path: Path, place: Place) -> bool:
    """Whether disclosing ``place`` serves ``path``: it lies on the way to it, at it or below it."""
    return all(
        asked == there or (asked is None and isinstance(there, int))
        for asked, there in zip(path, place, strict=False)
    )


def without(payload: Mapping[str, Json], places: Iterable[Place]) -> dict[str, Json]:
    """``payload`` without the values at ``places``; array elements close up."""
    cut = frozenset(places)
    return {
        name: _pruned(value, (name,), cut) for name, value in payload.items() if (name,) not in cut
    }


def _pruned(value: Json, here: Place, cut: frozenset[Place]) -> Json:
    if isinstance(value, Mapping):
        return {
            name: _pruned(member, (*here, name), cut)
            for name, member in value.items()
            if (*here, name) not in cut
        }
    if isinstance(value, list | tuple):
        return [
            _pruned(entry, (*here, index), cut)
            for index, entry in enumerate(value)
            if (*here, index) not in cut
        ]
    return value


def dotted(path: Path) -> str:
    """The names of ``path`` joined by dots, as trust list and registration write claims."""
    return ".".join(component for component in path if isinstance(component, str))
