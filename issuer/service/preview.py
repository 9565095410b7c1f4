"""What a patient and a hospital will see of a source, and what was left out and why.

The words are those of the record definitions, and values stand as wallets write them; a hospital
sees codes too. What is *not* here: pages and commands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.languages import ENGLISH, Words
from healthpassport.record_words import value_words
from healthpassport.summary import (
    FieldDefinition,
    Item,
    Label,
    Record,
    RecordDefinition,
    definition,
    section_title,
)
from healthpassport.summary.derived import SECTIONS, noted, part_of
from schemas.definitions import groups, states, warnings

from .clinical_words import clinical_value
from .leaving_out import WORDS, left_out
from .reading import Reading, Rules

VERSION: Final = 1
_CODES: Final = frozenset({"codings", "sha256"})  # for machines; a patient reads the words


def preview(
    reading: Reading, *, rules: Rules, now: datetime, say: Words = ENGLISH
) -> dict[str, Json]:
    """The preview as JSON: records as each side reads them, and what reaches no record."""
    return {
        "version": VERSION,
        "records": [_record(record, say) for record in reading.summary.records],
        "leftOut": [
            {
                "section": row.section,
                "place": row.place,
                "text": row.text,
                "reason": row.reason,
                "words": say(WORDS[row.reason]),
            }
            for row in left_out(reading, rules=rules, now=now)
        ],
    }


def _record(record: Record, say: Words) -> dict[str, Json]:
    return {
        "type": record.type,
        "asOf": record.as_of.isoformat(),
        "state": record.state.value,
        "window": record.window,
        "patient": _side(record, say, clinical=False),
        "hospital": _side(record, say, clinical=True),
    }


def _side(record: Record, say: Words, *, clinical: bool) -> dict[str, Json]:
    """A record as one reader has it; the hospital sees codes and can look each up."""
    known = definition(record.type)
    told = [say.of(one.note) for one in noted(record.always, known) if one.note]
    notes = [_word(note, clinical=clinical) for note in told]
    said, fields = warnings(), known.subject_fields
    notes += [
        _word(say.of(said[w]), clinical=clinical) if w in said else w for w in record.warnings
    ]
    return {
        "title": _word(say.of(known.labels), clinical=clinical),
        "state": _word(say.of(states()[record.state.value].labels), clinical=clinical),
        "facts": [
            *_lines(record.always, known.always_fields, say, clinical=clinical),
            *([] if known.has_items else _lines(record.subject, fields, say, clinical=clinical)),
        ],
        "items": [_item(item, known, say, clinical=clinical) for item in record.items],
        "negations": [str(row.unit.get("text", "")) for row in record.negations],
        "notes": list(notes),
    }


def _item(item: Item, known: RecordDefinition, say: Words, *, clinical: bool) -> dict[str, Json]:
    if known.derived:
        own, inner = part_of(item, known)
        told = _item(inner, own, say, clinical=clinical)
        title = _word(say.of(own.labels), clinical=clinical)
        return {**told, "text": f"{title}: {told['text']}"}
    unit = {name: value for name, value in item.unit.items() if name != "text"}
    return {
        "text": item.unit["text"],
        "together": _lines(unit, known.unit_fields, say, clinical=clinical),
        "separable": _lines(item.fields, known.item_fields, say, clinical=clinical),
    }


def _lines(
    values: Mapping[str, Json],
    fields: Mapping[str, FieldDefinition],
    say: Words,
    *,
    clinical: bool,
) -> list[Json]:
    lines: list[Json] = []
    for name, value in values.items():
        if clinical or fields[name].type not in _CODES:
            label = _word(say.of(fields[name].labels), clinical=clinical)
            lines.append(f"{label}: {_value(fields[name], value, say, clinical=clinical)}")
    return lines


def _value(field: FieldDefinition, value: Json, say: Words, *, clinical: bool) -> str:
    if clinical and field.name == "group" and value in groups():
        return say.of(groups()[str(value)]).clinical
    if clinical and field.name == SECTIONS and isinstance(value, Sequence):
        rows = [row for row in value if isinstance(row, Mapping)]
        return "; ".join(_part(row, say) for row in rows)
    if clinical:
        return clinical_value(field, value, say)
    return value_words(field, value, say.language)


def _part(row: Mapping[str, Json], say: Words) -> str:
    """What a summary says of one of its parts, to a hospital."""
    name, count = str(row["section"]), row["count"]
    title = section_title(name)
    words = say.of(states()[str(row["state"])].labels).clinical
    told = f"{words} ({count})" if count else words
    return f"{say.of(title).clinical if title else name}: {told}"


def _word(label: Label, *, clinical: bool) -> str:
    return label.clinical if clinical else label.patient
