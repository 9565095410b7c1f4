"""The question: who asks, why, how long they keep it, and each value with its tick.

Rules: only a verified request becomes a question; one that asks for more than its purpose allows is
refused (``consent.blocked``); each value that would go out has a tick and shows itself; what goes
out with a record whatever is ticked is said beside its tick; what is needed for safe treatment is
marked, and private details start unticked (``care``); what was unticked before stays unticked; one
question shows the records of one person; where there is more than one way to answer, the person
chooses (``choices``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import schemas
from healthpassport.errors import RequestError
from healthpassport.protocols.dcql import CredentialQuery, Query, match
from healthpassport.record_words import record_label
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import definition, definition_for_vct, record_types
from healthpassport.verification.person import contradicts

from .boxes import Boxes
from .choices import RECORD, preferred_options, record_choice, set_choices
from .model import Choice, ConsentQuestion, HeldRecord

NO_CHOICE: Final[Mapping[str, str]] = MappingProxyType({})


def refuse_over_asking(request: VerifiedRequest, language: str) -> None:
    """``consent.blocked`` for a request without a purpose, or beyond what its purpose allows."""
    if request.purpose is None or request.retention is None:
        raise RequestError("consent.blocked", f"{request.name} does not say what for")
    if request.over_asked:
        what = ", ".join(too_much(request, language))
        raise RequestError("consent.blocked", f"{request.name} asks for more than allowed: {what}")


def too_much(request: VerifiedRequest, language: str) -> tuple[str, ...]:
    """What is asked for beyond what is allowed, in the patient's words, each once."""
    return tuple(dict.fromkeys(_too_much(path, language) for path in request.over_asked))


def _too_much(path: str, language: str) -> str:
    """A record type or claim path in the patient's words; what we do not know as it stands."""
    name, _, claim = path.partition(".")
    if name not in record_types():
        return path
    known = definition(name)
    field = {**known.subject_fields, **known.item_fields}.get(claim.rpartition(".")[2])
    label = record_label(known, language)
    return f"{label}: {field.labels[language].patient}" if field else label


def ask(
    request: VerifiedRequest,
    *,
    question_id: str,
    records: Sequence[HeldRecord],
    unticked: Collection[str],
    language: str,
    now: datetime,
    chosen: Mapping[str, str] = NO_CHOICE,
) -> ConsentQuestion:
    """The question that ``request`` puts to the holder of ``records`` (newest first).

    Args:
        request: as verified.
        question_id: fresh; an answer names it.
        records: everything held.
        unticked: keys of the boxes that were unticked for this asker and purpose before.
        language: ``en`` or ``cy``.
        now: for what has run out.
        chosen: for a choice of the question, by its id, the option that the person wants.

    Raises:
        RequestError: ``consent.blocked``.
    """
    refuse_over_asking(request, language)
    purpose = request.purpose or ""
    query = request.query
    fitting = _fitting(query, records)
    available = frozenset(query_id for query_id, found in fitting.items() if found)
    answer = query.answerable(available, prefer=preferred_options(chosen))
    found, own_choices = _of_one_person(query, fitting, answer, chosen, language)
    boxes = Boxes(unticked, language, purpose)
    for wanted in query.credentials:
        for record in found.get(wanted.id, ()):
            boxes.add_record(wanted, record, now)
    words = schemas.load("requests/purposes.json")[purpose]
    return ConsentQuestion(
        id=question_id,
        asker=request.name,
        asker_ods=request.ods,
        purpose=words["labels"][language]["patient"],
        reason=words["reason"][language],
        retention=_retention(request.retention or "", words["retention"], language),
        ticks=boxes.ticks(),
        not_held=_not_held(query, found, language),
        satisfiable=bool(query.answerable(frozenset(found))),
        request=request,
        records=found,
        choices=(*set_choices(query, fitting, chosen, language), *own_choices),
        language=language,
    )


def _fitting(query: Query, records: Sequence[HeldRecord]) -> dict[str, tuple[HeldRecord, ...]]:
    """For each part of the query, the records that can answer it."""
    by_reference = {record.reference: record for record in records}
    selection = match(query, [record.offered(record.reference) for record in records])
    return {
        query_id: tuple(by_reference[one.reference] for one in matches)
        for query_id, matches in selection.matches.items()
    }


def _of_one_person(
    query: Query,
    fitting: Mapping[str, tuple[HeldRecord, ...]],
    answer: tuple[str, ...] | None,
    chosen: Mapping[str, str],
    language: str,
) -> tuple[dict[str, tuple[HeldRecord, ...]], tuple[Choice, ...]]:
    """The newest record for each part, all of them where several are taken, and what else fits.

    A wallet that holds a child's records too never mixes the two. Of alternatives, such as one
    record in two formats, only what would be answered is shown.
    """
    found: dict[str, tuple[HeldRecord, ...]] = {}
    choices: list[Choice] = []
    for wanted in query.credentials:
        if answer is not None and wanted.id not in answer:
            continue
        others = [record for records in found.values() for record in records]
        possible = [r for r in fitting[wanted.id] if not _differ([*others, r])]
        taken = _taken(wanted, possible, chosen.get(f"{RECORD}{wanted.id}"))
        if taken:
            found[wanted.id] = taken
        if len(possible) > len(taken) and not wanted.multiple:
            choices.append(record_choice(wanted, possible, taken[0], language))
    return found, tuple(choices)


def _taken(
    wanted: CredentialQuery, possible: Sequence[HeldRecord], first: str | None
) -> tuple[HeldRecord, ...]:
    """Of one person: the chosen or newest record, or all where several may be returned."""
    ordered = sorted(possible, key=lambda record: record.reference != first)
    taken: list[HeldRecord] = []
    for record in ordered:
        if not _differ([*taken, record]):
            taken.append(record)
    return tuple(taken if wanted.multiple else taken[:1])


def _differ(records: Sequence[HeldRecord]) -> bool:
    return contradicts([record.held.payload for record in records])


def _retention(registered: str, ours: Mapping[str, str], language: str) -> str:
    """What the authority registered; in another language where its words are those of the list."""
    return ours[language] if registered == ours["en"] else registered


def _not_held(
    query: Query, found: Mapping[str, tuple[HeldRecord, ...]], language: str
) -> tuple[str, ...]:
    """What is asked for and not held in any format; a type that we do not know was blocked."""
    asked = {wanted.id: wanted.types[0] for wanted in query.credentials}
    held = {asked[query_id] for query_id in found}
    return tuple(
        record_label(definition_for_vct(name), language)
        for name in dict.fromkeys(asked.values())
        if name not in held
    )
