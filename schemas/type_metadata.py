"""SD-JWT VC type metadata of each record type (draft-ietf-oauth-sd-jwt-vc-19, Type Metadata).

Every claim says whether it can be held back, ``always`` or ``never`` and nothing in between: the
draft recommends that, and a record read without its state or a drug without its dose is the hazard.
What is *not* here: rendering; the wallet and the desk have pages of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.definitions import LANGUAGES, ClaimPath, FieldDefinition, Label, RecordDefinition

_Claim = dict[str, Any]


def type_metadata(definition: RecordDefinition) -> dict[str, Any]:
    """The type metadata document that an issuer publishes at the type's ``vct`` path."""
    return {
        "vct": definition.vct,
        "name": definition.labels["en"].clinical,
        "description": definition.meaning,
        "display": [
            {
                "locale": language,
                "name": definition.labels[language].patient,
                "description": definition.consent[language],
            }
            for language in LANGUAGES
        ],
        "claims": list(_claims(definition)),
    }


def _claims(definition: RecordDefinition) -> Iterator[_Claim]:
    for name, field in {**definition.envelope_fields, **definition.always_fields}.items():
        if name != "vct":
            yield _claim((name,), field, definition, mandatory=True)
    for name, field in definition.subject_fields.items():
        yield _claim((name,), field, definition)
    if not definition.has_items:
        return
    yield _list_claim(("items",), definition)
    yield _list_claim(("items", None), definition)
    yield _list_claim(("items", None, "unit"), definition)
    yield from _group(("items", None, "unit"), definition.unit_fields, definition)
    yield from _group(("items", None), definition.item_fields, definition)
    if not definition.negation_fields:
        return
    yield {"path": ["negations"], "sd": "never"}
    yield {"path": ["negations", None], "sd": "always"}
    yield {"path": ["negations", None, "unit"], "sd": "never"}
    yield from _group(("negations", None, "unit"), definition.negation_fields, definition)


def _group(
    start: ClaimPath, fields: Mapping[str, FieldDefinition], definition: RecordDefinition
) -> Iterator[_Claim]:
    for name, field in fields.items():
        yield _claim((*start, name), field, definition)


def _claim(
    path: ClaimPath,
    field: FieldDefinition,
    definition: RecordDefinition,
    *,
    mandatory: bool = False,
) -> _Claim:
    row: _Claim = {"path": list(path), "display": _display(field.labels, field.meaning)}
    if mandatory:
        row["mandatory"] = True
    return row | {"sd": _sd(path, definition)}


def _list_claim(path: ClaimPath, definition: RecordDefinition) -> _Claim:
    shown = _display(definition.labels, definition.meaning)
    return {"path": list(path), "display": shown, "sd": _sd(path, definition)}


def _sd(path: ClaimPath, definition: RecordDefinition) -> str:
    return "always" if path in definition.disclosures else "never"


def _display(labels: Mapping[str, Label], meaning: str) -> list[dict[str, str]]:
    """English carries the meaning as well; Welsh has its labels only until they are translated."""
    rows = [{"locale": language, "label": labels[language].patient} for language in LANGUAGES]
    rows[0]["description"] = meaning
    return rows
