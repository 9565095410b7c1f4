"""Results and pregnancy: a value with its comparator and unit, and the latest of each test.

Digits and words are the source's own; a value of a form that nobody here can tell whole refuses its
entry. What is *not* here: which Observation is a result at all (observations.py), and any judgement
of a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, TypeAlias

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import Bucket, Details, Entry
from .references import Index
from .source import Found
from .values import (
    concept,
    display,
    flag,
    names,
    obj,
    objs,
    performer,
    plain,
    plain_codings,
    seq,
    string,
)

_LISTED: Final = frozenset({Bucket.ACTIVE, Bucket.UNKNOWN_STATUS})
# LOINC, as the IPS uses them: estimated delivery date, by any method, by LMP and by ultrasound.
_DELIVERY_CODES: Final = frozenset({"11778-8", "11779-6", "11780-4"})

_Value: TypeAlias = dict[str, Json]


def results(entry: Entry, index: Index) -> Details | None:
    """What KeyResults says of ``entry``; None where its value or a part cannot be told whole."""
    resource = entry.found.resource
    value = _value(resource)
    parts = [_component(part) for part in objs(resource.get("component"))]
    known = [part for part in parts if part is not None]
    if value is None or len(known) != len(parts) or resource.get("focus"):
        return None  # ``focus``: it is not about the person (FHIR R4 section 10.1)
    unit = plain(
        coding=plain_codings(entry.concept),
        value=value,
        components=list(known),
        status=entry.status,
        date=entry.date,
        **_reading(resource),
        specimen=_specimen(entry.found, index),
        method=names(resource.get("method")),
    )
    return Details(unit, plain(performer=performer(resource)))


def has_comments(entry: Entry) -> bool:
    """Whether the laboratory wrote words beside the value, which no record carries."""
    return any(entry.found.resource.get(name) for name in ("note", "comment"))


def pregnancy(entry: Entry, index: Index) -> Details | None:
    """What PregnancyStatus says of ``entry``: a delivery date alone is a field of its own."""
    resource = entry.found.resource
    value = _value(resource)
    if value is None or resource.get("focus"):
        return None
    due = string(value.get("value")) if _is_delivery(entry) else None
    later = [m.resource for m in _members(entry, index)] + objs(resource.get("component"))
    days = (string((_value(part) or {}).get("value")) for part in later if _tells_delivery(part))
    unit = plain(
        coding=plain_codings(entry.concept),
        value={} if due else value,
        status=entry.status,
        date=entry.date,
    )
    return Details(unit, plain(edd=due or next((day for day in days if day), None)))


def latest(entries: Iterable[Entry], index: Index, _day: date) -> list[Entry]:
    """The latest of each test: all of its last day, those not final yet, and those without a day.

    Two results of one day are both kept: which of them counts is for a clinician to say.
    """
    kept = [entry for entry in entries if entry.bucket in _LISTED]
    newest: dict[object, date] = {}
    for entry in kept:
        when = dates.last_day(entry.date)
        if when is not None and entry.bucket is Bucket.ACTIVE:
            test = _test(entry, index)
            newest[test] = max(when, newest.get(test, when))
    return [e for e in kept if _is_recent(e, newest.get(_test(e, index)))]


def latest_pregnancy(entries: Iterable[Entry], index: Index, day: date) -> list[Entry]:
    """The latest of each kind, without delivery dates that an entry already carries."""
    kept = latest(entries, index, day)
    told = {id(member) for entry in kept for member in _members(entry, index)}
    return [e for e in kept if not (_is_delivery(e) and id(e.found) in told)]


def _is_recent(entry: Entry, newest: date | None) -> bool:
    when = dates.last_day(entry.date)
    return newest is None or when is None or when >= newest


def _test(entry: Entry, index: Index) -> tuple[object, ...]:
    """What makes two results the same test: code, else words, and what was tested and how."""
    resource = entry.found.resource
    codes = frozenset((c.system, c.code) for c in entry.concept.codings if c.code)
    return (
        entry.section,
        codes or (entry.concept.name or "").casefold(),
        _specimen(entry.found, index),
        names(resource.get("method")),
        names(resource.get("bodySite")),
    )


def _members(entry: Entry, index: Index) -> list[Found]:
    targets = (
        index.resolve(reference, entry.found)
        for reference in seq(entry.found.resource.get("hasMember"))
    )
    return [target for target in targets if target is not None]


def _is_delivery(entry: Entry) -> bool:
    return _tells_delivery(entry.found.resource)


def _tells_delivery(holder: JsonObject) -> bool:
    codings = concept(holder.get("code")).codings
    return any(coding.code in _DELIVERY_CODES for coding in codings)


def _reading(holder: JsonObject) -> _Value:
    """How a value is to be read: why it is absent, the usual range, the source's own verdict."""
    ranges = (_range(row) for row in objs(holder.get("referenceRange")))
    return plain(
        absentReason=concept(holder.get("dataAbsentReason")).name,
        referenceRange="; ".join(told for told in ranges if told),
        interpretation=names(holder.get("interpretation")),
    )


