"""A Patient of the hospital's own server, as far as it says who somebody is (FHIR R4 section 8.1).

Rules: what cannot be read is absent, never guessed at; a patient that is replaced by another or is
not in use is no candidate. What is *not* here: comparing (``service.hospital_match``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
MAX_TEXT: Final = 200  # characters of a name or number
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")  # FHIR R4 section 2.24.0.1, id
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PAST: Final = frozenset({"old", "temp", "nickname", "anonymous"})


@dataclass(frozen=True, slots=True)
class HospitalPatient:
    """Who the hospital says that this is. Numbers are digits alone; all names that are in use."""

    id: str
    nhs_numbers: tuple[str, ...] = ()
    hospital_number: str = ""
    families: tuple[str, ...] = ()
    givens: tuple[tuple[str, ...], ...] = ()
    birth_date: str = ""

    @property
    def name(self) -> str:
        """The first name in use, for a person to read."""
        given = " ".join(self.givens[0]) if self.givens else ""
        family = self.families[0].upper() if self.families else ""
        return ", ".join(part for part in (family, given) if part)


def read_patient(resource: Mapping[str, Json], *, number_system: str) -> HospitalPatient | None:
    """The person of ``resource``; None for one that is not in use.

    Raises:
        ServiceError: ``hospital.answer`` for what is no Patient.
    """
    found = resource.get("id")
    if resource.get("resourceType") != "Patient" or not is_id(found):
        raise ServiceError("hospital.answer", "a search for patients found something else")
    if resource.get("active") is False or _is_replaced(resource):
        return None
    names = [n for n in _rows(resource.get("name")) if n.get("use") not in _PAST]
    born = resource.get("birthDate")
    numbers = (_digits(value) for value in _numbers(resource, NHS_NUMBER))
    own = _numbers(resource, number_system) if number_system else []
    return HospitalPatient(
        id=str(found),
        nhs_numbers=tuple(dict.fromkeys(number for number in numbers if number)),
        hospital_number=own[0] if own else "",
        families=tuple(text for n in names if (text := _text(n.get("family")))),
        givens=tuple(given for n in names if (given := _given(n.get("given")))),
        birth_date=born if isinstance(born, str) and _DATE.fullmatch(born) else "",
    )


def is_id(value: Json) -> bool:
    """Whether ``value`` can stand in an address as the id of a resource."""
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _is_replaced(resource: Mapping[str, Json]) -> bool:
    return any(link.get("type") == "replaced-by" for link in _rows(resource.get("link")))


def _numbers(resource: Mapping[str, Json], system: str) -> list[str]:
    rows = [row for row in _rows(resource.get("identifier")) if row.get("system") == system]
    return [text for row in rows if row.get("use") != "old" and (text := _text(row.get("value")))]


def _given(value: Json) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(text for one in found if (text := _text(one)))


def _text(value: Json) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= MAX_TEXT else ""


def _digits(value: str) -> str:
    return "".join(c for c in value if c.isascii() and c.isdigit())


def _rows(value: Json) -> list[Mapping[str, Json]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
