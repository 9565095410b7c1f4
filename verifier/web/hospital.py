"""The pages that add a result to a patient's record: choose, agree, see what was written.

Rules: nothing is chosen beforehand; whoever cannot be told apart has no button; each difference is
ticked by hand. What is *not* here: who fits and what is written (``service``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from verifier.client import Outcome
from verifier.service import Desk
from verifier.service.export import DIFFERENCES
from verifier.service.hospital_match import Candidate, Strength
from verifier.service.record_writing import add_to_record, find_patients
from verifier.service.words import day_of_text

from .rendering import page

DESK: Final = "staff page"  # as in ``app``
FITS: Final = {
    Strength.SURE: "Fits",
    Strength.WEAK: "May fit: check with the patient",
    Strength.OTHER: "Somebody else",
}
OUTCOMES: Final = {
    Outcome.CREATED: "Added",
    Outcome.THERE_ALREADY: "There already",
    Outcome.REFUSED: "Not added",
}
LABELS: Final = {**DIFFERENCES, "givenNames": "given name"}

router = APIRouter(prefix="/requests/{request_id}/record")


@router.get("", response_class=HTMLResponse)
def choose(request_id: str, request: Request) -> str:
    """The patients who fit, side by side with what was shared."""
    found = find_patients(_serving(request), request_id, name=DESK)
    rows = [(one, _differences(one)) for one in found.candidates]
    return page(
        request,
        "record.html",
        request_id=request_id,
        shared=found.shared,
        rows=rows,
        fits=FITS,
        day=day_of_text,
    )


@router.post("", response_class=HTMLResponse)
def add(
    request_id: str,
    request: Request,
    patient: Annotated[str, Form(max_length=64)],
    agreed: Annotated[list[str] | None, Form(max_length=16)] = None,
) -> str:
    """Add the result to the record of the patient whom staff chose."""
    done = add_to_record(
        _serving(request), request_id, name=DESK, patient_id=patient, agreed=agreed or []
    )
    return page(request, "record_written.html", request_id=request_id, done=done, outcomes=OUTCOMES)


def _serving(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _differences(one: Candidate) -> tuple[tuple[str, str], ...]:
    """Each field to agree to, with its words."""
    differing = [(name, f"The {LABELS.get(name, name)} differs.") for name in one.differing]
    missing = [
        (name, f"The {LABELS.get(name, name)} stands on one side only.") for name in one.missing
    ]
    return (*differing, *missing)
