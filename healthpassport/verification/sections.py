"""What a clinician is told of each section, from what was proven about it.

Rules (clinical.md, "Section state"): a list that is not wholly shown never keeps the source's own
state; out of date and could not check outrank what the list says; a row that asserts an absence is
dropped unless every item is shown, fresh and checked; what a person states themselves is never
called checked, whatever else is true of it. What is *not* here: words (the desk's) and checks
(``answer``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from healthpassport.credential import Check, DeskState, Outcome, VerifiedSection
from healthpassport.encoding import Json
from healthpassport.protocols.dcql import CredentialQuery, Query
from healthpassport.summary import definition, definition_for_vct, record_types
from healthpassport.verification.answer import ProvenAnswer
from healthpassport.verification.checklist import Step


def shown_section(answer: ProvenAnswer) -> VerifiedSection:
    """The section of an answer whose signature and holder were proven."""
    record = answer.record
    state = _desk_state(answer) if answer.issuer else DeskState.NOT_CHECKED
    return VerifiedSection(
        query_id=answer.query_id,
        record_type=record.type,
        state=state,
        shown=record.shown,
        total=record.item_count,
        record_state=record.state,
        items=record.items,
        negations=record.negations if _may_deny(answer, state) else (),
        subject=record.subject,
        always=record.always,
        source=_source(answer),
        window=record.window,
        warnings=record.warnings,
        issuer=answer.issuer,
        as_of=record.as_of,
        issued_at=answer.issued_at,
        valid_until=answer.expires_at,
        status=answer.status,
        trust_list_age=answer.trust_list_age if answer.issuer else None,
        status_list_age=answer.status_list_age,
        checks=tuple(answer.checklist.checks),
        code=answer.code,
        old=answer.old,
        rules=answer.rules,
    )


def failed_section(
    *, query_id: str, record_type: str, code: str, checks: Iterable[Check]
) -> VerifiedSection:
    """A section of which nothing is shown, because a check failed."""
    return VerifiedSection(
        query_id=query_id,
        record_type=record_type,
        state=DeskState.FAILED_CHECK,
        checks=tuple(checks),
        code=code,
    )


def unanswered_sections(query: Query, answered: Iterable[str]) -> list[VerifiedSection]:
    """The sections that were asked for and not answered, and those that nobody asked for.

    A record that was asked for in several formats counts as answered when it came in one of them.
    """
    asked = {wanted.id: record_type_asked(wanted) for wanted in query.credentials}
    done = {asked[query_id] for query_id in answered if query_id in asked}
    first = {kind: query_id for query_id, kind in reversed(asked.items())}
    silent = [
        VerifiedSection(query_id=query_id, record_type=kind, state=DeskState.NOT_SHARED)
        for query_id, kind in asked.items()
        if kind not in done and first[kind] == query_id
    ]
    others = [
        VerifiedSection(query_id="", record_type=kind, state=DeskState.NOT_ASKED_FOR)
        for kind in record_types()
        if kind not in asked.values()
    ]
    return silent + others


def not_matched(section: VerifiedSection, code: str) -> VerifiedSection:
    """``section`` under no heading of its own: it is not shown to be this person's."""
    check = Check(Step.PERSON, Step.PERSON.name.lower(), Outcome.FAILED, code)
    return replace(
        section,
        state=DeskState.NOT_MATCHED,
        negations=(),
        code=code,
        checks=(*section.checks, check),
    )


def matched(section: VerifiedSection) -> VerifiedSection:
    """``section`` with the note that it is the same person's as the others."""
    check = Check(Step.PERSON, Step.PERSON.name.lower(), Outcome.PASSED)
    return replace(section, checks=(*section.checks, check))


def record_type_asked(wanted: CredentialQuery) -> str:
    """The record type that a credential query of ours names."""
    return definition_for_vct(wanted.types[0] if wanted.types else "").type


def _source(answer: ProvenAnswer) -> Mapping[str, Json] | None:
    """Whose record was read; a person who writes for themselves cannot name an organisation."""
    source = answer.record.source
    if answer.issuer is None:
        return None
    return {"ods": source.ods, "name": source.name, "system": source.system}


def _may_deny(answer: ProvenAnswer, state: DeskState) -> bool:
    """Whether rows such as "No known allergies" may be read: of a whole, fresh, checked list."""
    doubtful = state in {DeskState.COULD_NOT_CHECK, DeskState.OUT_OF_DATE}
    return answer.record.complete and not doubtful and not answer.old


def _desk_state(answer: ProvenAnswer) -> DeskState:
    if answer.unsure_code is not None:
        return DeskState.COULD_NOT_CHECK
    if answer.expired:
        return DeskState.OUT_OF_DATE
    record = answer.record
    if not definition(record.type).has_items:
        # Separate facts about a person, not a list: what is missing reads as nothing.
        return DeskState(record.state.value)
    if record.item_count and record.shown == 0:
        return DeskState.NOT_SHARED
    if not record.complete:
        return DeskState.PARTLY_SHARED
    return DeskState(record.state.value)
