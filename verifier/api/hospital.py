"""Adding a result to the hospital's record system, for systems that call with an API key.

Rules: first ``GET`` the patients who fit, then ``POST`` the one whom staff chose with every
difference agreed. What is *not* here: who fits and what is written (``service``).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from verifier.service.record_writing import add_to_record, find_patients, found_json, written_json

from .access import CallingDesk, GatedService
from .describing import KEYED

router = APIRouter(prefix="/requests/{request_id}/record", dependencies=KEYED)

FieldName = Annotated[str, Field(max_length=64)]


class ChosenIn(BaseModel):
    """The patient whom staff chose, as they saw them, and the differences that they agreed to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: str = Field(max_length=64)
    agreed: list[FieldName] = Field(default_factory=list, max_length=16)
    seen: str = Field(max_length=64)


@router.get("")
def find(request_id: str, desk: GatedService, name: CallingDesk) -> dict[str, Any]:
    """The patients of the record system whom the result may be of, and what differs."""
    return found_json(find_patients(desk, request_id, name=name))


@router.post("")
def add(
    request_id: str, chosen: Annotated[ChosenIn, Body()], desk: GatedService, name: CallingDesk
) -> dict[str, Any]:
    """Add the result to that patient's record; says what became of each entry."""
    done = add_to_record(
        desk,
        request_id,
        name=name,
        patient_id=chosen.patient,
        agreed=chosen.agreed,
        seen=chosen.seen,
    )
    return written_json(done)
