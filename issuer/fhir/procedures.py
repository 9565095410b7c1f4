"""Procedure of R4 and STU3: its bucket. What is *not* here: requests for procedures."""

from __future__ import annotations

from typing import Final

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Entry
from .negation import negation
from .source import Found
from .values import concept, flag, status

SECTION: Final = "procedures"
TYPES: Final = ("Procedure",)
_NOT_DONE: Final = frozenset({"not-done", "aborted", "suspended"})
_PLANNED: Final = frozenset({"preparation", "draft", "intended"})
_KNOWN: Final = _NOT_DONE | _PLANNED | IN_ERROR | {"completed"}
_DATES: Final = ("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod")


def read(found: Found) -> Entry:
    """The entry of ``found``."""
    resource = found.resource
    named = concept(resource.get("code"))
    state = status(resource.get("status"), _KNOWN)
    denied = negation(named, SECTION)
    if state in IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif state in _NOT_DONE or flag(resource.get("notDone")) is True:
        bucket = Bucket.NOT_GIVEN
    elif denied is not None:
        bucket = NEGATION_BUCKETS[denied.kind]
    elif state == "completed":
        bucket = Bucket.ACTIVE
    else:
        bucket = Bucket.PLANNED if state in _PLANNED else Bucket.UNKNOWN_STATUS
    when = dates.first(resource, *_DATES, "performedString", "recorded")
    return Entry(found, SECTION, bucket, named, when, state, None, denied)
