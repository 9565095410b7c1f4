"""Applying the table to every resource of a Bundle, contained ones too.

A resource that the table cannot read stays as it came, marked with a modifierExtension that nobody
understands: FHIR forbids to use such a one (R4 section 2.4.2), so that no record tells it and its
section says that entries are missing. What is *not* here: the table (``mapping``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import Json, JsonObject
from issuer.fhir.source import resource_type
from issuer.fhir.values import objs

from .mapping import MAPPING
from .rules import Members, NotMapped

NOT_UNDERSTOOD: Final = "urn:health-passport:not-understood"


def converted(resource: JsonObject) -> JsonObject:
    """``resource``, of STU3, and whatever it contains, as R4; of R4 it stays as it is."""
    kind = resource_type(resource)
    if kind == "Bundle":
        return _with_each(resource, "entry")
    if kind == "Parameters":
        return _with_each(resource, "parameter")
    members: Members = dict(resource)
    if "contained" in members:
        members["contained"] = [
            converted(inner) if isinstance(inner, dict) and resource_type(inner) else inner
            for inner in _rows(members["contained"])
        ]
    changed = dict(members)
    try:
        for rule in MAPPING.get(kind or "", ()):
            rule(changed)
    except NotMapped as error:
        return _marked(members, str(error))
    return changed


def _with_each(holder: JsonObject, name: str) -> JsonObject:
    rows: list[Json] = []
    for row in _rows(holder.get(name)):
        inner = row.get("resource") if isinstance(row, dict) else None
        if isinstance(row, dict) and isinstance(inner, dict):
            rows.append({**row, "resource": converted(inner)})
        else:
            rows.append(row)
    return {**holder, name: rows}


def _marked(members: Members, name: str) -> JsonObject:
    there = objs(members.get("modifierExtension"))
    mark: dict[str, Json] = {"url": NOT_UNDERSTOOD, "valueString": name}
    return {**members, "modifierExtension": [*there, mark]}


def _rows(value: Json) -> list[Json]:
    if isinstance(value, list):
        return list(value)
    return [] if value is None else [value]