def _component(part: JsonObject) -> _Value | None:
    value, named = _value(part), concept(part.get("code"))
    if value is None or named.name is None:
        return None
    return plain(text=named.name, coding=plain_codings(named), value=value, **_reading(part))


def _specimen(found: Found, index: Index) -> str | None:
    reference = found.resource.get("specimen")
    target = index.resolve(reference, found) if reference is not None else None
    named = concept(target.resource.get("type")).name if target is not None else None
    return named or display(reference)


def _value(holder: JsonObject) -> _Value | None:
    """The value[x] of ``holder``: empty where there is none, None where it cannot be told whole."""
    held = [(n, v) for n, v in holder.items() if n.startswith("value") and v not in (None, "")]
    if not held:
        return {}
    name, value = held[0]
    read = _READERS.get(name)
    if read is None or len(held) > 1:
        return None
    return read(value) or None


def _quantity(value: Json) -> _Value:
    found = obj(value)
    number = string(found.get("value"))
    if number is None:
        return {}
    unit = string(found.get("unit")) or string(found.get("code"))
    return plain(comparator=string(found.get("comparator")), value=number, unit=unit)


def _words(value: Json) -> str | None:
    """A Quantity on one line."""
    found = _quantity(value)
    return " ".join(str(part) for part in found.values()) or None


def _range(value: Json) -> str | None:
    found = obj(value)
    low, high = _words(found.get("low")), _words(found.get("high"))
    told = f"{low} to {high}" if low and high else None
    told = told or (f"from {low}" if low else None) or (f"to {high}" if high else None)
    words = [
        names(found.get("type")),
        names(found.get("appliesTo")),
        told,
        string(found.get("text")),
    ]
    return ", ".join(word for word in words if word) or None


def _ratio(value: Json) -> _Value:
    top, bottom = _words(obj(value).get("numerator")), _words(obj(value).get("denominator"))
    return {"value": f"{top} : {bottom}"} if top and bottom else {}


def _concept(value: Json) -> _Value:
    found = concept(value)
    return plain(value=found.name, coding=plain_codings(found)) if found.name else {}


def _text(value: Json) -> _Value:
    return plain(value=string(value))


def _yes_or_no(value: Json) -> _Value:
    known = flag(value)
    return {} if known is None else {"value": "Yes" if known else "No"}


def _period(value: Json) -> _Value:
    start, end = dates.period(value)
    return {"value": f"{start or '...'} to {end or '...'}"} if start or end else {}


_READERS: Final[Mapping[str, Callable[[Json], _Value]]] = {
    "valueQuantity": _quantity,
    "valueCodeableConcept": _concept,
    "valueString": _text,
    "valueInteger": _text,
    "valueDecimal": _text,
    "valueDateTime": _text,
    "valueDate": _text,
    "valueTime": _text,
    "valueBoolean": _yes_or_no,
    "valueRange": lambda value: plain(value=_range(value)),
    "valueRatio": _ratio,
    "valuePeriod": _period,
}
