"""Who a Patient is, for finding them: the NHS number and every name in use.

What is *not* here: whom somebody looks for, and comparing (``issuer.client.people``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import JsonObject
from healthpassport.errors import SourceError

from . import patients
from .patients import Person
from .references import Index
from .source import Defects, find_resources, read_json
from .values import code, objs, strings

_REPLACED: Final = frozenset({"replaced-by", "replace"})  # R4, STU3


@dataclass(frozen=True, slots=True)
class Demographics:
    """A person as one source has them; what it does not say is empty.

    ``id`` is what tells the person from the others of the same source. ``families`` and ``givens``
    are of every name in use, the current one first.
    """

    id: str
    nhs_number: str
    number_checked: bool
    families: tuple[str, ...]
    givens: tuple[tuple[str, ...], ...]
    birth_date: str
    gender: str
    gone: bool
    restricted: bool


def everybody(data: bytes) -> tuple[Demographics, ...]:
    """The people of the FHIR JSON ``data`` whom one may find; the order is that of the file.

    Someone marked S is not among them: they are treated as not found (clinical.md rule 6).

    Raises:
        SourceError: ``fhir.not_json``, ``fhir.too_large``, ``fhir.no_resource``.
    """
    defects = Defects()
    index = Index(find_resources(read_json(data, defects), defects))
    return tuple(demographics(one) for one in patients.persons(index) if not one.sensitive)


def one_patient(resource: JsonObject) -> Demographics | None:
    """The person of one Patient, None where they are replaced or treated as not found.

    Raises:
        SourceError: ``fhir.no_resource`` for what is no Patient.
    """
    if resource.get("resourceType") != "Patient":
        raise SourceError("fhir.no_resource", "no Patient stands where one belongs")
    if any(code(link.get("type")) in _REPLACED for link in objs(resource.get("link"))):
        return None
    found = patients.persons(Index(find_resources(resource, Defects())))
    return next((demographics(one) for one in found if not one.sensitive), None)


def demographics(person: Person) -> Demographics:
    """What the fullest Patient of ``person`` says."""
    resource = person.resource
    names = patients.names_in_use(resource)
    families = [" ".join(strings(name.get("family"))) for name in names]
    return Demographics(
        id=_id(person),
        nhs_number=person.nhs_number or "",
        number_checked=patients.verified_as(resource) == patients.VERIFIED,
        families=tuple(dict.fromkeys(filter(None, families))),
        givens=tuple(dict.fromkeys(tuple(strings(name.get("given"))) for name in names)),
        birth_date=patients.birth_date(resource) or "",
        gender=code(resource.get("gender")) or "",
        gone=person.deceased or not person.registered,
        restricted=person.restricted,
    )


def _id(person: Person) -> str:
    found = person.patients[0]
    return found.id or found.url or person.nhs_number or ""
