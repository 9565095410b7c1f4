"""The hospital's own record system: whom it knows, and adding a result to somebody's record.

Rules: staff choose the patient and agree to each difference as it is at that moment; the patient is
read anew before anything is sent; what was written is told entry by entry. What is *not* here: the
protocol (``client``), who fits (``hospital_match``), and who may do this.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import structlog

from healthpassport.credential import VerifiedSummary
from healthpassport.encoding import MAX_BODY_BYTES, Json, dump_json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.nhs_numbers import is_nhs_number
from verifier.client import HospitalPatient, HospitalServer, Outcome, Smart, load_client_key
from verifier.fhir import Organisation, patient
from verifier.fhir.imported import Line, transaction
from verifier.settings import VerifierSettings

from .export import tell
from .hospital_match import Candidate, Shared, candidates, compare, shared_person
from .matching import Expected
from .transactions import Clock, Random

TIMEOUT: Final = 10.0  # seconds for one call

_log = structlog.get_logger("verifier")


@dataclass(frozen=True, slots=True)
class Found:
    """Who was shared, and every patient of the record system who may be them."""

    shared: Shared
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """One entry and what became of it."""

    line: Line
    outcome: Outcome
    location: str


@dataclass(frozen=True, slots=True)
class Written:
    """What went into whose record."""

    patient: HospitalPatient
    entries: tuple[WrittenEntry, ...]

    @property
    def whole(self) -> bool:
        """Whether every entry is there now."""
        return all(one.outcome is not Outcome.REFUSED for one in self.entries)


class Hospital:
    """See the module."""

    def __init__(self, server: HospitalServer, *, uses_match: bool = False) -> None:
        self._server = server
        self._uses_match = uses_match

    def check(self) -> None:
        """Fail, with the reason, where the record system could not be asked now."""
        self._server.by_nhs_number("0000000000")  # which nobody can bear

    def find(self, summary: VerifiedSummary) -> Found:
        """Whom the record system knows that may be the person of ``summary``.

        Number and name are both asked for: else a second patient of that name goes unseen.

        Raises:
            ServiceError: ``hospital.no_person``, ``hospital.not_found``, and those of the server.
        """
        shared = shared_person(summary)
        if not shared.can_be_sought:
            raise ServiceError("hospital.no_person")
        people: list[HospitalPatient] = []
        if shared.nhs_number:
            people += self._server.by_nhs_number(shared.nhs_number)
        if shared.family_name and shared.birth_date:
            people += self._server.by_name(family=shared.family_name, birth_date=shared.birth_date)
        if not people and self._uses_match:
            out = (told.section for told in map(tell, summary.sections) if told.goes_out)
            people += self._server.match(patient(out))
        known = {one.id: one for one in people}
        if not known:
            raise ServiceError("hospital.not_found")
        return Found(shared, candidates(shared, known.values()))

    def expected(self, expected: Expected, *, hospital_number: str = "") -> Expected:
        """``expected`` with what the record system says of the one who bears the number.

        What was typed stays. Nobody, or more than one, changes nothing.

        Raises:
            ServiceError: those of the server.
        """
        if hospital_number:
            found = self._server.by_hospital_number(hospital_number)
        elif is_nhs_number(expected.nhs_number):
            digits = "".join(c for c in expected.nhs_number if c.isdigit())
            found = self._server.by_nhs_number(digits)
        else:
            return expected
        if len(found) != 1:
            return expected
        (one,) = found
        return Expected(
            family_name=expected.family_name or next(iter(one.families), ""),
            birth_date=expected.birth_date or one.birth_date,
            nhs_number=expected.nhs_number or next(iter(one.nhs_numbers), ""),
        )

    def write(
        self,
        summary: VerifiedSummary,
        document: dict[str, Json],
        *,
        patient_id: str,
        agreed: Collection[str],
        desk: Organisation,
        seen: str | None = None,
    ) -> Written:
        """Add ``summary`` to the record of the patient whom staff chose.

        Args:
            summary: what was verified.
            document: the same as a FHIR document.
            patient_id: of one of those that ``find`` gave.
            agreed: every field that differs or stands on one side only, as staff saw them.
            desk: the organisation that verified.
            seen: the patient as staff saw them (``Candidate.seen``); None where that is not known.

        Raises:
            ServiceError: ``hospital.ambiguous``, ``hospital.other_person``,
                ``hospital.not_agreed``, ``hospital.nothing``, and those of the server.
        """
        chosen = self._chosen(summary, patient_id)
        if seen is not None and seen != chosen.seen:
            raise ServiceError("hospital.not_agreed", "the record system says another since then")
        if set(agreed) != set(chosen.to_agree):
            raise ServiceError("hospital.not_agreed")
        made = transaction(
            [tell(section) for section in summary.sections],
            patient=f"Patient/{chosen.patient.id}",
            document=document,
            desk=desk,
            at=summary.verified_at,
        )
        if len(dump_json(made.bundle)) > 4 * MAX_BODY_BYTES:
            raise ServiceError("hospital.nothing", "the result is too large for one transaction")
        done = self._server.transact(made.bundle)
        entries = tuple(
            WrittenEntry(line, one.outcome, one.location)
            for line, one in zip(made.lines, done, strict=True)
        )
        return Written(chosen.patient, entries)

    def _chosen(self, summary: VerifiedSummary, patient_id: str) -> Candidate:
        """The patient whom staff chose, judged by what the record system says now."""
        found = self.find(summary)
        one = next((c for c in found.candidates if c.patient.id == patient_id), None)
        if one is None:
            raise ServiceError("hospital.not_found")
        now = self._server.read(patient_id)
        if now is None or now.id != patient_id:  # a server may answer with whom they became
            raise ServiceError("hospital.not_found")
        fresh = replace(compare(found.shared, now), ambiguous=one.ambiguous)
        if fresh.ambiguous:
            raise ServiceError("hospital.ambiguous")
        if not fresh.may_be_chosen:
            raise ServiceError("hospital.other_person")
        return fresh


def open_hospital(
    settings: VerifierSettings, *, clock: Clock, random: Random, fetcher: Fetcher | None = None
) -> Hospital | None:
    """The hospital's record system by ``settings``; None where none is named.

    Raises:
        SettingsError: ``hospital.setup`` for a key that cannot be used.
    """
    if not settings.fhir_url:
        return None
    way = fetcher or HttpsFetcher(
        ca_file=settings.hospital_ca_file,
        allowed_private_hosts=frozenset(settings.hospital_private_hosts),
        timeout=TIMEOUT,
    )
    base = settings.fhir_url.rstrip("/")
    smart = None
    if settings.fhir_client_id:
        smart = Smart(
            base,
            client_id=settings.fhir_client_id,
            key=load_client_key(settings.fhir_key_uri),
            scope=settings.fhir_scope,
            fetcher=way,
            clock=clock,
            random=random,
        )
    server = HospitalServer(
        base, smart=smart, fetcher=way, number_system=settings.fhir_number_system
    )
    return Hospital(server, uses_match=settings.fhir_match)


def completed(
    hospital: Hospital | None, expected: Expected, *, hospital_number: str = ""
) -> Expected:
    """``expected`` filled from the record system; as it was where that cannot be asked.

    Asking a patient never waits for another system that is away.
    """
    if hospital is None:
        return expected
    try:
        return hospital.expected(expected, hospital_number=hospital_number)
    except PassportError as error:
        _log.warning("hospital.not_asked", code=error.code)
        return expected
