"""One entry of a section as it was understood, and the buckets it can fall into.

What is *not* here: the rules of a section (one file each) and the state of a section (states.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from healthpassport.encoding import Json, JsonObject

from .negation import Kind, Negation
from .source import Found
from .values import Concept


class Bucket(StrEnum):
    """Where an entry belongs; the rules are in the files of the sections, first match wins."""

    IN_ERROR = "in_error"
    REFUTED = "refuted"
    NOT_GIVEN = "not_given"
    NEGATED = "negated"
    ABSENT_INFO = "absent_info"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    PLANNED = "planned"
    INACTIVE = "inactive"
    UNKNOWN_STATUS = "unknown_status"


NEGATION_BUCKETS = {Kind.NEGATED: Bucket.NEGATED, Kind.ABSENT_INFO: Bucket.ABSENT_INFO}
IN_ERROR = frozenset({"entered-in-error", "entered in error", "nullified"})


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One resource of a section: its concept, date, status words, bucket and where it stands.

    ``part`` is the part of the resource that tells of the entry, where that is not all of it.
    """

    found: Found
    section: str
    bucket: Bucket
    concept: Concept
    date: str | None = None
    status: str | None = None
    verification: str | None = None
    negation: Negation | None = None
    value: str | None = None
    part: JsonObject | None = None

    def report(self) -> dict[str, Json]:
        """The item of the extraction report (clinical.md "The extraction report")."""
        found: dict[str, Json] = {
            "codings": [list(coding) for coding in self.concept.codings],
            "text": self.concept.name,
            "date": self.date,
            "status": self.status,
            "verification": self.verification,
        }
        return found if self.value is None else {**found, "value": self.value}


@dataclass(frozen=True, slots=True)
class Details:
    """What a record says of an entry: ``unit`` stays together, each of ``fields`` stands alone."""

    unit: Mapping[str, Json]
    fields: Mapping[str, Json]
