"""Procedure of R4 and STU3: its bucket, and what a record says of it.

What is *not* here: requests for procedures.
"""

from __future__ import annotations

from typing import Final

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Details, Entry
from .negation import negation
from .source import Found
from .values import concept, flag, names, plain, plain_codings, status
from .values import performer as performed_by

SECTION: Final = "procedures"
TYPES: Final = ("Procedure",)
_NOT_DONE: Final = frozenset({"not-done", "aborted", "suspended"})
_UNDONE: Final = ("notDone", "notPerformed")  # STU3, and its name before
_PLANNED: Final = frozenset({"preparation", "draft", "intended"})
_KNOWN: Final = _NOT_DONE | _PLANNED | IN_ERROR | {"completed"}
GROUPS: Final = {
    Bucket.ACTIVE: "done",
    Bucket.PLANNED: "planned",
    Bucket.NOT_GIVEN: "not_done",
    Bucket.UNKNOWN_STATUS: "unknown",
}
_DATES: Final = ("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod")


def read(found: Found) -> Entry:
    """The entry of ``found``."""
    resource = found.resource
    named = concept(resource.get("code"))
    state = status(resource.get("status"), _KNOWN)
    denied = negation(named, SECTION)
    if state in IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif state in _NOT_DONE or any(flag(resource.get(name)) is True for name in _UNDONE):
        bucket = Bucket.NOT_GIVEN
    elif denied is not None:
        bucket = NEGATION_BUCKETS[denied.kind]
    elif state == "completed":
        bucket = Bucket.ACTIVE
    else:
        bucket = Bucket.PLANNED if state in _PLANNED else Bucket.UNKNOWN_STATUS
    when = dates.first(resource, *_DATES, "performedString", "recorded")
    return Entry(found, SECTION, bucket, named, when, state, None, denied)


def details(entry: Entry) -> Details:
    """What the ProcedureSummary says of ``entry``."""
    resource = entry.found.resource
    unit = plain(
        coding=plain_codings(entry.concept),
        group=GROUPS.get(entry.bucket),
        status=entry.status,
        date=entry.date,
    )
    fields = plain(
        bodySite=names(resource.get("bodySite")),
        outcome=concept(resource.get("outcome")).name,
        performer=performed_by(resource),
    )
    return Details(unit, fields)
