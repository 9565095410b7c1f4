"""Patient of R4 and STU3: who a source speaks of, and what identifies them.

The same person may stand in a source several times (a contained copy in every resource): copies
with one NHS number, or one and the same content, are one person. An NHS number is checked and
reported, never repaired. What is *not* here: whose entry an entry is (subjects.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, JsonObject, jcs

from . import dates
from .references import Index
from .source import Found
from .values import code, codes, extension, flag, obj, objs, plain, string, strings

# UK Core: CodeSystem UKCore-NHSNumberVerificationStatus, beside the England one of two digits.
_UK_CORE_VERIFIED: Final = "number-present-and-verified"
VERIFIED: Final = "01"
_NHS_OID: Final = "2.16.840.1.113883.2.1.4.1"
_TEN_DIGITS: Final = re.compile(r"[0-9]{10}\Z")
_NAME_ORDER: Final = {"usual": 0, "official": 1, None: 2, "temp": 3, "nickname": 4, "anonymous": 5}
_RESTRICTED: Final = frozenset({"r", "v", "redacted"})
_SENSITIVE: Final = frozenset({"s"})


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person of a source: every Patient resource that is theirs, the fullest first."""

    patients: tuple[Found, ...]

    @property
    def resource(self) -> JsonObject:
        """The Patient resource to read."""
        return self.patients[0].resource

    @property
    def nhs_number(self) -> str | None:
        """The NHS number as ten digits, or as it stands where it is something else."""
        return nhs_number(self.resource)

    @property
    def deceased(self) -> bool:
        """Whether the source says that the person has died."""
        return deceased(self.resource)

    @property
    def registered(self) -> bool:
        """Whether the source keeps the person's notes; ``active: false`` says that it ceased to."""
        return all(flag(found.resource.get("active")) is not False for found in self.patients)

    @property
    def restricted(self) -> bool:
        """Whether the source marks the person as restricted (R or V)."""
        return bool(_labels(self.resource) & _RESTRICTED)

    @property
    def sensitive(self) -> bool:
        """Whether the source marks the person so that they are to be treated as not found (S)."""
        return bool(_labels(self.resource) & _SENSITIVE)

    def answers_to(self, name: str) -> bool:
        """Whether ``name`` is this person's id, reference, fullUrl or NHS number."""
        asked = name.strip()
        number = self.nhs_number
        if number is not None and asked.replace(" ", "") == number:
            return True
        return any(
            asked in (p.id, f"Patient/{p.id}" if p.id else None, p.url) for p in self.patients
        )


def _labels(resource: JsonObject) -> set[str]:
    return {
        word for label in objs(obj(resource.get("meta")).get("security")) for word in codes(label)
    }


def is_valid_nhs_number(number: str) -> bool:
    """Modulus 11 of the NHS Data Dictionary: weights 10 to 2, the check digit last, never 10."""
    if not _TEN_DIGITS.match(number):
        return False
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(number[:9]))
    return (11 - total % 11) % 11 == int(number[9])


def _nhs_identifier(resource: JsonObject) -> JsonObject | None:
    for identifier in objs(resource.get("identifier")):
        system = (string(identifier.get("system")) or "").strip().lower().rstrip("/")
        if system.endswith(("/nhs-number", _NHS_OID)) and string(identifier.get("value")):
            return identifier
    return None


def nhs_number(resource: JsonObject) -> str | None:
    """The NHS number of a Patient; spaces and dashes between its digits are only its spelling."""
    identifier = _nhs_identifier(resource)
    value = string(identifier.get("value")) if identifier else None
    if value is None:
        return None
    digits = re.sub(r"[\s-]", "", value)
    return digits if _TEN_DIGITS.match(digits) else value


def verified_as(resource: JsonObject) -> str | None:
    """As ``verification``, where UK Core's own word for a verified number is told as 01."""
    found = verification(resource)
    return VERIFIED if found == _UK_CORE_VERIFIED else found


def verification(resource: JsonObject) -> str | None:
    """The NHS number verification status code (01 is verified), lower case."""
    identifier = _nhs_identifier(resource)
    return code(extension(identifier, "NHSNumberVerificationStatus")) if identifier else None


def persons(index: Index) -> tuple[Person, ...]:
    """The persons of a source, in the order of the file.

    One NHS number and no other birth date, or one and the same content, is one person.
    """
    patients = index.of("Patient")
    born_first: dict[str, str | None] = {}
    groups: dict[tuple[str | None, str | None], list[Found]] = {}
    for found in patients:
        number, born = nhs_number(found.resource), string(found.resource.get("birthDate"))
        if number is not None:
            first = born_first.setdefault(number, born)
            told = first if None in (born, first) else born
        else:
            told = jcs(found.resource).decode() if len(patients) > 1 else None
        groups.setdefault((number, told), []).append(found)
    return tuple(
        Person(tuple(sorted(g, key=lambda f: (f.container is not None, -len(f.resource)))))
        for g in groups.values()
    )


def current_name(resource: JsonObject) -> JsonObject:
    """The first of the names in use, an empty one where there is none."""
    return next(iter(names_in_use(resource)), {})


def names_in_use(resource: JsonObject) -> list[JsonObject]:
    """The names in use: usual, then official; old and ended ones only where nothing else stands."""
    names = objs(resource.get("name"))
    current = [n for n in names if code(n.get("use")) not in ("old", "maiden") and not _ended(n)]
    return sorted(current or names, key=lambda n: _NAME_ORDER.get(code(n.get("use")), 6))


def _ended(value: JsonObject) -> bool:
    return dates.period(value.get("period"))[1] is not None


def subject(resource: JsonObject) -> dict[str, Json]:
    """The identifying fields that every record carries; a wrong NHS number is left out."""
    name = current_name(resource)
    number = nhs_number(resource)
    identity: dict[str, Json] | None = None
    if number is not None and is_valid_nhs_number(number):
        identity = plain(value=number, verificationStatus=verified_as(resource))
    return plain(
        nhsNumber=identity,
        familyName=" ".join(strings(name.get("family"))) or None,
        givenNames=strings(name.get("given")),
        birthDate=birth_date(resource),
    )


def birth_date(resource: JsonObject) -> str | None:
    """The date of birth without a time of day."""
    found = dates.normal(string(resource.get("birthDate")))
    return found[:10] if found else None


def deceased(resource: JsonObject) -> bool:
    """Whether the source says that the person has died: a flag, a date or a notification."""
    if flag(resource.get("deceasedBoolean")) is True:
        return True
    if string(resource.get("deceasedDateTime")) is not None:
        return True
    notice = extension(resource, "DeathNotificationStatus", "deathNotificationStatus")
    # PDS: 1 informal, 2 formal notice of death, U notice removed.
    return code(notice) in ("1", "2")


def report(person: Person) -> dict[str, Json]:
    """What the extraction report says of ``person``."""
    resource, number = person.resource, person.nhs_number
    name = current_name(resource)
    return {
        "id": person.patients[0].id,
        "nhsNumber": number,
        "nhsNumberValid": is_valid_nhs_number(number) if number is not None else None,
        "verificationStatus": verification(resource),
        "familyName": " ".join(strings(name.get("family"))) or None,
        "givenNames": strings(name.get("given")),
        "name": string(name.get("text")),
        "birthDate": birth_date(resource) or string(resource.get("birthDate")),
        "gender": string(resource.get("gender")),
        "deceased": deceased(resource),
        "restricted": person.restricted or person.sensitive,
    }
