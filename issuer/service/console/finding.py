"""Finding a patient, and reading their record once it is sure whose it is.

Rules: what was read is compared with whom staff looked for, and another patient's record goes no
further; a file that is brought says nothing of itself until staff say whose it is; nobody is opened
by a number that the source does not call verified (``verified_numbers``). What is *not* here:
sources (``issuer.service.sources``) and FHIR.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError, SourceError
from healthpassport.record_words import VERIFIED
from issuer.client import Person
from issuer.client.people import folded
from issuer.service.reading import Reading, read_bundle, rules_of
from issuer.service.sources import SourceReference, kind_of, source
from issuer.service.verified_numbers import number_warnings

from .opening import Console
from .preparing import Preparation, Search, Who
from .readings import Notes, understood
from .staff import Action, StaffMember, require
from .trail import actor

ID_LENGTH: Final = 22  # characters of base64url: 132 random bits


@dataclass(frozen=True, slots=True)
class Read:
    """Notes that were read: of whom, what they are, and what was understood of them."""

    person: Who = field(repr=False)
    reading: Reading = field(repr=False)
    data: bytes = field(repr=False)
    subject: str | None
    at: datetime
    reference: SourceReference | None = field(default=None, repr=False)
    by_number: bool = False


def look_for(console: Console, who: StaffMember, person: Person) -> Search:
    """Everybody in the practice's record system who fits ``person``.

    Raises:
        ServiceError: ``staff.role``.
        SourceError: ``source.`` codes.
    """
    require(who, Action.PREPARE)
    issuer = console.issuer
    kind = kind_of(issuer)
    with issuer.audit.refusals("source.failed", who=actor(issuer, who)):
        found = source(issuer, kind).find(person)
    issuer.audit.write(
        "patient.looked_for",
        who=actor(issuer, who),
        subject=person.checked().nhs_number,
        found=len(found),
    )
    by_number = bool(person.nhs_number)
    search = Search(issuer.secret()[:ID_LENGTH], found, kind, _of(who), by_number)
    console.preparations.keep_search(search)
    return search


def open_found(console: Console, who: StaffMember, search: str, place: int) -> Preparation:
    """Read the record of whoever stands at ``place`` (from 0) of ``search``.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.full``.
        SourceError: ``console.other_patient``, ``offer.gone``, ``source.``, ``fhir.``.
    """
    return _opened(console, who, read_found(console, who, search, place))


def read_found(console: Console, who: StaffMember, search: str, place: int) -> Read:
    """As ``open_found``, for a look alone: nothing is prepared.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``.
        SourceError: ``console.other_patient``, ``offer.gone``, ``source.``, ``fhir.``.
    """
    require(who, Action.PREPARE)
    looked = console.preparations.searched(search, by=_of(who))
    if not 0 <= place < len(looked.found):
        raise ServiceError("console.gone")
    found = looked.found[place]
    data = source(console.issuer, looked.kind).read(found.name)
    expected = Who(found.family_name, found.given_names, found.birth_date, found.nhs_number)
    read = _read(console, data, found.subject, expected)
    told = dict(read.reading.summary.records[0].subject)
    key = console.issuer.secret()
    reference = SourceReference(looked.kind, found.name, found.subject, told, (), key)
    return replace(read, reference=reference, by_number=looked.by_number)


def open_file(
    console: Console, who: StaffMember, data: bytes, *, nhs_number: str = "", birth_date: str = ""
) -> Preparation:
    """Read a FHIR file that somebody brought, of the patient whom staff name.

    Raises:
        ServiceError: ``staff.role``, ``console.not_named``, ``console.file``, ``console.full``.
        SourceError: ``console.other_patient``, ``source.number``, ``source.number_not_verified``,
            ``offer.gone``, ``fhir.``.
    """
    require(who, Action.PREPARE)
    if not nhs_number.strip() and not birth_date:
        raise ServiceError("console.not_named")
    number = Person(nhs_number=nhs_number).checked().nhs_number if nhs_number.strip() else ""
    if not data:
        raise ServiceError("console.file")
    read = _read(console, data, None, Who("", (), birth_date, number))
    return _opened(console, who, replace(read, by_number=bool(number)))


def _of(who: StaffMember) -> str:
    return f"{who.way}:{who.subject}"


def _read(console: Console, data: bytes, subject: str | None, expected: Who) -> Read:
    issuer = console.issuer
    now = issuer.clock()
    reading = read_bundle(data, rules=rules_of(issuer.settings), subject=subject, now=now)
    if reading.gone:
        raise SourceError("offer.gone")
    return Read(_compared(reading, expected), reading, data, subject, now)


def _compared(reading: Reading, expected: Who) -> Who:
    """Who the record says it is of, where nothing of it differs from ``expected``."""
    subject = reading.summary.records[0].subject
    number = subject.get("nhsNumber")
    given = subject.get("givenNames")
    told = Who(
        family_name=_text(subject.get("familyName")),
        given_names=tuple(map(str, given)) if isinstance(given, list | tuple) else (),
        birth_date=_text(subject.get("birthDate")),
        nhs_number=_text(number.get("value")) if isinstance(number, dict) else "",
        number_verified=isinstance(number, dict) and number.get("verificationStatus") == VERIFIED,
    )
    pairs = (
        (expected.nhs_number, told.nhs_number),
        (expected.birth_date, told.birth_date),
        (folded(expected.family_name), folded(told.family_name)),
    )
    if any(wanted and wanted != found for wanted, found in pairs):
        raise SourceError("console.other_patient")
    return told


def _opened(console: Console, who: StaffMember, read: Read) -> Preparation:
    issuer = console.issuer
    person = Person(nhs_number=read.person.nhs_number) if read.by_number else None
    with issuer.audit.refusals("source.failed", who=actor(issuer, who)):
        number_warnings(
            read.reading.summary,
            person=person,
            verified_only=issuer.settings.verified_numbers_only,
        )
    made = Preparation(
        id=issuer.secret()[:ID_LENGTH],
        who=read.person,
        reading=read.reading,
        notes=Notes(read.subject, read.at, understood(read.reading)),
        source=read.reference.wire().decode() if read.reference else "",
        opened_by=who,
        opened_at=issuer.clock(),
    )
    console.preparations.add(made, read.data)
    by, about = actor(issuer, who), read.person.nhs_number or made.id
    issuer.audit.write("patient.opened", who=by, subject=about)
    return made


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
