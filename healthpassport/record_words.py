"""Values of a record in plain words, for the person whose record it is.

Labels come from the record's definition; nothing of an item's meaning is left out but its codes,
which the text stands for. Words for codes of FHIR stand in ``schemas/sharing/codes.json``; a code
without words there stands as it came. What is *not* here: clinicians' words (the desk has its own).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final

import schemas
from healthpassport.encoding import Json
from healthpassport.summary import (
    DisclosedRecord,
    FieldDefinition,
    Item,
    RecordDefinition,
    definition,
    section_title,
)
from healthpassport.summary.derived import part_of
from schemas.definitions import GROUP, groups, states, warnings

YES_NO: Final = {"en": ("Yes", "No"), "cy": ("Ydy", "Nac ydy")}
NOT_CHECKED: Final = {"en": "not checked", "cy": "heb ei wirio"}
VERIFIED: Final = "01"  # NHS data dictionary: number present and verified
NHS_DIGITS: Final = 10
# Staff read codes behind these names; patients never see them.
CODE_SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http://snomed.info/sct": "SNOMED CT",
        "https://dmd.nhs.uk": "dm+d",
        "http://read.info/readv2": "Read v2",
        "http://read.info/ctv3": "CTV3",
        "http://loinc.org": "LOINC",
        "http://terminology.hl7.org/CodeSystem/consentcategorycodes": "HL7 consent category",
    }
)
_CODES: Final = frozenset({"codings", "sha256"})  # what the words stand for, and check codes
_INNER_TEXT: Final = "text"
_DATES: Final = frozenset({"date", "when", "day"})
_FULL_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_COUNTS: Final = "counts"
_CAPITAL: Final = re.compile(r"[A-Z]")


def label(field: FieldDefinition, language: str) -> str:
    """What ``field`` is called."""
    return field.labels[language].patient


def record_label(definition: RecordDefinition, language: str) -> str:
    """What a record of this type is called."""
    return definition.labels[language].patient


def state_words(state: str, language: str) -> str:
    """What a section's state means."""
    return states()[state].labels[language].patient


def value_words(field: FieldDefinition, value: Json, language: str) -> str:
    """``value`` of ``field`` on one line."""
    if field.name == "nhsNumber" and isinstance(value, Mapping):
        return _nhs_number(value, language)
    if field.type in _SHAPED:
        return _SHAPED[field.type](value, language)
    if field.name == GROUP and value in groups():
        return groups()[str(value)][language].patient
    if field.type in _DATES and isinstance(value, str):
        return _date_words(value, language) or _plain(value, language)
    if isinstance(value, list | tuple):
        return "; ".join(
            code_words(field.name, one, language) or _plain(one, language) for one in value
        )
    return code_words(field.name, value, language) or _plain(value, language)


def code_words(name: str, value: Json, language: str) -> str:
    """What the code ``value`` of the member ``name`` means; empty where we have no words for it."""
    return _codes().get(name, {}).get(value, {}).get(language, "") if type(value) is str else ""


@cache
def _codes() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return MappingProxyType(schemas.load("sharing/codes.json"))


def item_words(
    definition: RecordDefinition, unit: Mapping[str, Json], language: str, *, negation: bool = False
) -> str:
    """An item as its text, with every other member of its unit behind its label."""
    if definition.derived:
        own, inner = part_of(Item(unit), definition)
        return f"{record_label(own, language)}: {item_words(own, inner.unit, language)}"
    fields = definition.negation_fields if negation else definition.unit_fields
    parts = [
        f"{label(field, language)}: {value_words(field, unit[name], language)}"
        for name, field in fields.items()
        if name in unit and name != _INNER_TEXT and field.type not in _CODES
    ]
    text = _plain(unit.get(_INNER_TEXT, ""), language)
    return f"{text} ({'; '.join(parts)})" if parts else text


def always_words(record: DisclosedRecord, language: str) -> tuple[tuple[str, str], ...]:
    """What goes out with a record whatever is chosen: its own facts, and notes of the source."""
    known = definition(record.type)
    facts = tuple(
        (label(field, language), value_words(field, record.always[name], language))
        for name, field in known.always_fields.items()
        if name in record.always
    )
    return facts + tuple(("", warning_words(name, language)) for name in record.warnings)


