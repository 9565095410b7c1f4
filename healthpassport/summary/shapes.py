"""Whether a JSON value has the shape that a definition gives its field.

The shapes are the small part of JSON Schema 2020-12 that ``schemas/records/_common.json`` uses. A
keyword that is not known here fails: a rule that nobody checks must not look like one. What is
*not* here: rules between fields (``rules``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from healthpassport.encoding import Json
from schemas.definitions import Shape, types

_REFERENCE: Final = "#/$defs/"


def fits(value: Json, shape: Shape) -> bool:
    """Whether ``value`` has ``shape``."""
    return all(_CHECKS[keyword](value, wanted, shape) for keyword, wanted in shape.items())


def _reference(value: Json, wanted: Any, _shape: Shape) -> bool:  # noqa: ANN401 - JSON Schema
    return fits(value, types()[wanted.removeprefix(_REFERENCE)])


def _type(value: Json, wanted: Any, _shape: Shape) -> bool:  # noqa: ANN401
    if wanted == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted == "array":
        return isinstance(value, Sequence) and not isinstance(value, str | bytes)
    kinds: dict[str, type] = {"string": str, "boolean": bool, "object": Mapping}
    return isinstance(value, kinds[wanted])


def _properties(value: Any, wanted: Any, _shape: Shape) -> bool:  # noqa: ANN401
    return all(fits(value[name], wanted[name]) for name in wanted if name in value)


def _no_others(value: Any, wanted: Any, shape: Shape) -> bool:  # noqa: ANN401
    return bool(wanted) or value.keys() <= shape["properties"].keys()


# Keywords of one shape are checked in order, so ``type`` stands first in every shape.
_CHECKS: Final[Mapping[str, Callable[[Any, Any, Shape], bool]]] = {
    "$ref": _reference,
    "type": _type,
    "enum": lambda value, wanted, _: value in wanted,
    "not": lambda value, wanted, _: value not in wanted["enum"],
    "minLength": lambda value, wanted, _: len(value) >= wanted,
    "maxLength": lambda value, wanted, _: len(value) <= wanted,
    "pattern": lambda value, wanted, _: re.fullmatch(wanted, value, re.ASCII) is not None,
    "minimum": lambda value, wanted, _: value >= wanted,
    "maximum": lambda value, wanted, _: value <= wanted,
    "minItems": lambda value, wanted, _: len(value) >= wanted,
    "maxItems": lambda value, wanted, _: len(value) <= wanted,
    "items": lambda value, wanted, _: all(fits(entry, wanted) for entry in value),
    "properties": _properties,
    "required": lambda value, wanted, _: all(name in value for name in wanted),
    "minProperties": lambda value, wanted, _: len(value) >= wanted,
    "additionalProperties": _no_others,
    "description": lambda *_: True,
}
