"""AllergyIntolerance of R4 and STU3: its bucket, and what a record says of it.

An allergy that a List of ended allergies holds is inactive whatever its own status says, for GP
Connect moves it there. What is *not* here: which Lists are such (lists.py).
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Details, Entry
from .negation import negation
from .source import Found
from .values import Concept, codes, concept, objs, plain, plain_codings, status, string

SECTION: Final = "allergies"
TYPES: Final = ("AllergyIntolerance",)
_INACTIVE: Final = frozenset({"inactive", "resolved"})
_KNOWN: Final = _INACTIVE | IN_ERROR | {"active"}
_VERIFIED: Final = frozenset({"confirmed", "unconfirmed", "presumed", "refuted"}) | IN_ERROR


def read(found: Found, *, ended: bool) -> Entry:
    """The entry of ``found``; ``ended`` says that a List of ended allergies holds it."""
    resource = found.resource
    named = _concept(resource)
    clinical = status(resource.get("clinicalStatus"), _KNOWN)
    verified = status(resource.get("verificationStatus"), _VERIFIED)
    denied = negation(named, SECTION)
    marks = {clinical, verified, status(resource.get("status"), _KNOWN)}
    if marks & IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif verified == "refuted":
        bucket = Bucket.REFUTED
    elif clinical in _INACTIVE or ended:
        bucket = Bucket.INACTIVE
    elif denied is not None:
        bucket = NEGATION_BUCKETS[denied.kind]
    elif clinical == "active":
        bucket = Bucket.ACTIVE
    else:
        bucket = Bucket.UNKNOWN_STATUS
    shown = status(resource.get("status"), _KNOWN) if clinical is None else clinical
    when = dates.first(resource, "onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate")
    return Entry(found, SECTION, bucket, named, when, shown, verified, denied)


def _concept(resource: JsonObject) -> Concept:
    """``code``; where it names nothing, the substances of the reactions (FHIR R4 section 9.1.3)."""
    named = concept(resource.get("code"))
    if not named.is_empty or named.absent:
        return named
    substances = [resource.get("substance")]
    substances += [reaction.get("substance") for reaction in objs(resource.get("reaction"))]
    shown = [c for s in substances if not (c := concept(s)).is_empty]
    if len(shown) <= 1:
        return shown[0] if shown else named
    codings = dict.fromkeys(coding for c in shown for coding in c.codings)
    return Concept(tuple(codings), ", ".join(dict.fromkeys(c.name for c in shown if c.name)))


def details(entry: Entry) -> Details | None:
    """What the AllergySummary says of ``entry``; None where it is over by another member only.

    Before STU3 ``status`` held such words: that an allergy has ended is not taken from it, and an
    ended one is not listed as current.
    """
    if entry.status in _INACTIVE and entry.bucket is Bucket.UNKNOWN_STATUS:
        return None
    resource = entry.found.resource
    unit = plain(
        coding=plain_codings(entry.concept),
        clinicalStatus=entry.status,
        verificationStatus=entry.verification,
        type=next(iter(codes(resource.get("type"))), None),
        category=[word for value in _list(resource, "category") for word in codes(value)],
        criticality=next(iter(codes(resource.get("criticality"))), None),
        reaction=[found for r in objs(resource.get("reaction")) if (found := _reaction(r))],
    )
    onset = dates.first(resource, "onsetDateTime", "onsetPeriod", "onsetString", "onsetAge")
    recorder = string(_display(resource.get("recorder")) or _display(resource.get("asserter")))
    return Details(unit, plain(onset=onset, recorder=recorder))


def _list(resource: JsonObject, name: str) -> list[Json]:
    value = resource.get(name)
    return list(value) if isinstance(value, list) else [value]


def _display(value: Json) -> Json:
    return value.get("display") if isinstance(value, dict) else None


def _reaction(reaction: JsonObject) -> dict[str, Json]:
    """Manifestations with the reaction's severity, which never part (clinical.md rule 2)."""
    raw = reaction.get("manifestation")
    shown = [concept(value) for value in (raw if isinstance(raw, list) else [raw])]
    names = [c.name for c in shown if c.name]
    words = string(reaction.get("description"))
    text = ", ".join(dict.fromkeys(names)) or words
    if names and words and words not in names:
        text = f"{text} ({words})"
    found = plain(
        text=text,
        coding=[coding for c in shown for coding in plain_codings(c)],
        severity=next(iter(codes(reaction.get("severity"))), None),
    )
    return found if "text" in found or "severity" in found else {}
