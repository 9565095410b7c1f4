"""Values of a record as text, whatever their shape; words come from the record definitions.

Rules: dose text and terms are verbatim; a code without its text is never shown alone; a shape that
is not known is shown as it stands rather than left out. What is *not* here: HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.encoding import Json
from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.record_words import CODE_SYSTEMS
from healthpassport.summary import FieldDefinition
from verifier.service.words import day_of_text, joined, nhs_number

CODES: Final = {
    "active": msg("Active"),
    "inactive": msg("Inactive"),
    "resolved": msg("Resolved"),
    "confirmed": msg("Confirmed"),
    "unconfirmed": msg("Unconfirmed"),
    "provisional": msg("Provisional"),
    "differential": msg("Differential"),
    "high": msg("High risk"),
    "low": msg("Low risk"),
    "unable-to-assess": msg("Risk not known"),
    "on-hold": msg("On hold"),
    "male": msg("Male"),
    "female": msg("Female"),
    "other": msg("Other"),
    "unknown": msg("Unknown"),
    "acute": msg("Acute"),
    "repeat": msg("Repeat"),
    "discontinued": msg("Discontinued"),
    "completed": msg("Completed"),
    "allergy": msg("Allergy"),
    "intolerance": msg("Intolerance"),
    "medication": msg("Medication"),
    "food": msg("Food"),
    "environment": msg("Environment"),
    "biologic": msg("Biologic"),
    "mild": msg("Mild"),
    "moderate": msg("Moderate"),
    "severe": msg("Severe"),
    "respect": msg("ReSPECT"),
    "dnacpr": msg("DNACPR"),
    "adrt": msg("ADRT"),
    "lpa": msg("LPA"),
}
COUNTS: Final = {
    "current": msg("current"),
    "onHold": msg("on hold"),
    "recentlyStopped": msg("recently stopped"),
}
WINDOWS: Final = {
    "as each part says": msg("as each part says"),
    "as each entry says": msg("as each entry says"),
    "the latest result of each test": msg("the latest result of each test"),
    "the latest entry of each kind": msg("the latest entry of each kind"),
    "acute 12 months, discontinued 6 months": msg("acute 12 months, discontinued 6 months"),
}
VERIFIED_NUMBER: Final = "01"  # NHS Data Dictionary: number present and verified
_READING: Final = ("interpretation", "referenceRange")
MAX_DEPTH: Final = 4


def shown(field: FieldDefinition | None, value: Json, say: Words = ENGLISH) -> str:
    """``value`` as a person reads it."""
    kind = field.type if field else ""
    if kind == "when":
        return day_of_text(value, say)
    if kind in {"codings", "concept"}:
        return coded(value, say)
    if kind in {"code", "codes"}:
        return code_words(value, say)
    if kind == "measured":
        return measured(value, say)
    if kind == "components":
        return components(value, say)
    return plain(value, say)


def is_ours(field: FieldDefinition | None, value: Json) -> bool:
    """Whether ``shown`` says ``value`` in our words, and not in those of its source."""
    if isinstance(value, bool) or (field and field.type == "when"):
        return True
    return bool(field and field.type in {"code", "codes"}) and plain(value) in CODES


def plain(value: Json, say: Words = ENGLISH, depth: int = 0) -> str:
    """Any JSON as one line."""
    if value is None or depth > MAX_DEPTH:
        return ""
    if isinstance(value, bool):
        return say(msg("Yes")) if value else say(msg("No"))
    if isinstance(value, Mapping):
        return joined(plain(member, say, depth + 1) for member in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return joined(plain(entry, say, depth + 1) for entry in value)
    return str(value)


def code_words(value: Json, say: Words = ENGLISH) -> str:
    """Codes in words; one that we have no words for stays as it is."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return joined(code_words(entry, say) for entry in value)
    text = plain(value, say)
    if text in CODES:
        return say(CODES[text])
    return text.replace("_", " ").replace("-", " ").capitalize()


def coded(value: Json, say: Words = ENGLISH) -> str:
    """Codes with their systems; ``uncoded`` where there is none."""
    if isinstance(value, Mapping):
        text, codes = plain(value.get("text")), value.get("coding")
        return joined((text, coded(codes, say) if codes or not text else ""))
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    found = [row for row in rows if isinstance(row, Mapping)]
    return joined(_coding(row) for row in found) or say(msg("uncoded"))


def _coding(row: Mapping[str, Json]) -> str:
    system = plain(row.get("system"))
    return f"{CODE_SYSTEMS.get(system, system)} {plain(row.get('code'))}".strip()


def reactions(value: Json, say: Words = ENGLISH) -> str:
    """Each reaction with its severity beside it."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    parts = []
    for row in (entry for entry in rows if isinstance(entry, Mapping)):
        text = plain(row.get("text")) or coded(row.get("coding") or [], say)
        severity = plain(row.get("severity"))
        if severity in CODES:
            severity = say(CODES[severity]).lower()
        parts.append(f"{text} ({severity})" if severity else text)
    return joined(parts)


def measured(value: Json, say: Words = ENGLISH) -> str:
    """A value behind its comparator and before its unit, on one line."""
    if not isinstance(value, Mapping):
        return plain(value, say)
    number = [plain(value.get(name)) for name in ("comparator", "value", "unit")]
    codes = value.get("coding")
    words = " ".join(word for word in number if word)
    return joined((words, f"({coded(codes, say)})" if codes else ""))


def components(value: Json, say: Words = ENGLISH) -> str:
    """The parts of a result, each with its own value and how to read it."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    parts = []
    for row in (entry for entry in rows if isinstance(entry, Mapping)):
        found = measured(row.get("value"), say) or plain(row.get("absentReason"))
        told = joined((found, *(plain(row.get(name)) for name in _READING)))
        parts.append(f"{plain(row.get('text'))}: {told}")
    return "; ".join(parts)


def count_words(value: Json, say: Words = ENGLISH) -> str:
    """Counts by name: ``onHold`` 1 is told as ``on hold 1``.

    Nothing where all are 0: a list that is held in words only counts none, and is not empty.
    """
    if not isinstance(value, Mapping) or not any(value.values()):
        return ""
    return joined(f"{_counted(name, say)} {plain(value[name])}" for name in value)


def _counted(name: str, say: Words) -> str:
    return say(COUNTS[name]) if name in COUNTS else re.sub("([A-Z])", r" \1", name).lower()


def window_words(window: str, say: Words = ENGLISH) -> str:
    """Which time a list covers; what a source says in its own words stands as it is."""
    return say(WINDOWS[window]) if window in WINDOWS else window


def row_lines(value: Json, say: Words = ENGLISH) -> list[tuple[str, str]]:
    """The rows of a table, numbered, each on one line with its empty cells left out."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = row if isinstance(row, Sequence) and not isinstance(row, str) else [row]
        told = " | ".join(word for cell in cells if (word := plain(cell)))
        lines.append((say(msg("Row %(number)s"), number=number), told))
    return lines


def number_words(value: Json, say: Words = ENGLISH) -> str:
    """An NHS number in groups; one that is not verified says so."""
    if not isinstance(value, Mapping):
        return ""
    number = nhs_number(value.get("value"))
    checked = value.get("verificationStatus") == VERIFIED_NUMBER
    if checked or not number:
        return number
    return say(msg("%(number)s (not verified)"), number=number)
