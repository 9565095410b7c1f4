"""What of a source reaches no record, and why: for the practice alone, before anything is issued.

What is *not* here: the rules themselves (issuer.records, issuer.fhir); each reason here names the
rule that left an entry out, in the order in which they are applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.languages import msg
from healthpassport.summary import RecordDefinition, definition, record_types
from issuer.fhir import Bucket, Entry, as_of
from issuer.fhir.telling import READINGS, Review, entries_of, items_of, may_reach_patient
from issuer.records import told

from .reading import Reading, Rules

WORDS: Final = {
    "sensitive": msg("It is of a sensitive kind, or hangs on something that is."),
    "confidential": msg("Its source marks it as confidential, or not for the patient."),
    "safeguarding": msg("It is about safeguarding."),
    "in_error": msg("Its source marks it as entered in error."),
    "refuted": msg("Its source says that it is not so."),
    "modifier": msg("It carries a modifier that is not understood."),
    "not_whole": msg("It cannot be told whole."),
    "counted": msg("It has ended: ended allergies are counted, not listed."),
    "over": msg("It is over: stopped, superseded, ended or cancelled."),
    "passed_over": msg("A newer entry stands in its place, or it is not in force."),
    "laboratory": msg("Only a laboratory issues blood groups."),
    "told_elsewhere": msg("Another entry tells it: a plan or order behind a medicine."),
    "no_record": msg("No record type holds it."),
}
_OWN: Final = {
    "safeguarding": "safeguarding",
    "blood_group": "laboratory",
    "medication_plumbing": "told_elsewhere",
}
_BUCKETS: Final = {Bucket.IN_ERROR: "in_error", Bucket.REFUTED: "refuted"}
_ROWS: Final = frozenset({Bucket.NEGATED, Bucket.ABSENT_INFO})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One entry that reaches no record: where it stands, what it says, and why it is left out."""

    section: str
    place: str
    text: str
    reason: str


def left_out(reading: Reading, *, rules: Rules, now: datetime) -> list[LeftOut]:
    """Every entry of ``reading`` that no record holds, in the order of the sections."""
    extraction = reading.extraction
    day = min(as_of(extraction.index) or now.date(), now.date())
    review = Review(now.date(), rules.review_ages)
    found: list[LeftOut] = []
    seen: set[int] = set()
    for known in _issued():
        entries = entries_of(extraction, known.section, laboratory=rules.laboratory)
        seen |= {id(entry) for entry in entries}
        kept = [entry for entry in entries if _early(entry, reading) is None]
        listed = {id(e) for e in items_of(known.section, kept, extraction, day, review)}
        for entry in entries:
            reason = _early(entry, reading) or _late(entry, known, reading, listed)
            if reason is not None:
                found.append(_row(entry, reason))
    rest = (entry for entry in extraction.entries if id(entry) not in seen)
    found += [_row(e, _OWN.get(e.section) or _early(e, reading) or "no_record") for e in rest]
    return found


def _issued() -> Iterator[RecordDefinition]:
    return (known for known in map(definition, record_types()) if known.section in READINGS)


def _early(entry: Entry, reading: Reading) -> str | None:
    """What keeps an entry out whatever it says."""
    if reading.excluded(entry):
        return "sensitive"
    if not may_reach_patient(entry):
        return "confidential"
    if reading.extraction.is_refused(entry):
        return "modifier"
    return _BUCKETS.get(entry.bucket)


def _late(entry: Entry, known: RecordDefinition, reading: Reading, listed: set[int]) -> str | None:
    """Why a record of its section does not list ``entry``; None where it does, or has its row."""
    if entry.bucket in _ROWS:
        return None
    if id(entry) in listed:
        return None if told(entry, known, reading.extraction) else "not_whole"
    if entry.bucket is Bucket.INACTIVE:
        return "counted" if known.section == "allergies" else "over"
    return "passed_over"


def _row(entry: Entry, reason: str) -> LeftOut:
    return LeftOut(entry.section, entry.found.place, entry.concept.name or "", reason)
