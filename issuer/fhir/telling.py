"""What records say of entries: the one door through which issuer.records reads FHIR.

What is *not* here: which entries may be issued, and the shape of a record (issuer.records).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import SectionState

from . import (
    allergies,
    measures,
    medications,
    medicines,
    narratives,
    observations,
    problems,
    relations,
    states,
)
from .entries import Bucket, Details, Entry
from .extraction import Extraction
from .identity import fields as identity
from .negation import Kind
from .readings import CURRENT, READINGS
from .references import Index
from .subjects import Stranger, Subjects
from .values import codes, obj, objs, plain, plain_codings

__all__ = [
    "READINGS",
    "Review",
    "always_facts",
    "denial",
    "details",
    "empty_reasons",
    "entries_of",
    "has_comments",
    "identity",
    "is_blood_group",
    "is_degraded",
    "is_ended_without_status",
    "is_uncoded",
    "items_of",
    "lacks_dose_words",
    "may_reach_patient",
    "section_warnings",
    "state_of",
    "without_passed_over",
]

# SNOMED CT (UK) Transfer-degraded entries: GP2GP, as published GP Connect and UK Core examples have
# them; the display tells the others of the kind.
_DEGRADED: Final = frozenset({"196411000000103", "196421000000109", "196461000000101"})
_DEGRADED_WORDS: Final = re.compile(r"transfer[- ]degraded", re.IGNORECASE)
_OF_A_PERSON: Final = frozenset(
    {allergies.SECTION, medications.SECTION, problems.SECTION, "immunisations", "procedures"}
)
_MEASURED: Final = frozenset(
    {observations.RESULTS, observations.BLOOD_GROUP, observations.PREGNANCY}
)
# An Observation may be of a specimen or a group, a Consent of somebody who does not stand here.
_NOT_THEIRS: Final = frozenset({Stranger.NOT_A_PATIENT, Stranger.ELSEWHERE})
# HL7 v3 ActCode: no disclosure to the patient; v3 Confidentiality: restricted, very restricted.
_NOT_TO_PATIENT: Final = frozenset({"nopat", "r", "v"})


def entries_of(extraction: Extraction, section: str, *, laboratory: bool) -> list[Entry]:
    """The entries of which the record of ``section`` may be made, each of the person themselves.

    A blood group is told by a ``laboratory`` alone (clinical.md, KeyResults).
    """
    found = extraction.section(section)
    if section in _OF_A_PERSON:
        return found  # somebody else's among them were refused with the whole source
    if section == narratives.SECTION:
        found = list(narratives.entries(extraction.statements, READINGS.keys()))
    elif section == relations.PROXIES:
        found = list(relations.proxies(extraction.index))
    elif section == observations.RESULTS and laboratory:
        found += extraction.section(observations.BLOOD_GROUP)
    subjects = Subjects(extraction.index, extraction.persons)
    return [e for e in found if subjects.of(e.found) not in _NOT_THEIRS]


@dataclass(frozen=True, slots=True)
class Review:
    """When authorities to act are judged, and at which ages they stop until looked at anew."""

    today: date
    ages: tuple[int, ...] = relations.REVIEW_AGES


def items_of(
    section: str, entries: Iterable[Entry], extraction: Extraction, day: date, review: Review
) -> list[Entry]:
    """Which of ``entries`` the record of ``section`` lists, which speaks for ``day``.

    An authority to act must be in force today, whatever day its source speaks for.
    """
    if section == relations.PROXIES:
        return relations.in_force(entries, extraction.index, review.today, review.ages)
    return READINGS[section].choose(entries, extraction.index, day)


def without_passed_over(entries: Iterable[Entry], listed: Iterable[Entry]) -> list[Entry]:
    """``entries`` without those that count as current but were not chosen: older results, say."""
    chosen = {id(entry) for entry in listed}
    return [e for e in entries if e.bucket not in CURRENT or id(e) in chosen]


def is_blood_group(entry: Entry) -> bool:
    """Whether ``entry`` tells a blood group, on which nobody may transfuse."""
    return entry.section == observations.BLOOD_GROUP


def details(entry: Entry, index: Index) -> Details | None:
    """What the record of its section says of ``entry``; None where it cannot be told whole."""
    return READINGS[entry.section].tell(entry, index)


def always_facts(section: str, entries: Iterable[Entry]) -> dict[str, Json]:
    """What the record of ``section`` always says beside its items."""
    if section == allergies.SECTION:
        return {"endedCount": sum(entry.bucket is Bucket.INACTIVE for entry in entries)}
    return {}


def denial(entry: Entry) -> Mapping[str, Json]:
    """The row of a negation: its own words and codes, and whether it denies or does not know."""
    words = entry.concept.name or "No information"
    return plain(text=words, coding=plain_codings(entry.concept), kind=entry.bucket.value)


def empty_reasons(extraction: Extraction, section: str) -> list[Mapping[str, Json]]:
    """The rows that Lists and sections give as the reason why they are empty."""
    rows: list[Mapping[str, Json]] = []
    for statement in extraction.statements:
        if statement.section == section and statement.empty_reason is not None:
            none = states.says_none(statement)
            row = plain(
                text=statement.reason.name or statement.empty_reason,
                coding=plain_codings(statement.reason),
                kind=(Kind.NEGATED if none else Kind.ABSENT_INFO).value,
            )
            if row not in rows:
                rows.append(row)
    return rows


def state_of(extraction: Extraction, section: str, entries: Iterable[Entry]) -> SectionState:
    """The state of ``section`` where only ``entries`` of it are kept."""
    said = [s for s in extraction.statements if s.section == section]
    return states.state(entries, said, whole=extraction.is_whole)


def section_warnings(extraction: Extraction, section: str) -> list[str]:
    """What the Lists and narratives of ``section`` hold beside the entries that were read."""
    said = [s for s in extraction.statements if s.section == section]
    found = []
    if any(statement.missing for statement in said):
        found.append("entries-missing")
    tables = [s.table for s in said if s.table is not None and s.empty_reason is None]
    if any(not table.is_blank and not table.says_nothing for table in tables):
        found.append("narrative-not-included")
    return found


def may_reach_patient(entry: Entry) -> bool:
    """Whether the source lets the patient have ``entry``: not NOPAT, nor what is confidential."""
    labels = objs(obj(entry.found.resource.get("meta")).get("security"))
    return not any(word in _NOT_TO_PATIENT for label in labels for word in codes(label))


def is_degraded(entry: Entry) -> bool:
    """Whether ``entry`` lost its code on its way between systems: its text is its meaning."""
    return any(
        (coding.code or "").strip() in _DEGRADED or _DEGRADED_WORDS.search(coding.display or "")
        for coding in entry.concept.codings
    )


def is_ended_without_status(entry: Entry) -> bool:
    """Whether an active problem carries an end date that its status does not speak of."""
    return entry.section == problems.SECTION and problems.abated(entry)


def has_comments(entry: Entry) -> bool:
    """Whether a result comes with words that its record does not carry."""
    return entry.section in _MEASURED and measures.has_comments(entry)


def is_uncoded(entry: Entry) -> bool:
    """Whether ``entry`` stands in words only, where a code is usual.

    A code of no system is none: nobody can tell what it says.
    """
    coded = READINGS[entry.section].coded
    return coded and not any(coding.code and coding.system for coding in entry.concept.codings)


def lacks_dose_words(entry: Entry) -> bool:
    """Whether a medicine's dose stands in structure only."""
    return entry.section == medications.SECTION and medicines.without_words(entry)
