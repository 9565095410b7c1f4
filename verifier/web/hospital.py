"""The pages that add a result to a patient's record: choose, agree, see what was written.

Rules: nothing is chosen beforehand; whoever cannot be told apart has no button; each difference is
ticked by hand. What is *not* here: who fits and what is written (``service``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from healthpassport.languages import Words, msg
from healthpassport.summary import definition, record_types
from verifier.client import Outcome
from verifier.service.hospital import WrittenEntry
from verifier.service.hospital_match import Candidate, Strength
from verifier.service.record_writing import add_to_record, find_patients
from verifier.service.words import day_of_text

from .access import Service
from .languages import words_of
from .rendering import page

DESK: Final = "staff page"  # as in ``app``
FITS: Final = {
    Strength.SURE: msg("Fits"),
    Strength.WEAK: msg("May fit: check with the patient"),
    Strength.OTHER: msg("Somebody else"),
}
OUTCOMES: Final = {
    Outcome.CREATED: msg("Added"),
    Outcome.THERE_ALREADY: msg("There already"),
    Outcome.REFUSED: msg("Not added"),
}
WITHOUT_TEXT: Final = msg("An entry without words")
OTHERS: Final = {
    "DocumentReference": msg("The whole document"),
    "Provenance": msg("Where it is from"),
}
DIFFERS: Final = {
    "familyName": msg("The family name differs."),
    "givenNames": msg("The given name differs."),
    "birthDate": msg("The date of birth differs."),
    "nhsNumber": msg("The NHS number differs."),
}
MISSING: Final = {
    "familyName": msg("The family name stands on one side only."),
    "givenNames": msg("The given name stands on one side only."),
    "birthDate": msg("The date of birth stands on one side only."),
    "nhsNumber": msg("The NHS number stands on one side only."),
}

router = APIRouter(prefix="/requests/{request_id}/record")


@router.get("", response_class=HTMLResponse)
def choose(request_id: str, request: Request, desk: Service) -> str:
    """The patients who fit, side by side with what was shared."""
    found = find_patients(desk, request_id, name=DESK)
    say = words_of(request)
    return page(
        request,
        "record.html",
        request_id=request_id,
        shared=found.shared,
        rows=[(one, _differences(one, say)) for one in found.candidates],
        fits={one: say(words) for one, words in FITS.items()},
        born=lambda value: day_of_text(value, say),
    )


@router.post("", response_class=HTMLResponse)
def add(
    request_id: str,
    request: Request,
    desk: Service,
    *,
    patient: Annotated[str, Form(max_length=64)],
    agreed: Annotated[list[str] | None, Form(max_length=16)] = None,
    seen: Annotated[str | None, Form(max_length=64)] = None,
) -> str:
    """Add the result to the record of the patient whom staff chose."""
    done = add_to_record(
        desk, request_id, name=DESK, patient_id=patient, agreed=agreed or [], seen=seen
    )
    say = words_of(request)
    rows = [
        (
            _section(one, say),
            one.line.text or say(OTHERS.get(one.line.kind, WITHOUT_TEXT)),
            say(OUTCOMES[one.outcome]),
        )
        for one in done.entries
    ]
    return page(request, "record_written.html", request_id=request_id, done=done, rows=rows)


def _section(one: WrittenEntry, say: Words) -> str:
    kind = one.line.record_type
    if kind not in record_types():
        return ""
    return definition(kind).labels[say.language].clinical


def _differences(one: Candidate, say: Words) -> tuple[tuple[str, str], ...]:
    """Each field to agree to, with its words."""
    differing = [(name, say(DIFFERS[name])) for name in one.differing]
    return (*differing, *((name, say(MISSING[name])) for name in one.missing))
