"""A patient's record summary as plain frozen values, the same for every record type.

A ``Record`` is one section of one person's record (allergies, medicines, ...) as one source knew it
at one time. Its shape is data (``schemas/records``), so there is no class per type. What is *not*
here: FHIR (issuer.fhir reads it) and credential formats (healthpassport.formats writes them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from healthpassport.encoding import Json


class SectionState(StrEnum):
    """What a source says about a section as a whole: exactly one of these (clinical.md)."""

    ITEMS = "items"
    NONE_KNOWN = "none_known"
    NO_INFORMATION = "no_information"
    NOT_RECORDED = "not_recorded"
    WITHHELD = "withheld"
    NARRATIVE_ONLY = "narrative_only"
    ONLY_INACTIVE = "only_inactive"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record was read: ODS code and name of the organisation, name of its system."""

    ods: str
    name: str
    system: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: ``unit`` can never be taken apart, each of ``fields`` can be held back alone."""

    unit: Mapping[str, Json]
    fields: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One section of one person's record, ready to be issued in any format.

    ``type`` names a definition of ``schemas/records``. ``as_of`` is the day for which the source
    vouches. ``subject`` holds the identifying fields, ``always`` the members of this type that
    cannot be hidden beside the common ones, ``negations`` the rows that assert an absence.
    """

    type: str
    source: Source
    state: SectionState
    as_of: date
    window: str = "all"
    warnings: tuple[str, ...] = ()
    subject: Mapping[str, Json] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    negations: tuple[Item, ...] = ()
    always: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatientSummary:
    """All records that one source holds of one person, in the order of ``schemas/records``."""

    records: tuple[Record, ...]

    def record(self, record_type: str) -> Record | None:
        """The record of ``record_type``, or None where the source gave none."""
        return next((r for r in self.records if r.type == record_type), None)
