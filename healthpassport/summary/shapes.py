"""Whether a JSON value has the shape that a definition gives its field.

The shapes are the small part of JSON Schema 2020-12 that ``schemas/records/_common.json`` uses. A
keyword that is not known here fails: a rule that nobody checks must not look like one. Each shape
of the definitions is made into a check once, since a desk looks at hundreds of values a second.
What is *not* here: rules between fields (``rules``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from healthpassport.encoding import Json
from schemas.definitions import FieldDefinition, Shape, field_shape, types

_Check: TypeAlias = "Callable[[Any], bool]"
_REFERENCE: Final = "#/$defs/"


def fits(value: Json, shape: Shape) -> bool:
    """Whether ``value`` has ``shape``."""
    return _check(shape)(value)


def fits_field(value: Json, field: FieldDefinition) -> bool:
    """Whether ``value`` may stand in ``field``."""
    return _field_check(field.type, field.values, field.refused)(value)


@cache  # as many as the definitions hold
def _field_check(type_: str, values: tuple[str, ...], refused: tuple[str, ...]) -> _Check:
    return _check(field_shape(type_, values, refused))


@cache
def _type_check(name: str) -> _Check:
    return _check(types()[name])


def _check(shape: Shape) -> _Check:
    """One check of all keywords of ``shape``, in its order: ``type`` stands first in each."""
    checks = [_CHECKS[keyword](wanted, shape) for keyword, wanted in shape.items()]
    if len(checks) == 1:
        return checks[0]

    def check(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        for one in checks:  # noqa: SIM110 - all() over a generator takes three times as long
            if not one(value):
                return False
        return True

    return check


def _reference(wanted: str, _shape: Shape) -> _Check:
    """Looked up when a value is there, since a shape may hold itself."""
    name = wanted.removeprefix(_REFERENCE)

    def check(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        return _type_check(name)(value)

    return check


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_array(value: object) -> bool:
    return type(value) is list or (
        isinstance(value, Sequence) and not isinstance(value, str | bytes)
    )


def _is_object(value: object) -> bool:
    return type(value) is dict or isinstance(value, Mapping)


_TYPES: Final[Mapping[str, _Check]] = {
    "integer": _is_integer,
    "array": _is_array,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "object": _is_object,
}


def _properties(wanted: Mapping[str, Shape], _shape: Shape) -> _Check:
    checks = {name: _check(below) for name, below in wanted.items()}

    def check(value: Mapping[str, Any]) -> bool:
        for name, one in checks.items():  # noqa: SIM110 - as above
            if name in value and not one(value[name]):
                return False
        return True

    return check


def _items(wanted: Shape, _shape: Shape) -> _Check:
    one = _check(wanted)
    return lambda value: all(map(one, value))


def _pattern(wanted: str, _shape: Shape) -> _Check:
    whole = re.compile(wanted, re.ASCII).fullmatch
    return lambda value: whole(value) is not None


def _no_others(wanted: bool, shape: Shape) -> _Check:  # noqa: FBT001 - JSON Schema
    known = shape["properties"].keys()
    return lambda value: wanted or value.keys() <= known


_CHECKS: Final[Mapping[str, Callable[[Any, Shape], _Check]]] = {
    "$ref": _reference,
    "type": lambda wanted, _: _TYPES[wanted],
    "enum": lambda wanted, _: lambda value: value in wanted,
    "not": lambda wanted, _: lambda value: value not in wanted["enum"],
    "minLength": lambda wanted, _: lambda value: len(value) >= wanted,
    "maxLength": lambda wanted, _: lambda value: len(value) <= wanted,
    "pattern": _pattern,
    "minimum": lambda wanted, _: lambda value: value >= wanted,
    "maximum": lambda wanted, _: lambda value: value <= wanted,
    "minItems": lambda wanted, _: lambda value: len(value) >= wanted,
    "maxItems": lambda wanted, _: lambda value: len(value) <= wanted,
    "items": _items,
    "properties": _properties,
    "required": lambda wanted, _: lambda value: all(name in value for name in wanted),
    "minProperties": lambda wanted, _: lambda value: len(value) >= wanted,
    "additionalProperties": _no_others,
    "description": lambda *_: lambda _value: True,
}
