"""What was understood of a source: persons, entries by section and bucket, states, warnings.

``extract`` never guesses and never drops a file for one bad entry; what it could not use is in the
defects. What is *not* here: records and what may be issued (issuer.records).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import SourceError
from healthpassport.summary import SectionState

from . import (
    allergies,
    dates,
    devices,
    flags,
    immunisations,
    lists,
    medications,
    observations,
    patients,
    people,
    problems,
    procedures,
)
from .asof import as_of
from .entries import Entry
from .lists import Statement
from .patients import Person
from .references import Index
from .source import DOUBLED_MEMBER, UNREAD, Defects, Found, find_resources, read_json
from .states import state
from .subjects import Stranger, Subjects
from .values import flag, has_modifier

REPORT_VERSION: Final = 1
SECTIONS: Final = (
    allergies.SECTION,
    medications.SECTION,
    problems.SECTION,
    immunisations.SECTION,
    procedures.SECTION,
    devices.SECTION,
    observations.RESULTS,
    observations.BLOOD_GROUP,
    observations.PREGNANCY,
    people.ADVANCE_CARE,
    people.CONTACTS,
    flags.ADJUSTMENTS,
    flags.SAFEGUARDING,
    flags.ALERTS,
)
_OF_A_PERSON: Final = frozenset(
    {*SECTIONS[:4], procedures.SECTION, medications.PLUMBING, medications.EVENTS}
)


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that was understood of a source, for one person or for all that it names."""

    index: Index
    persons: tuple[Person, ...]
    entries: tuple[Entry, ...]
    statements: tuple[Statement, ...]
    warnings: tuple[str, ...]
    defects: Defects
    strangers: tuple[Found, ...]
    refused: frozenset[int]

    def is_refused(self, entry: Entry) -> bool:
        """Whether ``entry`` carries a modifier that nobody here understands (R4 section 2.4.2)."""
        return id(entry.found) in self.refused

    @property
    def is_ambiguous(self) -> bool:
        """Whether two readers may understand two things: a member is named twice."""
        return DOUBLED_MEMBER in self.defects.counts

    @property
    def is_whole(self) -> bool:
        """Whether the source holds nothing in a resource's place that could not be read."""
        return UNREAD not in self.defects.counts

    def section(self, name: str) -> list[Entry]:
        """The entries of one section, in the order of the file."""
        return [entry for entry in self.entries if entry.section == name]

    def state(self, name: str) -> SectionState:
        """The state of one section."""
        said = [s for s in self.statements if s.section == name]
        return state(self.section(name), said, whole=self.is_whole)

    def report(self) -> dict[str, Json]:
        """The extraction report, version 1 (clinical.md)."""
        sections: dict[str, dict[str, list[Json]]] = {name: {} for name in SECTIONS}
        for entry in self.entries:
            buckets = sections.setdefault(entry.section, {})
            buckets.setdefault(entry.bucket.value, []).append(entry.report())
        return {
            "version": REPORT_VERSION,
            "patients": [patients.report(person) for person in self.persons],
            "state": {name: self.state(name).value for name in SECTIONS},
            "sections": sections,
            "narrative": [_narrative(s) for s in self.statements if s.table is not None],
            "warnings": list(self.warnings),
            "defects": {
                kind: {"count": count, "where": list(self.defects.places[kind])}
                for kind, count in self.defects.counts.items()
            },
        }


def _narrative(statement: Statement) -> dict[str, Json]:
    table = statement.table
    if table is None:
        return {}
    return {
        "title": statement.title,
        "section": statement.section,
        "rows": [list(row) for row in table.rows],
        "sha256": table.sha256,
    }


