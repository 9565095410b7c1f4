"""From what the provider says of a patient to the records that this issuer has of them.

Rules: the level of proof is looked at before anybody is looked for; NHS number and birth date both
have to fit, in what the source found and again in what was read; one person or none. To the patient
nobody says which of these failed: a record that they may not see is one that is not there. What is
*not* here: the provider, and pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError, SourceError
from healthpassport.summary import PatientSummary
from issuer.store import IdentityCheck

from .context import IssuerContext
from .people import nhs_number
from .sources import Found, Person, SourceReference, kind_of, source
from .verified_numbers import number_warnings

_NUMBER: Final = re.compile(r"[0-9]{10}\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
P9: Final = "P9"
# What the source says of a person that is told them as "not found".
_HIDDEN: Final = frozenset(
    {"fhir.restricted", "fhir.subject_mismatch"}
    | {"source.too_many", "source.number", "source.person", "source.number_not_verified"}
)
_STOPPED: Final = "patient.stopped"


@dataclass(frozen=True, slots=True)
class SignedInPatient:
    """Whom the provider vouches for."""

    nhs_number: str
    birth_date: str
    check: IdentityCheck | None


@dataclass(frozen=True, slots=True)
class PatientRecords:
    """The records of one patient, and where they can be read again."""

    summary: PatientSummary
    reference: SourceReference


def read_claims(issuer: IssuerContext, claims: Mapping[str, Json]) -> SignedInPatient:
    """Whom ``claims`` are about.

    Raises:
        ServiceError: ``patient.level`` for one whom the provider does not know well enough,
            ``patient.not_found`` where it tells no NHS number or birth date.
    """
    settings = issuer.settings
    level = claims.get(settings.patient_sign_in_proofing_claim)
    if not isinstance(level, str) or level not in settings.patient_sign_in_proofing_levels:
        raise ServiceError("patient.level")
    number = claims.get(settings.patient_sign_in_nhs_number_claim)
    born = claims.get(settings.patient_sign_in_birth_date_claim)
    if not isinstance(number, str) or not _NUMBER.match(number):
        raise ServiceError("patient.not_found", "the provider tells no NHS number")
    if not isinstance(born, str) or not _DAY.match(born):
        raise ServiceError("patient.not_found", "the provider tells no date of birth")
    check = IdentityCheck.NHS_LOGIN_P9 if level == P9 else None
    return SignedInPatient(number, born, check)


def find_records(
    issuer: IssuerContext, patient: SignedInPatient, *, wanted: tuple[str, ...]
) -> PatientRecords:
    """The records of ``patient``; ``wanted`` are the record types that were asked for.

    Raises:
        ServiceError: ``patient.not_found``, ``patient.stopped``; ``patient.source`` where the
            source cannot be asked now.
    """
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - only offers read FHIR

    try:
        kind = kind_of(issuer)
        found = _only(issuer, kind, patient)
        bundle = source(issuer, kind).read(found.name)
        rules = rules_of(issuer.settings)
        reading = read_bundle(bundle, rules=rules, subject=found.subject, now=issuer.clock())
        check_number(issuer, reading.summary)
    except SourceError as error:
        hidden = error.code in _HIDDEN
        raise ServiceError(
            "patient.not_found" if hidden else "patient.source", error.code
        ) from error
    if reading.gone:
        raise ServiceError(_STOPPED)
    who = dict(reading.summary.records[0].subject)
    check_person(who, patient)
    reference = SourceReference(kind, found.name, found.subject, who, wanted, issuer.secret())
    return PatientRecords(reading.summary, reference)


def check_number(issuer: IssuerContext, summary: PatientSummary) -> None:
    """Refuse a number that the source does not stand behind: whoever signs in is found by it.

    Nobody compares names here, and of twins it may be the other's.

    Raises:
        SourceError: ``source.number_not_verified``.
    """
    number_warnings(
        summary,
        person=Person(nhs_number=nhs_number(summary.records)),
        verified_only=issuer.settings.verified_numbers_only,
    )


def check_person(subject: Mapping[str, Json], patient: SignedInPatient) -> None:
    """Refuse records that are not those of ``patient``, by number and birth date.

    Raises:
        ServiceError: ``patient.not_found``.
    """
    number = subject.get("nhsNumber")
    value = number.get("value") if isinstance(number, Mapping) else None
    if value != patient.nhs_number or subject.get("birthDate") != patient.birth_date:
        raise ServiceError("patient.not_found", "the record is another person's")


def _only(issuer: IssuerContext, kind: str, patient: SignedInPatient) -> Found:
    person = Person(nhs_number=patient.nhs_number, birth_date=patient.birth_date)
    found = source(issuer, kind).find(person)
    if len(found) != 1:
        raise ServiceError("patient.not_found", f"{len(found)} people fit")
    one = found[0]
    if one.nhs_number != patient.nhs_number or one.birth_date != patient.birth_date:
        raise ServiceError("patient.not_found", "the source found another person")
    if one.restricted:
        raise ServiceError("patient.not_found", "the record is restricted")
    if one.gone:
        raise ServiceError(_STOPPED)
    return one
