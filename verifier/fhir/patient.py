"""The person as a Patient, from what the records of one presentation say of them.

Rules: identity first, then the other records; nothing is completed. What is *not* here: whether two
records speak of one person (``healthpassport.verification``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from healthpassport.credential import VerifiedSection
from healthpassport.encoding import Json

from .values import UK_CORE, Resource, concept, extension, organisation_code, plain, string, words

IDENTITY: Final = "PatientIdentity"
_NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
_VERIFICATION: Final = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"


def patient(sections: Iterable[VerifiedSection]) -> Resource:
    """The Patient of ``sections``, which are all of one person."""
    ordered = sorted(sections, key=lambda section: section.record_type != IDENTITY)
    known: dict[str, Json] = {}
    for section in ordered:
        known = {**(section.subject or {}), **known}
    always = next((s.always or {} for s in ordered if s.record_type == IDENTITY), {})
    phone, spoken = string(known.get("phone")), words(known.get("language"))
    practice = organisation_code(known.get("gpPracticeOds"))
    ages = [
        extension(name, valueBoolean=known[member])
        for name, member in (("age-over-16", "ageOver16"), ("age-over-18", "ageOver18"))
        if isinstance(known.get(member), bool)
    ]
    name = plain(family=string(known.get("familyName")), given=_lines(known.get("givenNames")))
    home = plain(line=_lines(known.get("addressLines")), postalCode=string(known.get("postcode")))
    return {
        "resourceType": "Patient",
        **plain(
            extension=list(ages),
            identifier=_number(known.get("nhsNumber")),
            name=[name] if name else None,
            telecom=[{"system": "phone", "value": phone}] if phone else None,
            gender=known.get("gender"),
            birthDate=known.get("birthDate"),
            deceasedBoolean=always.get("deceased"),
            address=[home] if home else None,
            communication=[{"language": spoken}] if spoken else None,
            generalPractitioner=[practice] if practice else None,
        ),
    }


def _lines(value: Json) -> list[Json]:
    found = value if isinstance(value, list | tuple) else ()
    return [line for line in found if string(line)]


def _number(value: Json) -> list[Json]:
    """The NHS number with how well it was checked, which never part (clinical.md rule 7)."""
    if not isinstance(value, Mapping):
        return []
    checked = string(value.get("verificationStatus"))
    made: Resource = {"system": _NHS_NUMBER, "value": value.get("value")}
    if checked:
        status = {**concept(None, [{"system": _VERIFICATION, "code": checked}])}
        made["extension"] = [
            {"url": f"{UK_CORE}NHSNumberVerificationStatus", "valueCodeableConcept": status}
        ]
    return [made]