def extract(data: bytes, subject: str | None = None) -> Extraction:
    """Understand ``data``, any FHIR JSON of R4 or STU3.

    Args:
        data: the bytes of the file.
        subject: an id, reference, fullUrl or NHS number of the one person who is meant.

    Raises:
        SourceError: ``fhir.not_json``, ``fhir.too_large``, ``fhir.no_resource`` or, where nobody in
            the source answers to ``subject``, ``fhir.subject_mismatch``.
    """
    defects = Defects()
    index = Index(find_resources(read_json(data, defects), defects))
    everybody = patients.persons(index)
    entries = _read(index)
    said = list(lists.statements(index))
    subjects = Subjects(index, everybody)
    owners = {id(e.found): subjects.of(e.found) for e in entries}
    strangers = tuple(e.found for e in entries if _is_strange(e, owners[id(e.found)]))
    chosen = everybody
    if subject is not None:
        chosen = tuple(p for p in everybody if p.answers_to(subject))
        if len(chosen) != 1:
            raise SourceError("fhir.subject_mismatch", "nobody in the file answers to that name")
        others = {p for p in everybody if p is not chosen[0]}
        entries = [e for e in entries if _may_be(owners[id(e.found)], chosen[0], everybody)]
        said = [s for s in said if subjects.of(s.found) not in others]
    # Most sources hold no modifier at all; an escaped or a UTF-16 name would hide from this look.
    look = any(mark in data for mark in (b"modifierExtension", b"\\u", b"\x00"))
    refused = frozenset(id(e.found) for e in entries if _is_modified(e, look=look))
    extraction = Extraction(
        index=index,
        persons=chosen,
        entries=tuple(entries),
        statements=tuple(said),
        warnings=tuple(lists.warnings(index, said)),
        defects=defects,
        strangers=strangers,
        refused=refused,
    )
    _note_entries(extraction, owners)
    _note_rest(extraction)
    return extraction


def _is_modified(entry: Entry, *, look: bool) -> bool:
    resource = entry.found.resource
    return (look and has_modifier(resource)) or flag(resource.get("isSubpotent")) is True


def _is_strange(entry: Entry, owner: Person | Stranger) -> bool:
    """Whether ``entry`` is of somebody who does not stand here, or of no person where one must be.

    A Flag may be about a scene and an Observation about a specimen; an allergy is about a person.
    """
    if owner is Stranger.NOT_A_PATIENT:
        return entry.section in _OF_A_PERSON
    return owner is Stranger.ELSEWHERE


def _may_be(owner: Person | Stranger, person: Person, everybody: tuple[Person, ...]) -> bool:
    """Whether an entry may be kept for ``person``: theirs, or nobody else stands in the source."""
    return owner is person or (isinstance(owner, Stranger) and len(everybody) == 1)


def _read(index: Index) -> list[Entry]:
    ended = lists.ended_members(index)
    return [
        *(allergies.read(f, ended=id(f) in ended) for f in index.of(*allergies.TYPES)),
        *medications.read_all(index),
        *(problems.read(f) for f in index.of(*problems.TYPES)),
        *(immunisations.read(f) for f in index.of(*immunisations.TYPES)),
        *(procedures.read(f) for f in index.of(*procedures.TYPES)),
        *devices.read_all(index),
        *observations.read_all(index),
        *people.advance_care(index),
        *people.contacts(index),
        *flags.read_all(index),
    ]


def _note_entries(extraction: Extraction, owners: dict[int, Person | Stranger]) -> None:
    """Write down what somebody should look at; nothing here changes an entry."""
    defects = extraction.defects
    known = as_of(extraction.index)
    latest = known.isoformat() if known else None
    for entry in extraction.entries:
        found, owner = entry.found, owners[id(entry.found)]
        if isinstance(owner, Stranger) and extraction.persons:
            defects.add(owner.value, found.place)
        _note_name(entry, defects)
        if extraction.is_refused(entry):
            defects.add("modifier_extension", found.place)
        if entry.section == problems.SECTION and problems.abated(entry):
            defects.add("active_with_abatement", found.place)
        if entry.date is not None:
            told = dates.normal(entry.date)
            if told is None:
                defects.add("date_unreadable", found.place)
            elif latest is not None and len(told) >= len(latest) and told[: len(latest)] > latest:
                defects.add("date_after_source", found.place)


def _note_name(entry: Entry, defects: Defects) -> None:
    place, codings = entry.found.place, entry.concept.codings
    if entry.concept.is_empty:
        defects.add("nothing_named", place)
    elif not any(c.code for c in codings):
        defects.add("uncoded", place)
    if any(c.code and not c.system for c in codings):
        defects.add("code_without_system", place)


def _note_rest(extraction: Extraction) -> None:
    defects = extraction.defects
    for statement in extraction.statements:
        for _ in range(statement.missing):
            defects.add("dangling_reference", f"{statement.found.place} {statement.title or ''}")
    for person in extraction.persons:
        number = person.nhs_number
        if number is not None and not patients.is_valid_nhs_number(number):
            defects.add("nhs_number_check", person.patients[0].place)
