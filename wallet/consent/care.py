"""Which boxes are needed for safe treatment, and which start unticked, by reviewed data.

``schemas/sharing/needed.json`` and ``sensitive.json`` say it with sources and words. Rules: what is
needed for safe treatment starts ticked, also where it is private; what a box's note says is one
sentence. What is *not* here: what the person chose before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import schemas
from healthpassport.encoding import Json

ALL: Final = "all"  # of purposes


@dataclass(frozen=True, slots=True)
class Care:
    """What a box is to treatment: ``note`` says what happens without it, or why it is unticked."""

    needed: bool = False
    sensitive: bool = False
    note: str = ""


PLAIN: Final = Care()


def needed_tag(language: str) -> str:
    """What stands beside a box that is needed for safe treatment."""
    return str(_needed()["tag"][language])


def record_care(record_type: str, purpose: str, language: str) -> Care:
    """Of a record as a whole, and of its items."""
    row = _needed()["records"].get(record_type)
    if row is not None and (row["purposes"] == ALL or purpose in row["purposes"]):
        return Care(needed=True, note=row["without"][language])
    kind = _sensitive()["records"].get(record_type)
    return _kept_back(kind, language)


def detail_care(name: str, language: str) -> Care:
    """Of a detail of the person."""
    identity = _needed()["identity"]
    if name in identity["details"]:
        return Care(needed=True, note=identity["without"][language])
    return _kept_back(_sensitive()["details"].get(name), language)


def item_care(record_type: str, unit: Mapping[str, Json], *, purpose: str, language: str) -> Care:
    """Of one item: as its record, or unticked where its words or codes are of a private kind."""
    whole = record_care(record_type, purpose, language)
    if whole.needed or whole.sensitive:
        return whole
    private = record_type in _sensitive()["private"]["records"] and _is_private(unit)
    return _kept_back("private" if private else None, language)


def field_care(record_type: str, name: str, language: str) -> Care:
    """Of a field beside its item."""
    kinds = _sensitive()["fields"].get(record_type, {})
    return _kept_back(kinds.get(name) or _sensitive()["records"].get(record_type), language)


def _kept_back(kind: str | None, language: str) -> Care:
    if kind is None:
        return PLAIN
    return Care(sensitive=True, note=_sensitive()["kinds"][kind][language])


def _is_private(unit: Mapping[str, Json]) -> bool:
    if _private_words().search(str(unit.get("text", ""))):
        return True
    listed = {(system, code) for system, code in _sensitive()["private"]["codes"]}
    coding = unit.get("coding")
    return any(
        (entry.get("system"), entry.get("code")) in listed
        for entry in (coding if isinstance(coding, list | tuple) else ())
        if isinstance(entry, Mapping)
    )


@cache
def _private_words() -> re.Pattern[str]:
    """Each word at the beginning of a word of the text, whatever its case."""
    words = "|".join(re.escape(word) for word in _sensitive()["private"]["words"])
    return re.compile(rf"\b(?:{words})", re.IGNORECASE)


def _needed() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.load("sharing/needed.json")
    return found


def _sensitive() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.load("sharing/sensitive.json")
    return found
