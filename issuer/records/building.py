"""From what was understood of a source to the records that may be issued of one person.

Entered in error and refuted entries are never issued, an entry with a modifier that nobody here
understands is left out and said to be, inactive allergies are only counted, and a section that
loses an entry so never looks empty. What is *not* here: FHIR (issuer.fhir reads it) and who may
receive a record (issuer.service).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import RecordError, SourceError
from healthpassport.summary import (
    Item,
    PatientSummary,
    Record,
    RecordDefinition,
    SectionState,
    Source,
    definition,
    record_types,
    validate,
)
from healthpassport.summary.rules import check_items, check_members
from healthpassport.verification.person import identifies
from issuer.fhir import Bucket, Entry, Extraction, Person, as_of
from issuer.fhir.relations import REVIEW_AGES
from issuer.fhir.telling import (
    READINGS,
    Review,
    always_facts,
    denial,
    details,
    empty_reasons,
    entries_of,
    has_comments,
    identity,
    is_blood_group,
    is_degraded,
    is_ended_without_status,
    is_uncoded,
    items_of,
    lacks_dose_words,
    may_reach_patient,
    section_warnings,
    state_of,
    without_passed_over,
)

from .emergency import emergency_summary

IDENTITY: Final = "PatientIdentity"
SOME_KINDS_LEFT_OUT: Final = "some-kinds-left-out"
UNNAMED: Final = "Not named in the source"
_DENIALS: Final = frozenset({Bucket.NEGATED, Bucket.ABSENT_INFO})
_SUBJECT: Final = frozenset({"nhsNumber", "familyName", "givenNames", "birthDate"})

Exclusion = Callable[[Entry], bool]


@dataclass(frozen=True, slots=True)
class _Context:
    """What every record of one person shares."""

    extraction: Extraction
    source: Source
    day: date
    subject: Mapping[str, Json]
    excluded: Exclusion
    laboratory: bool
    review: Review


def _nothing(_entry: Entry) -> bool:
    return False


def build(
    extraction: Extraction,
    *,
    source: Source,
    now: datetime,
    excluded: Exclusion = _nothing,
    laboratory: bool = False,
    review_ages: tuple[int, ...] = REVIEW_AGES,
) -> PatientSummary:
    """The records of the one person of ``extraction``, in the order of the definitions.

    Args:
        extraction: what was understood of one source, for one person.
        source: the organisation that issues, from its own settings.
        now: the present, for ages and where the source names no day of its own.
        excluded: tells the entries of a sensitive kind, which are left out without a mark.
        laboratory: whether ``source`` is a laboratory, which alone may tell a blood group.
        review_ages: at which ages authorities to act stop until they are looked at anew.

    Raises:
        SourceError: ``fhir.ambiguous``, ``fhir.no_patient``, ``fhir.several_patients``,
            ``fhir.restricted``, ``fhir.subject_mismatch`` or ``fhir.no_identity``.
    """
    if extraction.is_ambiguous:  # the clinical status of an allergy, for one, may stand there twice
        raise SourceError("fhir.ambiguous")
    person = _the_person(extraction)
    day = min(as_of(extraction.index) or now.date(), now.date())
    facts = identity(person, extraction.index, now.date())
    subject = _fitting(facts, definition(IDENTITY))
    shared: dict[str, Json] = {n: v for n, v in subject.items() if n in _SUBJECT}
    if not identifies(shared):  # no desk could tell whose record it is (clinical.md rule 11)
        raise SourceError("fhir.no_identity")
    review = Review(now.date(), review_ages)
    context = _Context(extraction, source, day, shared, excluded, laboratory, review)
    sections = [known for known in map(definition, record_types()) if known.section in READINGS]
    found = (_section(known, context) for known in sections)
    records = [record for record in found if record is not None]
    who = _identity(person, subject, context)
    short = emergency_summary(who, records)
    return PatientSummary((who, *records, *([short] if short is not None else [])))


def _the_person(extraction: Extraction) -> Person:
    persons = extraction.persons
    if not persons or any(person.sensitive for person in persons):
        raise SourceError("fhir.no_patient")
    if len(persons) > 1:
        raise SourceError("fhir.several_patients", f"{len(persons)} patients")
    if extraction.strangers:
        places = ", ".join(found.path for found in extraction.strangers[:3])
        raise SourceError("fhir.subject_mismatch", f"entries of somebody else: {places}")
    if persons[0].restricted:
        raise SourceError("fhir.restricted")
    return persons[0]


def _fitting(facts: Mapping[str, Json], known: RecordDefinition) -> dict[str, Json]:
    """The facts that fit their definition; one that does not is left out alone."""
    good: dict[str, Json] = {}
    for name, value in facts.items():
        try:
            check_members({name: value}, known.subject_fields, complete=False)
        except RecordError:
            continue
        good[name] = value
    return good


def _identity(person: Person, subject: Mapping[str, Json], context: _Context) -> Record:
    warnings = [SOME_KINDS_LEFT_OUT]
    if person.nhs_number is not None and "nhsNumber" not in subject:
        warnings.append("nhs-number-not-valid")
    record = Record(
        type=IDENTITY,
        source=context.source,
        state=SectionState.ITEMS,
        as_of=context.day,
        warnings=tuple(warnings),
        subject=subject,
        always={"deceased": person.deceased},
    )
    validate(record)
    return record


def _section(known: RecordDefinition, context: _Context) -> Record | None:
    """One section's record; None where the source is silent about the section."""
    extraction = context.extraction
    found = entries_of(extraction, known.section, laboratory=context.laboratory)
    kept = [e for e in found if may_reach_patient(e) and not context.excluded(e)]
    refused = [entry for entry in kept if extraction.is_refused(entry)]
    sound = [entry for entry in kept if not extraction.is_refused(entry)]
    items: list[Item] = []
    listed = items_of(known.section, sound, extraction, context.day, context.review)
    for entry in listed:
        item = told(entry, known, extraction)
        if item is None:
            refused.append(entry)
        else:
            items.append(item)
    unfit = {id(entry) for entry in refused}
    left = [e for e in without_passed_over(sound, listed) if id(e) not in unfit]
    for entry in refused:
        extraction.defects.add("entry_refused", entry.found.place)
    state = _state(known, left, items, refused, extraction)
    if state is SectionState.NOT_RECORDED or (
        state is SectionState.NONE_KNOWN and len(kept) < len(found)
    ):  # what was left out leaves no mark, and its section never says that there is nothing
        return None
    record = Record(
        type=known.type,
        source=context.source,
        state=state,
        as_of=context.day,
        window=known.window,
        warnings=_warnings(known, listed, refused, context),
        subject=context.subject,
        items=tuple(items),
        negations=_negations(sound, known, extraction),
        always=always_facts(known.section, sound) | _counts(known, items),
    )
    validate(record)
    return record


