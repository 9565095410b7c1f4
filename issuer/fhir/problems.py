"""Condition of R4 and STU3: its bucket, and what a record says of it.

An abatement date on an active problem is flagged, never reinterpreted. What is *not* here: family
history and observations, which are no problems of the person.
"""

from __future__ import annotations

from typing import Final

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Details, Entry
from .negation import negation
from .source import Found
from .values import codes, concept, extension, plain, plain_codings, seq, status, string

SECTION: Final = "problems"
TYPES: Final = ("Condition",)
_ACTIVE: Final = frozenset({"active", "recurrence", "relapse"})
_INACTIVE: Final = frozenset({"inactive", "remission", "resolved"})
_KNOWN: Final = _ACTIVE | _INACTIVE | IN_ERROR
_VERIFIED: Final = (
    frozenset({"confirmed", "unconfirmed", "provisional", "differential", "refuted", "unknown"})
    | IN_ERROR
)
_ABATEMENT: Final = ("abatementDateTime", "abatementPeriod", "abatementString", "abatementAge")
_ABATED: Final = (*_ABATEMENT, "abatementRange", "abatementBoolean")
GROUPS: Final = {
    Bucket.ACTIVE: "current",
    Bucket.INACTIVE: "past",
    Bucket.UNKNOWN_STATUS: "unknown",
}


def read(found: Found) -> Entry:
    """The entry of ``found``."""
    resource = found.resource
    named = concept(resource.get("code"))
    clinical = status(resource.get("clinicalStatus"), _KNOWN)
    verified = status(resource.get("verificationStatus"), _VERIFIED)
    denied = negation(named, SECTION)
    marks = {clinical, verified, status(resource.get("status"), _KNOWN)}
    if marks & IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif verified == "refuted":
        bucket = Bucket.REFUTED
    elif denied is not None:
        bucket = NEGATION_BUCKETS[denied.kind]
    elif clinical in _ACTIVE:
        bucket = Bucket.ACTIVE
    elif clinical in _INACTIVE:
        bucket = Bucket.INACTIVE
    else:
        bucket = Bucket.UNKNOWN_STATUS
    when = dates.first(resource, "onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate")
    return Entry(found, SECTION, bucket, named, when, clinical, verified, denied)


def abated(entry: Entry) -> bool:
    """Whether an active problem carries an end, which somebody should look at."""
    resource = entry.found.resource
    return entry.bucket is Bucket.ACTIVE and any(
        resource.get(name) not in (None, False) for name in _ABATED
    )


def details(entry: Entry) -> Details:
    """What the ProblemSummary says of ``entry``."""
    resource = entry.found.resource
    significance = string(extension(resource, "ProblemSignificance"))
    unit = plain(
        coding=plain_codings(entry.concept),
        group=GROUPS.get(entry.bucket),
        clinicalStatus=entry.status,
        verificationStatus=entry.verification,
        significance=significance or next(iter(codes(extension(resource, "Significance"))), None),
    )
    sites = [concept(value).name for value in seq(resource.get("bodySite"))]
    fields = plain(
        onset=dates.first(resource, "onsetDateTime", "onsetPeriod", "onsetString"),
        abatement=dates.first(resource, *_ABATEMENT[:3]),
        severity=concept(resource.get("severity")).name,
        bodySite=", ".join(name for name in sites if name) or None,
    )
    return Details(unit, fields)
