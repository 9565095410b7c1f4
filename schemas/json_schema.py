"""The JSON Schema (draft 2020-12) of each record's payload as issued, nothing held back.

For parties without Python. It says what can be said of one value and of a state with its items;
what JSON Schema cannot say (counts that match the items) stands in ``healthpassport.summary``.
What is *not* here: the members that a format adds and judges itself, which are let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.definitions import (
    FORMAT_MEMBERS,
    FieldDefinition,
    RecordDefinition,
    StateItems,
    states,
    types,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_BASE: Final = "https://passport.example/schemas/"

_Schema = dict[str, Any]


def payload_schema(definition: RecordDefinition) -> _Schema:
    """The schema of one record type's payload."""
    plain = {**definition.envelope_fields, **definition.always_fields}
    members = _members([*plain.values(), *definition.subject_fields.values()])
    members["vct"] = {"const": definition.vct}
    lists = _lists(definition) if definition.has_items else {}
    return {
        "$schema": DIALECT,
        "$id": f"{SCHEMA_BASE}{definition.type}/{definition.version}",
        "title": definition.labels["en"].clinical,
        "description": definition.meaning,
        "type": "object",
        "properties": members | lists | dict.fromkeys(FORMAT_MEMBERS, True),
        "required": [name for name, field in plain.items() if field.required],
        "additionalProperties": False,
        "allOf": _states(has_items=definition.has_items),
        "$defs": {name: dict(types()[name]) for name in _used_types(definition)},
    }


def _members(fields: Iterable[FieldDefinition]) -> _Schema:
    return {
        field.name: {
            "title": field.labels["en"].clinical,
            "description": field.meaning,
            **field.shape,
        }
        for field in fields
    }


def _lists(definition: RecordDefinition) -> _Schema:
    items = _object(
        {"unit": _unit(definition.unit_fields), **_members(definition.item_fields.values())}
    )
    lists: _Schema = {"items": {"type": "array", "minItems": 1, "items": items}}
    if definition.negation_fields:
        row = _object({"unit": _unit(definition.negation_fields)})
        lists["negations"] = {"type": "array", "minItems": 1, "items": row}
    return lists


def _object(members: Mapping[str, Any]) -> _Schema:
    return {
        "type": "object",
        "properties": dict(members),
        "required": ["unit"],
        "additionalProperties": False,
    }


def _unit(fields: Mapping[str, FieldDefinition]) -> _Schema:
    return {
        "type": "object",
        "properties": _members(fields.values()),
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _states(*, has_items: bool) -> list[_Schema]:
    """What a state says of the items (clinical.md "Section state")."""
    some = {"properties": {"itemCount": {"minimum": 1}}}
    if not has_items:
        return [{"properties": {"state": {"const": "items"}}}, some]
    without = [name for name, state in states().items() if state.items is StateItems.NONE]
    none: _Schema = {"properties": {"itemCount": {"const": 0}, "items": False}}
    return [
        {
            "if": {"properties": {"state": {"const": "items"}}},
            "then": {**some, "required": ["items"]},
        },
        {"if": {"properties": {"state": {"enum": without}}}, "then": none},
    ]


def _used_types(definition: RecordDefinition) -> list[str]:
    """The types that the schema points at, and those that these point at."""
    groups = (
        definition.envelope_fields,
        definition.always_fields,
        definition.subject_fields,
        definition.unit_fields,
        definition.item_fields,
        definition.negation_fields,
    )
    pending = [field.type for group in groups for field in group.values() if not field.values]
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _references(types()[name])
    return sorted(found)


def _references(shape: Any) -> list[str]:  # noqa: ANN401 - JSON Schema of any depth
    if isinstance(shape, Mapping):
        here = [shape["$ref"].rpartition("/")[2]] if "$ref" in shape else []
        return here + [name for value in shape.values() for name in _references(value)]
    if isinstance(shape, list):
        return [name for value in shape for name in _references(value)]
    return []
