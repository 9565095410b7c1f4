"""Contacts (RelatedPerson, Patient.contact) and advance care (Consent, documents that hold one).

What is *not* here: proxies, whose authority is checked at every issue, and any reading of a
directive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from healthpassport.encoding import JsonObject

from . import dates
from .entries import IN_ERROR, Bucket, Entry
from .references import Index
from .values import Concept, codes, concept, flag, objs, seq, status, string, strings

CONTACTS: Final = "contacts"
ADVANCE_CARE: Final = "advance_care"
# HL7 consent scope and categories of advance directives; LOINC advance healthcare directives.
_DIRECTIVES: Final = frozenset({"adr", "acd", "dnr", "polst", "hcd", "42348-3"})
_BUCKETS: Final = {
    "active": Bucket.ACTIVE,
    "current": Bucket.ACTIVE,
    "draft": Bucket.PLANNED,
    "proposed": Bucket.PLANNED,
    "inactive": Bucket.INACTIVE,
    "rejected": Bucket.INACTIVE,
    "superseded": Bucket.INACTIVE,
}
_KNOWN: Final = frozenset(_BUCKETS) | IN_ERROR


def contacts(index: Index) -> Iterator[Entry]:
    """The people to call: RelatedPerson resources and the contacts in a Patient."""
    for found in index.of("RelatedPerson"):
        active = flag(found.resource.get("active"))
        bucket = Bucket.INACTIVE if active is False else Bucket.ACTIVE
        yield Entry(found, CONTACTS, bucket, _contact(found.resource))
    for found in index.of("Patient"):
        for contact in objs(found.resource.get("contact")):
            yield Entry(found, CONTACTS, Bucket.ACTIVE, _contact(contact), part=contact)


def _contact(holder: JsonObject) -> Concept:
    """The relationship's codes, and the name as text."""
    relations = [concept(value) for value in seq(holder.get("relationship"))]
    codings = tuple(coding for relation in relations for coding in relation.codings)
    name = next(iter(objs(holder.get("name"))), {})
    parts = [
        *strings(name.get("prefix")),
        *strings(name.get("given")),
        *strings(name.get("family")),
    ]
    words = string(name.get("text")) or " ".join(parts) or None
    return Concept(codings, words or next((r.name for r in relations if r.name), None))


def advance_care(index: Index) -> Iterator[Entry]:
    """Consents that are directives, and documents whose type says that they hold one."""
    for found in index.of("Consent", "DocumentReference"):
        resource = found.resource
        values = [*seq(resource.get("category")), resource.get("scope"), resource.get("type")]
        kinds = [concept(value) for value in values if value is not None]
        if not any(set(codes(value)) & _DIRECTIVES for value in values):
            continue
        state = status(resource.get("status"), _KNOWN)
        bucket = _BUCKETS.get(state or "", Bucket.UNKNOWN_STATUS)
        if state in IN_ERROR:
            bucket = Bucket.IN_ERROR
        named = next((k for k in kinds if not k.is_empty), Concept())
        when = dates.first(resource, "dateTime", "date", "created", "indexed")
        yield Entry(found, ADVANCE_CARE, bucket, named, when, state)
