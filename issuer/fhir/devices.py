"""Devices in or on the person: DeviceUseStatement, and a Device that names its patient.

The day of manufacture is not the day of an implant, so that a Device alone tells no day.

Most Device resources are authoring software: one that names no patient is none of theirs. What is
*not* here: requests for devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from healthpassport.encoding import JsonObject

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Details, Entry
from .negation import negation
from .references import Index
from .source import Found
from .values import Concept, concept, names, objs, plain, plain_codings, status, string

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
GROUPS: Final = {
    Bucket.ACTIVE: "current",
    Bucket.ON_HOLD: "on_hold",
    Bucket.PLANNED: "planned",
    Bucket.NOT_GIVEN: "not_done",
    Bucket.INACTIVE: "past",
    Bucket.UNKNOWN_STATUS: "unknown",
}
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


def details(entry: Entry, index: Index) -> Details:
    """What DeviceImplant says of ``entry``."""
    found = entry.found
    used = found.type in _USES
    target = index.resolve(found.resource.get("device"), found) if used else found
    device = target.resource if target is not None else {}
    unit = plain(
        coding=plain_codings(entry.concept),
        group=GROUPS.get(entry.bucket),
        status=entry.status,
        date=entry.date if used else None,
    )
    carriers = [*objs(device.get("udiCarrier")), *objs(device.get("udi"))]
    numbers = [string(c.get(n)) for n in ("carrierHRF", "deviceIdentifier") for c in carriers]
    model = [string(device.get(n)) for n in ("manufacturer", "modelNumber", "model")]
    fields = plain(
        udi=next((number for number in numbers if number), None),
        lot=string(device.get("lotNumber")),
        model=", ".join(word for word in model if word) or None,
        mriNote=names(device.get("safety")),
    )
    return Details(unit, fields)