def told(entry: Entry, known: RecordDefinition, extraction: Extraction) -> Item | None:
    """The item that ``entry`` makes; None where it cannot be told whole."""
    found = details(entry, extraction.index)
    if found is None:
        return None
    item = Item({"text": entry.concept.name or UNNAMED, **found.unit}, found.fields)
    try:
        check_items([item], (), known)
    except RecordError:
        return None
    return item


def _state(
    known: RecordDefinition,
    sound: list[Entry],
    items: list[Item],
    refused: list[Entry],
    extraction: Extraction,
) -> SectionState:
    """A section that lost an entry, or lists past ones, never reads as none known."""
    state = state_of(extraction, known.section, sound)
    if state is SectionState.ITEMS:
        return state
    if any(entry.bucket is not Bucket.IN_ERROR for entry in refused):
        return SectionState.NO_INFORMATION if items else SectionState.WITHHELD
    if items and state is SectionState.NONE_KNOWN:
        return SectionState.ONLY_INACTIVE
    return state


def _negations(
    sound: list[Entry], known: RecordDefinition, extraction: Extraction
) -> tuple[Item, ...]:
    """The rows that assert an absence, in their own words."""
    rows = [denial(entry) for entry in sound if entry.bucket in _DENIALS]
    rows += empty_reasons(extraction, known.section)
    good = []
    for row in rows:
        item = Item(row)
        try:
            check_items((), [item], known)
        except RecordError:
            extraction.defects.add("negation_refused", known.section)
            continue
        good.append(item)
    return tuple(good)


def _counts(known: RecordDefinition, items: list[Item]) -> dict[str, Json]:
    """The counts that are always shown, as the definition has them."""
    if known.counted is None:
        return {}
    groups = [item.unit.get(known.counted.by) for item in items]
    counts: dict[str, Json] = {
        name: sum(group in values for group in groups)
        for name, values in known.counted.members.items()
    }
    return {known.counted.field: counts}


def _warnings(
    known: RecordDefinition, shown: list[Entry], refused: list[Entry], context: _Context
) -> tuple[str, ...]:
    """What every reader must see: the source's own warnings and what reading found."""
    found = [SOME_KINDS_LEFT_OUT, *context.extraction.warnings]
    found += section_warnings(context.extraction, known.section)
    if refused:
        found.append("entries-refused")
    if any(is_degraded(entry) for entry in shown):
        found.append("degraded-entries")
    if any(is_uncoded(entry) for entry in shown):
        found.append("uncoded-entries")
    if any(entry.concept.is_empty for entry in shown):
        found.append("unnamed-entries")
    if any(is_ended_without_status(entry) for entry in shown):
        found.append("active-with-end-date")
    if any(has_comments(entry) for entry in shown):
        found.append("comments-not-included")
    if any(is_blood_group(entry) for entry in shown):
        found.append("not-for-transfusion")
    if any(lacks_dose_words(entry) for entry in shown):
        found.append("dose-not-in-words")
    return tuple(dict.fromkeys(found))
