"""What Lists and Compositions say: which section they speak of, emptyReason, warnings, narrative.

They speak for a section only where no entry does. What is *not* here: the entries themselves, and
the order in which state rules apply (states.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import JsonObject

from .narrative import Table, read_narrative
from .references import Index
from .source import Found
from .values import Concept, codes, concept, extensions, flag, obj, objs, string

ENDED_CODE: Final = "1103671000000101"  # SNOMED CT (UK) Ended allergies, GP Connect
_ENDED_WORDS: Final = re.compile(r"\b(?:ended|resolved)\b", re.IGNORECASE)
_ERROR: Final = "entered-in-error"

# LOINC section codes of the IPS, SNOMED CT list codes of GP Connect, and the SCR's own headers.
SECTION_CODES: Final = {
    "48765-2": "allergies",
    "52472-8": "allergies",
    "886921000000105": "allergies",
    "allergiesheader": "allergies",
    "10160-0": "medications",
    "933361000000108": "medications",
    "acutemedsheader": "medications",
    "repeatmedsheader": "medications",
    "discrepeatmedsheader": "medications",
    "11450-4": "problems",
    "11348-0": "problems",
    "717711000000103": "problems",
    "diagnosesheader": "problems",
    "problemsheader": "problems",
    "11369-6": "immunisations",
    "1102181000000102": "immunisations",
    "47519-4": "procedures",
    "46264-8": "devices",
    "30954-2": "results",
    "887191000000108": "results",
    "10162-6": "pregnancy",
    "42348-3": "advance_care",
    "104605-1": "alerts",
}
_TITLES: Final = (
    (re.compile(r"\ball?erg|\badverse (?:drug )?reactions?\b", re.IGNORECASE), "allergies"),
    (re.compile(r"\bmedic(?:ation|ine)s?\b", re.IGNORECASE), "medications"),
    (re.compile(r"\b(?:problems?|diagnos[ei]s|conditions)\b", re.IGNORECASE), "problems"),
    (re.compile(r"\b(?:immuni[sz]ations?|vaccinations?)\b", re.IGNORECASE), "immunisations"),
)
# A title that speaks of a part only: "Drug allergies" that are nil leave the other ones open.
_PART: Final = re.compile(
    r"\b(?:drug|medic\w+|food|latex|environment\w*|animal|insect|penicillin|contact) allerg|"
    r"\b(?:family|past|previous|former|ended|resolved|other|acute|repeat|discontinued|stopped|"
    r"topical|regular|minor|major|recent)\b",
    re.IGNORECASE,
)
CONFIDENTIAL: Final = "confidential-items"
WITHHELD: Final = "withheld"
_SECONDARY: Final = "secondarylistvalues"  # GP Connect: what hangs on consultations and problems


@dataclass(frozen=True, slots=True)
class Statement:
    """What one List or section says: the section, why it is empty, and its narrative.

    ``whole`` is false where a title speaks of a part of the section only.
    """

    found: Found
    section: str | None
    title: str | None
    empty_reason: str | None
    table: Table | None
    reason: Concept
    missing: int
    whole: bool


def is_ended(resource: JsonObject) -> bool:
    """Whether a List holds allergies that have ended, by its code, its display or its title."""
    named = concept(resource.get("code"))
    words = [string(resource.get("title")), named.text, *(c.display for c in named.codings)]
    return any(c.code == ENDED_CODE for c in named.codings) or any(
        _ENDED_WORDS.search(word) for word in words if word
    )


def ended_members(index: Index) -> set[int]:
    """The resources that a List of ended allergies holds or contains."""
    inner: set[int] = set()
    held: dict[int, list[int]] = {}
    for other in index.of("AllergyIntolerance"):
        held.setdefault(id(other.container), []).append(id(other))
    for found in index.of("List"):
        if not is_ended(found.resource) or _ERROR in codes(found.resource.get("status")):
            continue
        for entry in objs(found.resource.get("entry")):
            target = index.resolve(entry.get("item"), found)
            if target is not None and flag(entry.get("deleted")) is not True:
                inner.add(id(target))
        inner.update(held.get(id(found), ()))
    return inner


def _covers(resource: JsonObject, *, in_composition: bool) -> bool:
    """Whether a List or section speaks of a whole section: by a reviewed code, or by its title.

    A List whose code nobody reviewed may be a heading of a consultation, whatever its title.
    """
    named = concept(resource.get("code"))
    if any((c.code or "").strip().lower() in SECTION_CODES for c in named.codings):
        return True
    if not in_composition and any(c.code for c in named.codings):
        return False
    return not _PART.search(string(resource.get("title")) or named.name or "")


def section_of(resource: JsonObject) -> str | None:
    """The section of which a List or a Composition's section speaks, by code, else by title.

    The title speaks too where the code is one that nobody reviewed: a list of allergies that is
    told in words must not leave them not recorded.
    """
    named = concept(resource.get("code"))
    for coding in named.codings:
        if _SECONDARY in (coding.system or "").lower():
            return None
        if found := SECTION_CODES.get((coding.code or "").strip().lower()):
            return found
    title = string(resource.get("title")) or named.name
    return next((s for pattern, s in _TITLES if title and pattern.search(title)), None)


def statements(index: Index) -> Iterator[Statement]:
    """What every List and every section of every Composition says."""
    for found in index.of("List"):
        resource = found.resource
        if _ERROR not in codes(resource.get("status")) and not is_ended(resource):
            yield _statement(found, resource, index, in_composition=False)
    for found in index.of("Composition"):
        if _ERROR not in codes(found.resource.get("status")):
            yield from _sections(found, found.resource, index)


def _sections(found: Found, holder: JsonObject, index: Index) -> Iterator[Statement]:
    for section in objs(holder.get("section")):
        yield _statement(found, section, index, in_composition=True)
        yield from _sections(found, section, index)


def _statement(
    found: Found, holder: JsonObject, index: Index, *, in_composition: bool
) -> Statement:
    reason = concept(holder.get("emptyReason"))
    words = codes(holder.get("emptyReason"))
    if not objs(holder.get("entry")) and CONFIDENTIAL in _warning_codes(holder):
        words = [WITHHELD]  # GP Connect: it is empty because all that it had is confidential
    title, whole = string(holder.get("title")), _covers(holder, in_composition=in_composition)
    if words and not whole:  # "Nil known" alone would hide of what
        part = title or concept(holder.get("code")).name
        reason = Concept(reason.codings, f"{part}: {reason.name}")
    rows = objs(holder.get("entry"))
    items = [row.get("item") for row in rows] if not in_composition else list(rows)
    missing = sum(index.resolve(item, found) is None for item in items)
    div = string(obj(holder.get("text")).get("div"))
    # Where none of its entries stands here, the words are the only form of what they tell.
    told = div is not None and missing == len(items)
    told = told and (in_composition or not objs(holder.get("contained")))
    return Statement(
        found,
        section_of(holder),
        title,
        words[0] if words else None,
        read_narrative(div) if told and div is not None else None,
        reason,
        missing,
        whole,
    )


def warnings(index: Index, said: list[Statement]) -> list[str]:
    """The source's own warnings: GP Connect's List warnings, and those written in a narrative."""
    found = [word for one in index.of("List") for word in _warning_codes(one.resource)]
    found += [w for s in said if s.table is not None for w in s.table.warnings]
    return list(dict.fromkeys(found))


def _warning_codes(resource: JsonObject) -> list[str]:
    return [
        word
        for extension in extensions(resource, "ListWarningCode")
        for word in codes(extension.get("valueCode") or extension.get("valueCodeableConcept"))
    ]
