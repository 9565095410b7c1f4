"""Flags, told apart by category and code: reasonable adjustments, safeguarding, other alerts.

Safeguarding (CP-IS, FGM) is kept apart so that it is never issued by oversight. What is *not* here:
what may be issued (clinical.md rule 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from . import dates
from .entries import IN_ERROR, Bucket, Details, Entry
from .references import Index
from .source import Found
from .values import (
    Concept,
    concept,
    extension,
    flag,
    names,
    obj,
    objs,
    plain,
    plain_codings,
    seq,
    status,
    string,
)

ADJUSTMENTS: Final = "reasonable_adjustments"
SAFEGUARDING: Final = "safeguarding"
ALERTS: Final = "alerts"
_ADJUSTMENT: Final = re.compile(r"reasonable[- ]adjustment", re.IGNORECASE)
_SAFEGUARDING: Final = re.compile(
    r"safeguard|child[- ]protection|looked[- ]after|female[- ]genital[- ]mutilation|\bfgm\b|"
    r"\bcp-?is\b",
    re.IGNORECASE,
)
_SAFEGUARDING_CATEGORY: Final = "sg"  # BaRS flag categories: Safeguarding Concern
_INTERPRETER: Final = re.compile(r"\binterpret(?:er|ing)\b", re.IGNORECASE)
_BUCKETS: Final = {"active": Bucket.ACTIVE, "inactive": Bucket.INACTIVE}
_KNOWN: Final = frozenset(_BUCKETS) | IN_ERROR


def read_all(index: Index) -> Iterator[Entry]:
    """The Flags of a source, each in its section."""
    for found in index.of("Flag"):
        resource = found.resource
        named = concept(resource.get("code"))
        kinds = [concept(value) for value in seq(resource.get("category"))]
        state = status(resource.get("status"), _KNOWN)
        bucket = _BUCKETS.get(state or "", Bucket.UNKNOWN_STATUS)
        if state in IN_ERROR:
            bucket = Bucket.IN_ERROR
        when = dates.first(resource, "period")
        yield Entry(found, _section(found, named, kinds), bucket, named, when, state)


def _section(found: Found, named: Concept, kinds: list[Concept]) -> str:
    """Safeguarding is looked for first: what is in doubt stays apart."""
    words = " ".join(
        word
        for known in (named, *kinds)
        for word in (known.text, *(w for c in known.codings for w in c))
        if word
    )
    categories = {c.code.strip().lower() for known in kinds for c in known.codings if c.code}
    if _SAFEGUARDING.search(words) or _SAFEGUARDING_CATEGORY in categories:
        return SAFEGUARDING
    profile = " ".join(str(p) for p in seq(found.resource.get("meta")))
    if _ADJUSTMENT.search(words) or _ADJUSTMENT.search(profile):
        return ADJUSTMENTS
    return ALERTS


def need(entry: Entry, index: Index) -> Details:
    """What CommunicationNeeds says of ``entry``, a reasonable adjustment."""
    resource = entry.found.resource
    start, end = dates.period(resource.get("period"))
    unit = plain(
        coding=plain_codings(entry.concept),
        category=names(resource.get("category")),
        status=entry.status,
        start=dates.normal(start) or start,
        end=dates.normal(end) or end,
    )
    note = obj(extension(resource, "FlagNotes"))
    spoken = _language(entry, index) if _INTERPRETER.search(entry.concept.name or "") else None
    return Details(unit, plain(notes=string(note.get("text")), interpreterLanguage=spoken))


def _language(entry: Entry, index: Index) -> str | None:
    """The language of the person: the preferred one, else the only one."""
    patient = index.resolve(entry.found.resource.get("subject"), entry.found)
    if patient is None:
        return None
    rows = objs(patient.resource.get("communication"))
    chosen = [row for row in rows if flag(row.get("preferred")) is True] or rows
    if len(chosen) == 1:
        return concept(chosen[0].get("language")).name
    return concept(extension(patient.resource, "NHSCommunication", "language")).name
