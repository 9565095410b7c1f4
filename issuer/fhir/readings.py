"""How each section that is issued is told: which entries are its items, and what is said of each.

One row a section: a new record type needs its definition, a file that reads its resources, and a
row here. What is *not* here: what may be issued of what was read (issuer.records).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, TypeAlias

from . import (
    allergies,
    devices,
    directives,
    flags,
    immunisations,
    measures,
    medications,
    medicines,
    narratives,
    observations,
    people,
    problems,
    procedures,
    relations,
)
from .entries import Bucket, Details, Entry
from .references import Index

# What a record lists whatever its section; denials stand apart and the rest is never issued.
CURRENT: Final = frozenset(
    {Bucket.ACTIVE, Bucket.UNKNOWN_STATUS, Bucket.ON_HOLD, Bucket.PLANNED, Bucket.NOT_GIVEN}
)

Tell: TypeAlias = Callable[[Entry, Index], Details | None]
Choose: TypeAlias = Callable[[Iterable[Entry], Index, date], list[Entry]]


def _current(entries: Iterable[Entry], _index: Index, _day: date) -> list[Entry]:
    """What is not over: ended allergies are only counted, superseded plans never shown."""
    return [entry for entry in entries if entry.bucket in CURRENT]


def _with_past(entries: Iterable[Entry], _index: Index, _day: date) -> list[Entry]:
    return [e for e in entries if e.bucket in CURRENT or e.bucket is Bucket.INACTIVE]


@dataclass(frozen=True, slots=True)
class Reading:
    """How one section is told: ``tell`` gives None for an entry that cannot be told whole.

    ``coded`` is False where entries have no code by their nature, so that this is no warning.
    """

    tell: Tell
    choose: Choose = _current
    coded: bool = True


READINGS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        allergies.SECTION: Reading(lambda entry, _: allergies.details(entry)),
        medications.SECTION: Reading(medicines.details, medicines.listed),
        problems.SECTION: Reading(lambda entry, _: problems.details(entry), _with_past),
        immunisations.SECTION: Reading(lambda entry, _: immunisations.details(entry)),
        procedures.SECTION: Reading(lambda entry, _: procedures.details(entry)),
        devices.SECTION: Reading(devices.details, _with_past),
        observations.RESULTS: Reading(measures.results, measures.latest),
        observations.BLOOD_GROUP: Reading(measures.results, measures.latest),
        observations.PREGNANCY: Reading(measures.pregnancy, measures.latest_pregnancy),
        people.ADVANCE_CARE: Reading(directives.details),
        people.CONTACTS: Reading(relations.contact, relations.not_ended, coded=False),
        flags.ADJUSTMENTS: Reading(flags.need),
        narratives.SECTION: Reading(narratives.details, coded=False),
        relations.PROXIES: Reading(relations.proxy, relations.in_force, coded=False),
    }
)
