"""Observations that a summary speaks of apart: results, blood group, pregnancy.

A result is a laboratory observation or one that a report or a results section names; other
observations (vital signs, social history, uncategorised data) are none of these sections. What is
*not* here: any reading of a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from healthpassport.encoding import JsonObject

from . import dates
from .entries import IN_ERROR, Bucket, Entry
from .lists import section_of
from .references import Index
from .source import Found
from .values import Concept, concept, flag, obj, objs, seq, status, string

RESULTS: Final = "results"
BLOOD_GROUP: Final = "blood_group"
PREGNANCY: Final = "pregnancy"
_FINAL: Final = frozenset({"final", "amended", "corrected", "appended"})
_KNOWN: Final = _FINAL | IN_ERROR | {"cancelled", "preliminary", "registered", "unknown"}
_LABORATORY: Final = frozenset({"laboratory", "lab"})
# LOINC: ABO and Rh group, ABO group, Rh.
_BLOOD_CODES: Final = frozenset({"882-1", "883-9", "10331-7"})
_BLOOD_WORDS: Final = re.compile(r"\b(?:blood group|abo (?:and|group)|rhesus)\b", re.IGNORECASE)
# LOINC, as the IPS uses them: pregnancy status, and the three ways to an expected delivery date.
_PREGNANCY_CODES: Final = frozenset({"82810-3", "11778-8", "11779-6", "11780-4"})
_DATES: Final = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")


def read_all(index: Index) -> Iterator[Entry]:
    """The observations of the three sections, each in one section only."""
    named = _named_results(index)
    for found in index.of("Observation"):
        subject = concept(found.resource.get("code"))
        section = _section(found, subject, named)
        if section is not None:
            yield _entry(found, section, subject)


def _named_results(index: Index) -> set[int]:
    """Observations that a DiagnosticReport or a results section names."""
    inner: set[int] = set()
    for report in index.of("DiagnosticReport"):
        for reference in seq(report.resource.get("result")):
            if (target := index.resolve(reference, report)) is not None:
                inner.add(id(target))
    for composition in index.of("Composition"):
        for section in objs(composition.resource.get("section")):
            if section_of(section) == RESULTS:
                for entry in seq(section.get("entry")):
                    if (target := index.resolve(entry, composition)) is not None:
                        inner.add(id(target))
    return inner


def _section(found: Found, subject: Concept, named: set[int]) -> str | None:
    numbers = {coding.code for coding in subject.codings}
    if numbers & _PREGNANCY_CODES:
        return PREGNANCY
    if numbers & _BLOOD_CODES or _BLOOD_WORDS.search(subject.name or ""):
        return BLOOD_GROUP
    categories = {
        code for value in seq(found.resource.get("category")) for code in _category(value)
    }
    return RESULTS if categories & _LABORATORY or id(found) in named else None


def _category(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for coding in concept(value).codings:
            if coding.code:
                yield coding.code.strip().lower()


def _entry(found: Found, section: str, subject: Concept) -> Entry:
    state = status(found.resource.get("status"), _KNOWN)
    if state in IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif state in _FINAL:
        bucket = Bucket.ACTIVE
    else:
        bucket = Bucket.INACTIVE if state == "cancelled" else Bucket.UNKNOWN_STATUS
    when = dates.first(found.resource, *_DATES)
    return Entry(found, section, bucket, subject, when, state, value=value_words(found.resource))


def value_words(resource: JsonObject) -> str | None:
    """The value in words: comparator, number and unit never part (clinical.md rule 2)."""
    for name, value in resource.items():
        if not name.startswith("value"):
            continue
        inner = obj(value)
        if name == "valueQuantity":
            parts = (
                inner.get("comparator"),
                inner.get("value"),
                inner.get("unit") or inner.get("code"),
            )
            return " ".join(word for part in parts if (word := string(part))) or None
        if name == "valueCodeableConcept":
            return concept(value).name
        if (known := flag(value)) is not None:
            return "yes" if known else "no"
        if (text := string(value)) is not None:
            return text
    return concept(resource.get("dataAbsentReason")).name
