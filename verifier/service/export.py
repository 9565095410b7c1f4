"""What of a result goes out as FHIR, with the words and the rule for what is whole.

The presentation itself goes along only where a hospital adds the result to a record and asks for
it, so that it can be verified again, and then only those parts whose content goes out. What is
*not* here: FHIR (``fhir``) and HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from healthpassport.credential import (
    Challenge,
    DeskState,
    Presentation,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.encoding import Json, dump_json
from healthpassport.errors import ServiceError, catalogue
from healthpassport.protocols.oid4vp import vp_token
from healthpassport.summary import definition, record_types
from healthpassport.summary.derived import noted
from schemas.definitions import warnings
from verifier.fhir import Organisation, Told, document

from .words import ALLERGIES, STILL_WHOLE, WHOLE, allergy_heading, part_words, state_words

PRESENTATION: Final = "hp-presentation"
VERSION: Final = 1
LEFT_OUT: Final = "Left out of this document, which holds checked records alone: ask the patient."
DIFFERENCES: Final = {
    "familyName": "family name",
    "birthDate": "date of birth",
    "nhsNumber": "NHS number",
}


def export(
    summary: VerifiedSummary,
    *,
    desk: Organisation,
    seed: str,
    differences: tuple[str, ...] = (),
    presentation: bytes | None = None,
) -> dict[str, Json]:
    """``summary`` as a FHIR document.

    Raises:
        ServiceError: ``not_found`` where nothing of it may go out.
    """
    order = {name: place for place, name in enumerate(record_types())}
    told = tell_all(summary)
    told.sort(key=lambda one: order.get(one.section.record_type, len(order)))
    if not any(one.goes_out for one in told):
        raise ServiceError("not_found", "nothing was shared that may be saved")
    cautions = tuple(
        f"The {DIFFERENCES.get(name, name)} is not that of the person admitted."
        for name in differences
    )
    return document(
        summary, told, desk=desk, seed=seed, cautions=cautions, presentation=presentation
    )


def tell_all(summary: VerifiedSummary) -> list[Told]:
    """Every section, judged together: one source's "none" is no entry where another says more.

    Whoever reads allergies as one list would take such an entry for the answer (clinical.md,
    "Words and screens").
    """
    told = [tell(section) for section in summary.sections]
    heading = allergy_heading(summary)
    if not (heading.is_known or heading.incomplete):
        return told
    note = "; ".join((f"All sources together: {heading.heading}", *heading.reasons)) + "."
    return [_outspoken(one, note) if _denies_allergies(one.section) else one for one in told]


def _denies_allergies(section: VerifiedSection) -> bool:
    denying = {DeskState.NONE_KNOWN, DeskState.NO_INFORMATION}
    return section.record_type == ALLERGIES and section.state in denying


def _outspoken(told: Told, note: str) -> Told:
    return replace(told, whole=False, notes=(*told.notes, note))


def tell(section: VerifiedSection) -> Told:
    """``section`` with the words that stand beside it on the result page."""
    kind = definition(section.record_type) if section.record_type in record_types() else None
    known = warnings()
    told = noted(section.always or {}, kind) if kind else []
    notes = [one.note["en"].clinical for one in told if one.note]
    notes += [f"{title}: {words}." for title, words in part_words(section)]
    notes += [known[w]["en"].clinical if w in known else w for w in section.warnings]
    if section.state is DeskState.NOT_CHECKED:
        notes.append(LEFT_OUT)
    if section.window != "all":
        notes.append(f"Covers: {section.window}.")
    if section.old:
        notes.append("Old: it may have changed since.")
    if section.code and (problem := catalogue().get(section.code)):
        notes.append(problem.title)
    return Told(
        section=section,
        title=kind.labels["en"].clinical if kind else section.record_type,
        state=state_words(section),
        notes=tuple(notes),
        whole=is_whole(section),
    )


def is_whole(section: VerifiedSection) -> bool:
    """Whether every entry of the source's list is shown, fresh and checked."""
    return section.state in WHOLE and not section.old and STILL_WHOLE.issuperset(section.warnings)


def evidence(
    summary: VerifiedSummary,
    presentation: Presentation,
    challenge: Challenge,
    query: Mapping[str, Json],
) -> bytes:
    """What ``passport-verifier verify`` needs to check those parts again that go out."""
    hidden = {s.query_id for s in summary.sections if not tell(s).goes_out}
    shown = {name: found for name, found in presentation.answers.items() if name not in hidden}
    told: dict[str, Json] = {
        "type": PRESENTATION,
        "version": VERSION,
        "verifiedAt": summary.verified_at.isoformat(timespec="seconds"),
        "nonce": challenge.nonce,
        "audience": challenge.audience,
        "query": query,
        "vp_token": vp_token(Presentation(shown)),
    }
    return dump_json(told)
