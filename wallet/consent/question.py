"""The question: who asks, why, how long they keep it, and each value with its tick.

Rules: only a verified request becomes a question; one that asks for more than its purpose allows is
refused (``consent.blocked``); each value that would go out has a tick and shows itself; what goes
out with a record whatever is ticked is said beside its tick; details that are not needed for care
(where a person lives, how to reach them) start unticked; what was unticked before stays unticked;
one question shows the records of one person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import schemas
from healthpassport.errors import RequestError
from healthpassport.protocols.dcql import Query, Selection, match
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import definition, definition_for_vct, record_types
from healthpassport.verification.person import contradicts

from .boxes import Boxes
from .model import ConsentQuestion, HeldRecord
from .words import record_label


def refuse_over_asking(request: VerifiedRequest) -> None:
    """``consent.blocked`` for a request without a purpose, or beyond what its purpose allows."""
    if request.purpose is None or request.retention is None:
        raise RequestError("consent.blocked", f"{request.name} does not say what for")
    if request.over_asked:
        what = ", ".join(dict.fromkeys(map(_too_much, request.over_asked)))
        raise RequestError("consent.blocked", f"{request.name} asks for more than allowed: {what}")


def _too_much(path: str) -> str:
    """A record type or claim path in the patient's words; what we do not know as it stands."""
    name, _, claim = path.partition(".")
    if name not in record_types():
        return path
    known = definition(name)
    field = {**known.subject_fields, **known.item_fields}.get(claim.rpartition(".")[2])
    label = record_label(known, "en")
    return f"{label}: {field.labels['en'].patient}" if field else label


def ask(
    request: VerifiedRequest,
    *,
    question_id: str,
    records: Sequence[HeldRecord],
    unticked: Collection[str],
    language: str,
    now: datetime,
) -> ConsentQuestion:
    """The question that ``request`` puts to the holder of ``records`` (newest first).

    Args:
        request: as verified.
        question_id: fresh; an answer names it.
        records: everything held.
        unticked: keys of the boxes that were unticked for this asker and purpose before.
        language: ``en`` or ``cy``.
        now: for what has run out.

    Raises:
        RequestError: ``consent.blocked``.
    """
    refuse_over_asking(request)
    claims = [record.offered(record.reference) for record in records]
    selection = match(request.query, claims)
    found = _of_one_person(selection, {record.reference: record for record in records})
    boxes = Boxes(unticked, language)
    for wanted in request.query.credentials:
        if wanted.id in found:
            boxes.add_record(wanted, found[wanted.id], now)
    words = schemas.load("requests/purposes.json")[request.purpose]
    return ConsentQuestion(
        id=question_id,
        asker=request.name,
        asker_ods=request.ods,
        purpose=words["labels"][language]["patient"],
        reason=words["reason"][language],
        retention=request.retention or "",
        ticks=boxes.ticks(),
        not_held=_not_held(request.query, found, language),
        satisfiable=bool(request.query.answerable(frozenset(found))),
        request=request,
        records=found,
    )


def _of_one_person(
    selection: Selection, records: Mapping[str, HeldRecord]
) -> dict[str, HeldRecord]:
    """The newest record for each query; a wallet that holds a child's too never mixes the two.

    Of alternatives, such as one record in two formats, only what would be answered is shown.
    """
    found: dict[str, HeldRecord] = {}
    for query_id, matches in selection.matches.items():
        if selection.answer is not None and query_id not in selection.answer:
            continue
        for record in (records[one.reference] for one in matches):
            if not contradicts([r.held.payload for r in (*found.values(), record)]):
                found[query_id] = record
                break
    return found


def _not_held(query: Query, found: Mapping[str, HeldRecord], language: str) -> tuple[str, ...]:
    """What is asked for and not held in any format; a type that we do not know was blocked."""
    asked = {wanted.id: wanted.types[0] for wanted in query.credentials}
    held = {asked[query_id] for query_id in found}
    return tuple(
        record_label(definition_for_vct(name), language)
        for name in dict.fromkeys(asked.values())
        if name not in held
    )
