"""Immunization of R4 and STU3: its bucket, and what a record says of it.

NHS sources may give ``vaccineCode`` UNK and name the vaccination in the VaccinationProcedure
extension: both are kept. Not given is ``notGiven`` in STU3 and ``not-done`` in R4. What is *not*
here: recommendations, which say nothing of what was given.
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Details, Entry
from .negation import negation
from .source import Found
from .values import (
    NULL_FLAVOR,
    Concept,
    concept,
    extension,
    flag,
    obj,
    objs,
    plain,
    plain_codings,
    status,
    string,
)

SECTION: Final = "immunisations"
TYPES: Final = ("Immunization",)
_KNOWN: Final = frozenset({"completed", "not-done"}) | IN_ERROR
_NOT_GIVEN: Final = ("notGiven", "wasNotGiven")  # STU3, and its name before
GROUPS: Final = {
    Bucket.ACTIVE: "given",
    Bucket.NOT_GIVEN: "not_given",
    Bucket.UNKNOWN_STATUS: "unknown",
}


def procedure(resource: JsonObject) -> Concept:
    """The concept of the VaccinationProcedure extension."""
    return concept(extension(resource, "VaccinationProcedure"))


def _words(vaccine: Concept, given: Concept) -> Concept:
    """Both concepts in one, named after the procedure where the vaccine code names nothing."""
    joined = vaccine.plus(given)
    if given.name and not _names_a_vaccine(vaccine):
        return Concept(joined.codings, given.name, joined.absent)
    return joined


def _names_a_vaccine(vaccine: Concept) -> bool:
    """Whether ``vaccineCode`` is more than a null flavour such as UNK."""
    systems = [(coding.system or "").lower().replace("-", "") for coding in vaccine.codings]
    if systems:
        return any(NULL_FLAVOR not in system for system in systems)
    return vaccine.text is not None


def read(found: Found) -> Entry:
    """The entry of ``found``."""
    resource = found.resource
    named = _words(concept(resource.get("vaccineCode")), procedure(resource))
    state = status(resource.get("status"), _KNOWN)
    denied = negation(named, SECTION)
    if state in IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif state == "not-done" or any(flag(resource.get(name)) is True for name in _NOT_GIVEN):
        bucket = Bucket.NOT_GIVEN
    elif denied is not None:
        bucket = NEGATION_BUCKETS[denied.kind]
    elif state == "completed":
        bucket = Bucket.ACTIVE
    else:
        bucket = Bucket.UNKNOWN_STATUS
    return Entry(found, SECTION, bucket, named, when(resource), state, None, denied)


def when(resource: JsonObject) -> str | None:
    """The day of the vaccination: R4 occurrence[x], STU3 date, else when it was recorded."""
    return dates.first(
        resource, "occurrenceDateTime", "date", "occurrenceString", "occurrence", "recorded"
    ) or string(extension(resource, "DateRecorded"))


def details(entry: Entry) -> Details:
    """What the ImmunisationSummary says of ``entry``."""
    resource = entry.found.resource
    vaccine, given = concept(resource.get("vaccineCode")), procedure(resource)
    unit = plain(
        coding=plain_codings(vaccine),
        procedure=plain(text=given.name, coding=plain_codings(given)),
        group=GROUPS.get(entry.bucket),
        status=entry.status,
        notGiven=True if entry.bucket is Bucket.NOT_GIVEN else flag(resource.get("notGiven")),
        date=entry.date,
    )
    named = given.name is not None and _names_a_vaccine(vaccine)
    fields = plain(
        doseNumber=_dose_number(resource),
        product=vaccine.name if named else string(_display(resource.get("manufacturer"))),
        lot=string(resource.get("lotNumber")),
        site=concept(resource.get("site")).name,
        performer=_performer(resource),
    )
    return Details(unit, fields)


def _dose_number(resource: JsonObject) -> str | None:
    """R4 protocolApplied.doseNumber[x], STU3 vaccinationProtocol.doseSequence."""
    for protocol in objs(resource.get("protocolApplied")):
        for name in ("doseNumberPositiveInt", "doseNumberString", "doseNumber"):
            if (found := string(protocol.get(name))) is not None:
                return found
    protocols = objs(resource.get("vaccinationProtocol"))
    return next((n for p in protocols if (n := string(p.get("doseSequence")))), None)


def _performer(resource: JsonObject) -> str | None:
    rows = [*objs(resource.get("performer")), *objs(resource.get("practitioner"))]
    return next((d for row in rows if (d := string(obj(row.get("actor")).get("display")))), None)


def _display(value: Json) -> Json:
    return obj(value).get("display")