def warning_words(name: str, language: str) -> str:
    """A note of the source; one that we have no words for stands as it came."""
    found = warnings().get(name)
    return found[language].patient if found else _printable(name)


def day(value: date, language: str) -> str:
    """A date with its month by name, so that nobody mistakes day and month."""
    months = _MONTHS[language]
    return f"{value.day} {months[value.month - 1]} {value.year}"


def _nhs_number(value: Mapping[str, Json], language: str) -> str:
    digits = str(value.get("value", ""))
    shown = f"{digits[:3]} {digits[3:6]} {digits[6:]}" if len(digits) == NHS_DIGITS else digits
    verified = value.get("verificationStatus") == VERIFIED
    return shown if verified else f"{shown} ({NOT_CHECKED[language]})"


def _plain(value: Json, language: str) -> str:
    if isinstance(value, bool):
        return YES_NO[language][0 if value else 1]
    if isinstance(value, str | int | float):
        return _printable(str(value))
    if isinstance(value, Mapping):
        inner = [_member(name, value[name], language) for name in value if name != "coding"]
        return ", ".join(part for part in inner if part)
    if value is None:
        return ""
    return "; ".join(_plain(entry, language) for entry in value)


def _measured(value: Json, language: str) -> str:
    """A value behind its comparator and before its unit."""
    if not isinstance(value, Mapping):
        return _plain(value, language)
    found = (_plain(value.get(name), language) for name in ("comparator", "value", "unit"))
    return " ".join(word for word in found if word)


def _parts(value: Json, language: str) -> str:
    """The parts of a result, each with its own value."""
    parts = []
    for part in value if isinstance(value, list | tuple) else ():
        if isinstance(part, Mapping):
            rest = {n: v for n, v in part.items() if n not in {"text", "value"}}
            words = [_measured(part.get("value"), language), _plain(rest, language)]
            told = ", ".join(word for word in words if word)
            parts.append(f"{_plain(part.get(_INNER_TEXT), language)}: {told}")
    return "; ".join(parts)


def _rows(value: Json, language: str) -> str:
    """The rows of a table, without their empty cells."""
    rows = value if isinstance(value, list | tuple) else ()
    cells = (
        [_plain(cell, language) for cell in row] for row in rows if isinstance(row, list | tuple)
    )
    return "; ".join(", ".join(cell for cell in row if cell) for row in cells)


def _section_states(value: Json, language: str) -> str:
    """What each part of a summary says, and how much it holds."""
    parts = []
    for row in value if isinstance(value, list | tuple) else ():
        if isinstance(row, Mapping):
            name, count = str(row.get("section")), row.get("count")
            title = section_title(name)
            words = state_words(str(row.get("state")), language)
            told = f"{words} ({count})" if count else words
            parts.append(f"{title[language].patient if title else name}: {told}")
    return "; ".join(parts)


_SHAPED: Final[Mapping[str, Callable[[Json, str], str]]] = {
    "measured": _measured,
    "components": _parts,
    "rows": _rows,
    "sectionStates": _section_states,
}


def _member(name: str, value: Json, language: str) -> str:
    """A member of an object; a number says what it counts (onHold: on hold)."""
    words = code_words(name, value, language) or _plain(value, language)
    if isinstance(value, int) and not isinstance(value, bool):
        if known := code_words(_COUNTS, name, language):
            return f"{known} {words}"
        return f"{_CAPITAL.sub(lambda found: ' ' + found[0].lower(), name)} {words}"
    return words


def _date_words(value: str, language: str) -> str:
    """A day or a month by name; anything else, and a day of no calendar, in the source's words."""
    if month := _MONTH.fullmatch(value):
        return f"{_MONTHS[language][int(month[2]) - 1]} {month[1]}"
    try:
        return day(date.fromisoformat(value), language) if _FULL_DATE.fullmatch(value) else ""
    except ValueError:
        return _printable(value)


def _printable(text: str) -> str:
    """Text of a record cannot steer a terminal or hide behind another direction of writing."""
    return "".join(c if c.isprintable() else " " for c in text)


_MONTHS: Final = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "cy": ["Ion", "Chw", "Maw", "Ebr", "Mai", "Meh", "Gor", "Aws", "Med", "Hyd", "Tach", "Rhag"],
}
