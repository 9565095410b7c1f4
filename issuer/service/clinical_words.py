"""Codes and sections in the words that staff and hospitals use; patients have words of their own.

What is *not* here: labels of records and fields (``schemas/records``) and patients' words
(``healthpassport.record_words``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json
from healthpassport.languages import Words, msg
from healthpassport.record_words import CODE_SYSTEMS, value_words
from healthpassport.summary import FieldDefinition, section_title

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "active": msg("Active"),
        "inactive": msg("Inactive"),
        "resolved": msg("Resolved"),
        "recurrence": msg("Recurrence"),
        "relapse": msg("Relapse"),
        "remission": msg("Remission"),
        "confirmed": msg("Confirmed"),
        "unconfirmed": msg("Unconfirmed"),
        "provisional": msg("Provisional"),
        "differential": msg("Differential"),
        "high": msg("High risk"),
        "low": msg("Low risk"),
        "unable-to-assess": msg("Risk not known"),
        "on-hold": msg("On hold"),
        "allergy": msg("Allergy"),
        "intolerance": msg("Intolerance"),
        "medication": msg("Medication"),
        "food": msg("Food"),
        "environment": msg("Environment"),
        "biologic": msg("Biologic"),
    }
)
# What no record type holds, and so has no label.
_SECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "blood_group": msg("Blood group"),
        "safeguarding": msg("Safeguarding"),
        "alerts": msg("Alerts"),
        "narrative": msg("Text of the source"),
        "medication_plumbing": msg("Plans and orders behind medicines"),
        "medication_events": msg("Medicines given or dispensed"),
    }
)
_OF_CODES: Final = frozenset({"code", "codes"})


def clinical_value(field: FieldDefinition, value: Json, say: Words) -> str:
    """``value`` of ``field`` on one line, as a hospital reads it."""
    if field.type == "codings":
        return _codings(value, say)
    if field.type in _OF_CODES:
        each = value if isinstance(value, list | tuple) else (value,)
        return "; ".join(_code(field, one, say) for one in each)
    return value_words(field, value, say.language)


def section_words(name: str, say: Words) -> str:
    """What staff call a section of the notes."""
    title = section_title(name)
    if title:
        return say.of(title).clinical
    return say(_SECTIONS[name]) if name in _SECTIONS else name.replace("_", " ")


def _code(field: FieldDefinition, value: Json, say: Words) -> str:
    if isinstance(value, str) and value in CODES:
        return say(CODES[value])
    return value_words(field, value, say.language)


def _codings(value: Json, say: Words) -> str:
    """Codes behind the names of their systems, as a desk writes them."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    found = [row for row in rows if isinstance(row, Mapping)]
    told = (f"{_system(row)} {row.get('code') or ''}".strip() for row in found)
    return ", ".join(one for one in told if one) or say(msg("uncoded"))


def _system(row: Mapping[str, Json]) -> str:
    system = str(row.get("system") or "")
    return CODE_SYSTEMS.get(system, system)
