"""``passport-issuer records``: the record types that exist, and their fields.

What is *not* here: what was issued (``issued``) and what a file gives (``preview``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .opening import AsJson, show_json

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from healthpassport.summary import FieldDefinition, RecordDefinition


def records(as_json: AsJson = False) -> None:
    """List the record types and their fields: always shown, inseparable, or held back alone."""
    from healthpassport.summary import definition, record_types  # noqa: PLC0415 - cold start

    for name in record_types():
        known = definition(name)
        if as_json:
            show_json(_row(known))
        else:
            typer.echo(f"{name}  {known.labels['en'].clinical}\n  {known.meaning}")
            for title, fields in _classes(known).items():
                if fields:
                    typer.echo(f"  {title}: {', '.join(field.name for field in fields)}")


def _classes(known: RecordDefinition) -> dict[str, list[FieldDefinition]]:
    return {
        "always": list(known.always_fields.values()),
        "unit": list(known.unit_fields.values()),
        "field": [*known.subject_fields.values(), *known.item_fields.values()],
    }


def _row(known: RecordDefinition) -> Json:
    return {
        "version": 1,
        "type": known.type,
        "vct": known.vct,
        "section": known.section,
        "window": known.window,
        "meaning": known.meaning,
        "fields": [
            {
                "name": field.name,
                "class": title,
                "type": field.type,
                "label": field.labels["en"].clinical,
                "r4": field.fhir["r4"],
                "stu3": field.fhir["stu3"],
            }
            for title, fields in _classes(known).items()
            for field in fields
        ],
    }
