"""What a PatientIdentity record says of a person beside what every record carries.

What is *not* here: choosing the person (extraction.py) and refusing a restricted one
(issuer.records).
"""

from __future__ import annotations

from datetime import date
from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates, patients
from .organisations import ods_code
from .patients import Person
from .references import Index
from .values import code, concept, extension, obj, objs, plain, seq, string, strings

_GENDERS: Final = frozenset({"male", "female", "other", "unknown"})
_PHONE_ORDER: Final = {"mobile": 0, "home": 1, None: 2, "work": 3}
_ADULT, _YOUNG_ADULT = 18, 16


def fields(person: Person, index: Index, today: date) -> dict[str, Json]:
    """All identifying fields of ``person``, those of every record first."""
    resource = person.resource
    address = _address(resource)
    born = dates.day(patients.birth_date(resource))
    gender = code(resource.get("gender"))
    return {
        **patients.subject(resource),
        **plain(
            ageOver16=_is_over(born, _YOUNG_ADULT, today),
            ageOver18=_is_over(born, _ADULT, today),
            gender=gender if gender in _GENDERS else None,
            addressLines=_lines(address),
            postcode=string(address.get("postalCode")),
            phone=_phone(resource),
            gpPracticeOds=_practice(person, index),
            language=_language(resource),
        ),
    }


def _is_over(born: date | None, years: int, today: date) -> bool | None:
    """Whether ``years`` are complete; a birthday on 29 February counts from 1 March."""
    if born is None:
        return None
    return (today.year - born.year, today.month, today.day) >= (years, born.month, born.day)


def _address(resource: JsonObject) -> JsonObject:
    known = objs(resource.get("address"))
    current = [a for a in known if code(a.get("use")) not in ("old", "temp", "billing")]
    current = [a for a in current if dates.period(a.get("period"))[1] is None] or current
    home = [a for a in current if code(a.get("use")) == "home"]
    return next(iter([*home, *current]), {})


def _lines(address: JsonObject) -> list[str]:
    lines = strings(address.get("line"))
    places = [string(address.get(name)) for name in ("city", "district", "state")]
    found = [*lines, *(place for place in places if place)]
    text = string(address.get("text"))
    return list(dict.fromkeys(found)) or ([text] if text else [])


def _phone(resource: JsonObject) -> str | None:
    known = [
        t
        for t in objs(resource.get("telecom"))
        if code(t.get("system")) == "phone" and code(t.get("use")) != "old"
    ]
    ordered = sorted(known, key=lambda t: _PHONE_ORDER.get(code(t.get("use")), 4))
    return next((v for t in ordered if (v := string(t.get("value")))), None)


def _practice(person: Person, index: Index) -> str | None:
    found = person.patients[0]
    candidates = [*seq(found.resource.get("generalPractitioner"))]
    candidates.append(found.resource.get("managingOrganization"))
    return next((c for v in candidates if v and (c := ods_code(v, found, index))), None)


def _language(resource: JsonObject) -> str | None:
    rows = objs(resource.get("communication"))
    rows.sort(key=lambda row: row.get("preferred") is not True)
    spoken = next((n for row in rows if (n := concept(row.get("language")).name)), None)
    return spoken or concept(extension(obj(resource), "NHSCommunication", "language")).name
