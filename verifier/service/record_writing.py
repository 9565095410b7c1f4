"""Adding a result that staff look at to a patient's record, with the trail that this leaves.

What is *not* here: the record system (``hospital``), and pages.
"""

from __future__ import annotations

from collections.abc import Collection

from healthpassport.credential import VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError

from .gate import GatedDesk
from .hospital import Found, Hospital, Written
from .hospital_match import Candidate
from .transactions import TransactionView


def find_patients(desk: GatedDesk, transaction_id: str, *, name: str) -> Found:
    """Whom of the record system the result may be of.

    Raises:
        ServiceError: ``staff.`` codes where the result is not open to whoever asks, ``not_found``
            without a result, ``hospital.`` codes.
    """
    hospital, _, summary = _at_hand(desk, transaction_id, name)
    return hospital.find(summary)


def add_to_record(
    desk: GatedDesk,
    transaction_id: str,
    *,
    name: str,
    patient_id: str,
    agreed: Collection[str],
    seen: str | None = None,
) -> Written:
    """Add the result to the record of the patient whom staff chose; noted in the audit trail.

    Args:
        desk: the service, as whoever asks may use it.
        transaction_id: of a result that is open to them.
        name: the desk that asks.
        patient_id: one of ``find_patients``.
        agreed: the fields that staff agreed to.
        seen: the patient as staff saw them; None where that is not known.

    Raises:
        ServiceError: ``staff.`` codes, ``not_found``, ``hospital.`` codes.
    """
    hospital, view, summary = _at_hand(desk, transaction_id, name)
    document = desk.fhir(transaction_id, desk=name, presentation=True)
    who, trail = desk.at(name), desk.behind.audit
    settings, identity = desk.behind.settings, desk.behind.identity
    own = identity.organisation(view.template.purpose, settings.organisation)
    try:
        done = hospital.write(
            summary, document, patient_id=patient_id, agreed=agreed, desk=own, seen=seen
        )
    except PassportError as error:
        trail.note("record.refused", who=who, subject=transaction_id, code=error.code)
        raise
    # Written is written: the trail owes the entry where it cannot be kept now.
    trail.note("record.written", who=who, subject=transaction_id, entries=len(done.entries))
    return done


def found_json(found: Found) -> dict[str, Json]:
    """``found`` for the API and the commands."""
    return {"version": 1, "candidates": [_candidate(one) for one in found.candidates]}


def written_json(done: Written) -> dict[str, Json]:
    """``done`` for the API and the commands."""
    return {
        "version": 1,
        "patient": done.patient.id,
        "whole": done.whole,
        "code": None if done.whole else "hospital.partial",
        "entries": [
            {
                "resource": one.line.kind,
                "section": one.line.title,
                "text": one.line.text,
                "outcome": one.outcome.value,
                "location": one.location,
            }
            for one in done.entries
        ],
    }


def _candidate(one: Candidate) -> dict[str, Json]:
    return {
        "id": one.patient.id,
        "name": one.patient.name,
        "birthDate": one.patient.birth_date,
        "nhsNumber": next(iter(one.patient.nhs_numbers), ""),
        "hospitalNumber": one.patient.hospital_number,
        "fits": one.strength.value,
        "cannotBeToldApart": one.ambiguous,
        "mayBeChosen": one.may_be_chosen,
        "same": list(one.same),
        "differing": list(one.differing),
        "missing": list(one.missing),
        "seen": one.seen,
    }


def _at_hand(
    desk: GatedDesk, transaction_id: str, name: str
) -> tuple[Hospital, TransactionView, VerifiedSummary]:
    view = desk.require_open(transaction_id, desk=name)
    if view.summary is None:
        raise ServiceError("not_found", "there is no result to add")
    hospital = desk.hospital
    if hospital is None:
        raise ServiceError("hospital.setup", "PASSPORT_VERIFIER_FHIR_URL is not set")
    return hospital, view, view.summary
