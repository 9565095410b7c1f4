"""FHIR R4 values from a record's own: concepts, dates, statuses, extensions.

Rules: codes and words go out as they came; what R4 has no place for is kept in an extension rather
than bent to fit; a date that FHIR cannot write stays in the source's own words. What is *not* here:
which member of which resource a field becomes (one file for each kind of resource).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from healthpassport.encoding import Json

Resource: TypeAlias = "dict[str, Json]"

OWN: Final = "https://passport.example/fhir/StructureDefinition/"
UK_CORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ORIGINAL: Final = "http://hl7.org/fhir/StructureDefinition/originalText"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
# FHIR R4 section 2.24.0.1, dateTime: a time of day needs seconds and a zone.
_DATE_TIME: Final = re.compile(
    r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
    r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?)?)?",
    re.ASCII,
)
# FHIR R4 section 2.24.0.1: uri, code and string.
_URI: Final = re.compile(r"\S+")
_CODE: Final = re.compile(r"\S+( \S+)*")
_WORDS: Final = re.compile(r".+", re.DOTALL)
_WHOLE_DAY: Final = len("2000-01-01")


def plain(**members: Json) -> Resource:
    """``members`` without those that hold nothing; False and 0 are something."""
    return {k: v for k, v in members.items() if v is not None and v not in ("", [], {})}


def string(value: Json) -> str | None:
    """``value`` where it is words, else nothing."""
    return value if isinstance(value, str) and value.strip() else None


def rows(value: Json) -> list[Mapping[str, Json]]:
    """The objects of a list."""
    known = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [row for row in known if isinstance(row, Mapping)]


def words(value: Json) -> Resource:
    """A concept that has words alone; empty where there are none."""
    return plain(text=string(value))


def concept(text: Json, coding: Json) -> Resource:
    """A CodeableConcept: every coding in its order, and the source's own text."""
    return plain(coding=[_coding(row) for row in rows(coding)], text=string(text))


def _coding(row: Mapping[str, Json]) -> Resource:
    """One Coding as it came.

    A system or code that FHIR cannot write stays in an extension, without the blanks around it
    beside that.
    """
    kept: list[Json] = []
    made: Resource = {}
    for name, form in (("system", _URI), ("code", _CODE), ("display", _WORDS)):
        value = string(row.get(name))
        if value is not None and form.fullmatch(value.strip()):
            made[name] = value if form.fullmatch(value) else value.strip()
        if name in row and made.get(name) != value:
            kept.append(extension(f"source-{name}", valueString=value or "(blank)"))
    return {**plain(extension=kept), **made}


def coded(value: Json, system: str, known: frozenset[str]) -> Resource:
    """A concept of a required code list; a word that the list lacks stays a word."""
    text = string(value)
    if text is None:
        return {"extension": [absent()]}
    if text not in known:
        return {"extension": [absent()], "text": text}
    return {"coding": [{"system": system, "code": text}]}


def status(value: Json, known: frozenset[str], otherwise: str | None) -> Resource:
    """The members ``status`` of a resource; ``otherwise`` is said where R4 lacks the word.

    The source's own word then stands in an extension; without any word nothing is claimed.
    """
    text = string(value)
    if text in known:
        return {"status": text}
    kept: list[Json] = [absent()] if otherwise is None else []
    if text is not None:
        kept.append(extension("source-status", valueString=text))
    return {**plain(status=otherwise), **plain(_status={"extension": kept} if kept else None)}


def absent(why: str = "unknown") -> Resource:
    """The extension that says why a value is not there."""
    return {"url": ABSENT, "valueCode": why}


def code_value(value: str) -> Resource:
    """The value of an extension: a code where it can be one, else words."""
    return {"valueCode" if _CODE.fullmatch(value) else "valueString": value}


def extension(name: str, **value: Json) -> Resource:
    """An extension of our own; docs/verifier.md lists them."""
    return {"url": OWN + name, **value}


def moment(name: str, value: Json, *, in_words: str | None = None) -> Resource:
    """The date ``value`` as the member ``name``, never completed and never cut unsaid.

    What FHIR cannot write goes into ``in_words``, or where there is no such member beside the day,
    as far as there is one, in the source's own words.
    """
    text = string(value)
    if text is None:
        return {}
    if _DATE_TIME.fullmatch(text) and _exists(text[:_WHOLE_DAY]):
        return {name: text}
    if in_words is not None:
        return {in_words: text}
    day = text[:_WHOLE_DAY]
    kept: Resource = {"extension": [{"url": ORIGINAL, "valueString": text}]}
    known = len(day) == _WHOLE_DAY and _DATE_TIME.fullmatch(day) and _exists(day)
    return {**({name: day} if known else {}), f"_{name}": kept}


def _exists(text: str) -> bool:
    if len(text) < _WHOLE_DAY:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def reference(url: str) -> Resource:
    """A reference to a resource of the same document."""
    return {"reference": url}


def named(value: Json) -> Resource | None:
    """A reference that is only a name."""
    text = string(value)
    return {"display": text} if text else None


def organisation_code(ods: Json) -> Resource | None:
    """A reference to an organisation by its ODS code."""
    text = string(ods)
    return {"identifier": {"system": ODS, "value": text}} if text else None
