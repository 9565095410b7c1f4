"""Values of a record as text, whatever their shape; words come from the record definitions.

Rules: dose text and terms are verbatim; a code without its text is never shown alone; a shape that
is not known is shown as it stands rather than left out. What is *not* here: HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import FieldDefinition
from verifier.service.words import day_of_text, joined, nhs_number

CODES: Final = {
    "active": "Active",
    "inactive": "Inactive",
    "resolved": "Resolved",
    "confirmed": "Confirmed",
    "unconfirmed": "Unconfirmed",
    "provisional": "Provisional",
    "differential": "Differential",
    "high": "High risk",
    "low": "Low risk",
    "unable-to-assess": "Risk not known",
    "on-hold": "On hold",
}
SYSTEMS: Final = {
    "http://snomed.info/sct": "SNOMED CT",
    "https://dmd.nhs.uk": "dm+d",
    "http://read.info/readv2": "Read v2",
    "http://read.info/ctv3": "CTV3",
    "http://loinc.org": "LOINC",
}
VERIFIED_NUMBER: Final = "01"  # NHS Data Dictionary: number present and verified
_READING: Final = ("interpretation", "referenceRange")
MAX_DEPTH: Final = 4


def shown(field: FieldDefinition | None, value: Json) -> str:
    """``value`` as a person reads it."""
    kind = field.type if field else ""
    if kind == "when":
        return day_of_text(value)
    if kind in {"codings", "concept"}:
        return coded(value)
    if kind in {"code", "codes"}:
        return code_words(value)
    if kind == "measured":
        return measured(value)
    if kind == "components":
        return components(value)
    return plain(value)


def plain(value: Json, depth: int = 0) -> str:
    """Any JSON as one line."""
    if value is None or depth > MAX_DEPTH:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Mapping):
        return joined(plain(member, depth + 1) for member in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return joined(plain(entry, depth + 1) for entry in value)
    return str(value)


def code_words(value: Json) -> str:
    """Codes in words; one that we have no words for stays as it is."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return joined(code_words(entry) for entry in value)
    text = plain(value)
    return CODES.get(text, text.replace("_", " ").replace("-", " ").capitalize())


def coded(value: Json) -> str:
    """Codes with their systems; ``uncoded`` where there is none."""
    if isinstance(value, Mapping):
        text, codes = plain(value.get("text")), value.get("coding")
        return joined((text, coded(codes) if codes or not text else ""))
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    found = [row for row in rows if isinstance(row, Mapping)]
    return joined(_coding(row) for row in found) or "uncoded"


def _coding(row: Mapping[str, Json]) -> str:
    system = plain(row.get("system"))
    return f"{SYSTEMS.get(system, system)} {plain(row.get('code'))}".strip()


def reactions(value: Json) -> str:
    """Each reaction with its severity beside it."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    parts = []
    for row in (entry for entry in rows if isinstance(entry, Mapping)):
        text = plain(row.get("text")) or coded(row.get("coding") or [])
        severity = plain(row.get("severity"))
        parts.append(f"{text} ({severity})" if severity else text)
    return joined(parts)


def measured(value: Json) -> str:
    """A value behind its comparator and before its unit, on one line."""
    if not isinstance(value, Mapping):
        return plain(value)
    number = [plain(value.get(name)) for name in ("comparator", "value", "unit")]
    codes = value.get("coding")
    words = " ".join(word for word in number if word)
    return joined((words, f"({coded(codes)})" if codes else ""))


def components(value: Json) -> str:
    """The parts of a result, each with its own value and how to read it."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    parts = []
    for row in (entry for entry in rows if isinstance(entry, Mapping)):
        found = measured(row.get("value")) or plain(row.get("absentReason"))
        told = joined((found, *(plain(row.get(name)) for name in _READING)))
        parts.append(f"{plain(row.get('text'))}: {told}")
    return "; ".join(parts)


def count_words(value: Json) -> str:
    """Counts by name: ``onHold`` 1 is told as ``on hold 1``.

    Nothing where all are 0: a list that is held in words only counts none, and is not empty.
    """
    if not isinstance(value, Mapping) or not any(value.values()):
        return ""
    names = {name: re.sub("([A-Z])", r" \1", name).lower() for name in value}
    return joined(f"{words} {plain(value[name])}" for name, words in names.items())


def row_lines(value: Json) -> list[tuple[str, str]]:
    """The rows of a table, numbered, each on one line with its empty cells left out."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = row if isinstance(row, Sequence) and not isinstance(row, str) else [row]
        lines.append((f"Row {number}", " | ".join(word for cell in cells if (word := plain(cell)))))
    return lines


def number_words(value: Json) -> str:
    """An NHS number in groups; one that is not verified says so."""
    if not isinstance(value, Mapping):
        return ""
    number = nhs_number(value.get("value"))
    checked = value.get("verificationStatus") == VERIFIED_NUMBER
    return number if checked or not number else f"{number} (not verified)"
