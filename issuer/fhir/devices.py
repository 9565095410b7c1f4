"""Devices in or on the person: DeviceUseStatement, and a Device that names its patient.

Most Device resources are authoring software: one that names no patient is none of theirs. What is
*not* here: requests for devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from healthpassport.encoding import JsonObject

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Entry
from .negation import negation
from .references import Index
from .source import Found
from .values import Concept, concept, objs, status, string

SECTION: Final = "devices"
_USES: Final = ("DeviceUseStatement", "DeviceUsage")
_BUCKETS: Final = {
    "active": Bucket.ACTIVE,
    "on-hold": Bucket.ON_HOLD,
    "intended": Bucket.PLANNED,
    "available": Bucket.ACTIVE,
    "completed": Bucket.INACTIVE,
    "inactive": Bucket.INACTIVE,
    "stopped": Bucket.INACTIVE,
    "not-done": Bucket.NOT_GIVEN,
}
_KNOWN: Final = frozenset(_BUCKETS) | IN_ERROR
_DATES: Final = ("timingDateTime", "timingPeriod", "whenUsed", "recordedOn", "dateAsserted")


def read_all(index: Index) -> Iterator[Entry]:
    """The devices of the persons; one that a statement speaks of is told by the statement."""
    told: set[int] = set()
    for found in index.of(*_USES):
        target = index.resolve(found.resource.get("device"), found)
        if target is not None:
            told.add(id(target))
        yield _entry(found, _used(found, target), dates.first(found.resource, *_DATES))
    for found in index.of("Device"):
        if id(found) not in told and found.resource.get("patient") is not None:
            yield _entry(
                found, _device(found.resource), dates.first(found.resource, "manufactureDate")
            )


def _used(found: Found, target: Found | None) -> Concept:
    if target is not None:
        return _device(target.resource)
    value = found.resource.get("device")
    named = concept(value.get("concept")) if isinstance(value, dict) else Concept()
    if named.is_empty and isinstance(value, dict):
        return Concept(text=string(value.get("display")))
    return named


def _device(resource: JsonObject) -> Concept:
    """The type; where there is none, the names of the device and its model."""
    named = concept(resource.get("type"))
    if not named.is_empty or named.absent:
        return named
    names = [string(n.get("name") or n.get("value")) for n in objs(resource.get("deviceName"))]
    names += [string(resource.get("model")), string(resource.get("modelNumber"))]
    return Concept(text=next((name for name in names if name), None))


def _entry(found: Found, named: Concept, when: str | None) -> Entry:
    state = status(found.resource.get("status"), _KNOWN)
    denied = negation(named, SECTION)
    if state in IN_ERROR:
        bucket = Bucket.IN_ERROR
    elif denied is not None:
        bucket = NEGATION_BUCKETS[denied.kind]
    else:
        bucket = _BUCKETS.get(state or "", Bucket.UNKNOWN_STATUS)
    return Entry(found, SECTION, bucket, named, when, state, None, denied)
