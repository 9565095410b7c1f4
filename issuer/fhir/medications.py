"""MedicationStatement and MedicationRequest of R4 and STU3: buckets, plumbing and events.

GP Connect sends a medicine in threes (statement, plan, order): what a statement is based on, and an
order that is based on a plan, is plumbing and never counted. Dispenses and administrations are
events. What is *not* here: what a record says of a medicine (medicines.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import IN_ERROR, NEGATION_BUCKETS, Bucket, Entry
from .negation import Negation, negation
from .references import Index
from .source import Found
from .values import Concept, concept, flag, obj, objs, seq, status, string

SECTION: Final = "medications"
PLUMBING: Final = "medication_plumbing"
EVENTS: Final = "medication_events"
STATEMENTS: Final = ("MedicationStatement", "MedicationUsage")
REQUESTS: Final = ("MedicationRequest", "MedicationOrder", "MedicationPrescription")
EVENT_TYPES: Final = ("MedicationDispense", "MedicationAdministration")

_ACTIVE: Final = frozenset({"active", "in-progress"})
_ON_HOLD: Final = frozenset({"on-hold"})
_PLANNED: Final = frozenset({"intended", "draft", "preparation"})
_INACTIVE: Final = frozenset({"completed", "stopped", "cancelled", "ended", "declined"})
# R4; an administration of STU3; both as they were called before.
_NOT_GIVEN: Final = ("doNotPerform", "notGiven", "wasNotTaken", "wasNotGiven")
_NOT_TAKEN: Final = frozenset({"not-taken", "not-done"})
_KNOWN: Final = _ACTIVE | _ON_HOLD | _PLANNED | _INACTIVE | _NOT_TAKEN | IN_ERROR
_MEDICINE: Final = ("medicationCodeableConcept", "medicationReference", "medication")
_ORDERS: Final = frozenset(
    {"order", "original-order", "reflex-order", "filler-order", "instance-order"}
)
_DATES: Final = (
    *("effectiveDateTime", "effectivePeriod", "authoredOn", "dateAsserted", "dateWritten"),
    *("whenHandedOver", "whenPrepared", "occurrenceDateTime", "occurencePeriod"),
)
MAX_INGREDIENTS: Final = 20


def read_all(index: Index) -> Iterator[Entry]:
    """The entries of all medicine resources, plumbing and events in their own sections."""
    plumbing = _plumbing(index)
    for found in index.of(*STATEMENTS, *REQUESTS):
        yield _read(found, index, PLUMBING if id(found) in plumbing else SECTION)
    for found in index.of(*EVENT_TYPES):
        yield _read(found, index, EVENTS)


def _plumbing(index: Index) -> set[int]:
    """Requests that a statement is based on, and orders that are based on a plan."""
    requests = index.of(*REQUESTS)
    known = {id(found) for found in requests}
    inner: set[int] = set()
    for statement in index.of(*STATEMENTS):
        for target in _targets(statement, index, "basedOn", "derivedFrom"):
            if id(target) in known:
                inner.add(id(target))
    for request in requests:
        if intent(request.resource) in _ORDERS:
            bases = _targets(request, index, "basedOn")
            if any(id(b) in known and intent(b.resource) == "plan" for b in bases):
                inner.add(id(request))
    return inner


def _targets(found: Found, index: Index, *names: str) -> Iterator[Found]:
    for name in names:
        for reference in seq(found.resource.get(name)):
            if (target := index.resolve(reference, found)) is not None:
                yield target


def intent(resource: JsonObject) -> str | None:
    """The intent of a request, which tells a plan from an order and a proposal."""
    text = string(resource.get("intent"))
    return text.strip().lower() if text else None


def medicine(found: Found, index: Index) -> Concept:
    """The medicine of ``found``: a concept, a Medication wherever it stands, or its ingredients."""
    for name in _MEDICINE:
        value = found.resource.get(name)
        if value is None:
            continue
        named = _inline(value)
        if not named.is_empty or named.absent:
            return named
        target = index.resolve(value, found)
        if target is not None and target.type == "Medication":
            if id(target) not in index.medicines:  # many statements may name one Medication
                index.medicines[id(target)] = _of_medication(target, index)
            named = index.medicines[id(target)]
            if not named.is_empty or named.absent:
                return named
        if (display := string(obj(value).get("display"))) is not None:
            return Concept(text=display)
    return Concept()


def _inline(value: Json) -> Concept:
    """The concept that stands in ``value`` itself; the display of a Reference is none.

    R5's CodeableReference holds its concept one level deeper.
    """
    inner = obj(value)
    if "concept" in inner:
        return concept(inner.get("concept"))
    named = concept(value)
    is_reference = inner and not inner.keys() & {"coding", "text", "code"}
    return Concept(absent=named.absent) if is_reference else named


def _of_medication(found: Found, index: Index) -> Concept:
    named = concept(found.resource.get("code"))
    if not named.is_empty or named.absent:
        return named
    parts = objs(found.resource.get("ingredient"))
    parts = parts or objs(obj(found.resource.get("product")).get("ingredient"))
    names = [_ingredient(part, found, index) for part in parts[:MAX_INGREDIENTS]]
    known = [c for c in names if not c.is_empty]
    words = " + ".join(c.name for c in known if c.name)
    return Concept(tuple(coding for c in known for coding in c.codings), words or None)


def _ingredient(part: JsonObject, found: Found, index: Index) -> Concept:
    for name in ("itemCodeableConcept", "itemReference", "item"):
        value = part.get(name)
        named = _inline(value)
        if not named.is_empty:
            return named
        target = index.resolve(value, found) if value is not None else None
        if target is not None and target is not found:
            named = concept(target.resource.get("code"))
            if not named.is_empty:
                return named
        if (display := string(obj(value).get("display"))) is not None:
            return Concept(text=display)
    return Concept()


def _read(found: Found, index: Index, section: str) -> Entry:
    resource = found.resource
    named = medicine(found, index)
    state = status(resource.get("status"), _KNOWN)
    denied = negation(named, SECTION)
    return Entry(
        found,
        section,
        _bucket(resource, state, denied),
        named,
        dates.first(resource, *_DATES),
        state,
        None,
        denied,
    )


def _bucket(resource: JsonObject, state: str | None, denied: Negation | None) -> Bucket:
    if state in IN_ERROR:
        return Bucket.IN_ERROR
    if _not_given(resource, state):
        return Bucket.NOT_GIVEN
    if denied is not None:
        return NEGATION_BUCKETS[denied.kind]
    for bucket, words in (
        (Bucket.ACTIVE, _ACTIVE),
        (Bucket.ON_HOLD, _ON_HOLD),
        (Bucket.PLANNED, _PLANNED),
    ):
        if state in words:
            return bucket
    if intent(resource) == "proposal":
        return Bucket.PLANNED
    return Bucket.INACTIVE if state in _INACTIVE else Bucket.UNKNOWN_STATUS


def _not_given(resource: JsonObject, state: str | None) -> bool:
    """R4 doNotPerform and not-taken, STU3 taken = n and notGiven, R5 adherence."""
    taken: Json = resource.get("taken")
    adherence = obj(resource.get("adherence")).get("code")
    return (
        state in _NOT_TAKEN
        or any(flag(resource.get(name)) is True for name in _NOT_GIVEN)
        or (isinstance(taken, str) and taken.strip().lower() == "n")
        or status(adherence, _NOT_TAKEN) in _NOT_TAKEN
    )
