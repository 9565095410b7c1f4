"""What records say of the people around a person: contacts to call, and proxies with their ground.

A proxy is told only by a Consent that names a RelatedPerson as its actor; its authority is looked
at anew at each issue. What is *not* here: whose entries they are (subjects.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import IN_ERROR, Bucket, Details, Entry
from .patients import birth_date
from .references import Index, address
from .source import Found
from .values import (
    Concept,
    concept,
    display,
    extension,
    names,
    obj,
    objs,
    plain,
    plain_codings,
    seq,
    status,
    string,
    strings,
)

PROXIES: Final = "proxies"
REVIEW_AGES: Final = (11, 16)  # clinical.md rule 13: the authority is looked at anew at these ages
_ADULT: Final = 18
_ROLES: Final = ("0131", "relatedpersonrole")  # v2-0131 and UK Core: what a contact is called for
_BUCKETS: Final = {
    "active": Bucket.ACTIVE,
    "draft": Bucket.PLANNED,
    "proposed": Bucket.PLANNED,
    "inactive": Bucket.INACTIVE,
    "rejected": Bucket.INACTIVE,
}
_KNOWN: Final = frozenset(_BUCKETS) | IN_ERROR


def contact(entry: Entry, _index: Index) -> Details:
    """What EmergencyContacts says of ``entry``, a RelatedPerson or a contact in a Patient."""
    holder = entry.found.resource if entry.part is None else entry.part
    relations = [concept(value) for value in seq(holder.get("relationship"))]
    roles = [relation for relation in relations if _is_role(relation)]
    others = [relation for relation in relations if relation not in roles]
    rank = extension(holder, "ContactRank")
    unit = plain(
        relationship=_relationship(others),
        rank=rank if isinstance(rank, int) and not isinstance(rank, bool) else None,
    )
    return Details(unit, plain(phone=_phone(holder), role=_joined(roles)))


def not_ended(entries: Iterable[Entry], _index: Index, day: date) -> list[Entry]:
    """Contacts that are still to be called on ``day``."""
    kept = []
    for entry in entries:
        holder = entry.found.resource if entry.part is None else entry.part
        end = dates.last_day(dates.period(holder.get("period"))[1])
        if entry.bucket is Bucket.ACTIVE and (end is None or end >= day):
            kept.append(entry)
    return kept


def proxies(index: Index) -> Iterator[Entry]:
    """Consents that name a RelatedPerson as the one who may act."""
    for found in index.of("Consent"):
        person = _actor(found, index)
        if person is not None:
            state = status(found.resource.get("status"), _KNOWN)
            bucket = _BUCKETS.get(state or "", Bucket.UNKNOWN_STATUS)
            if state in IN_ERROR:
                bucket = Bucket.IN_ERROR
            when = dates.first(found.resource, "dateTime")
            named = Concept(text=_name(person[1]) or display(person[0]))
            yield Entry(found, PROXIES, bucket, named, when, state, part=person[1])


def proxy(entry: Entry, _index: Index) -> Details | None:
    """What ProxyAuthority says of ``entry``; None where its rules are more than one grant."""
    resource = entry.found.resource
    rules = [*objs(resource.get("provision")), *objs(resource.get("except"))]
    denied = any(string(rule.get("type")) == "deny" or rule.get("provision") for rule in rules)
    if denied or len(rules) > 1 or entry.concept.is_empty:
        return None
    rule = rules[0] if rules else {}
    start, end = dates.period(rule.get("period") or resource.get("period"))
    relations = [concept(v) for v in seq(obj(entry.part).get("relationship"))]
    ground = [names(resource.get("policyRule")), names(resource.get("category"))]
    unit = plain(
        relationship=_relationship(relations),
        status=entry.status,
        scope=_scope(resource, rule),
        start=dates.normal(start) or start,
        end=dates.normal(end) or end,
        legalBasis="; ".join(word for word in ground if word) or None,
    )
    return Details(unit, {})


def in_force(
    entries: Iterable[Entry], index: Index, day: date, ages: tuple[int, ...] = REVIEW_AGES
) -> list[Entry]:
    """Authorities in force on ``day``: active, not ended, and looked at since the last birthday.

    At each of ``ages`` a young person's proxies stop until somebody has looked at them anew.
    """
    return [e for e in entries if e.bucket is Bucket.ACTIVE and _stands(e, index, day, ages)]


def _stands(entry: Entry, index: Index, day: date, ages: tuple[int, ...]) -> bool:
    resource = entry.found.resource
    holders = [resource, *objs(resource.get("provision"))]
    ends = [dates.last_day(dates.period(holder.get("period"))[1]) for holder in holders]
    if any(end is not None and end < day for end in ends):
        return False
    born = [dates.day(birth_date(found.resource)) for found in index.of("Patient")]
    agreed = dates.day(entry.date)
    return all(_looked_at(b, agreed, day, ages) for b in born if b is not None)


def _looked_at(born: date, agreed: date | None, day: date, ages: tuple[int, ...]) -> bool:
    age = _years(born, day)
    if agreed is None:
        return age >= _ADULT
    return not any(_years(born, agreed) < limit <= age for limit in ages)


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _actor(found: Found, index: Index) -> tuple[Json, JsonObject] | None:
    resource = found.resource
    holders = [*objs(resource.get("provision")), resource]
    for actor in (a for holder in holders for a in objs(holder.get("actor"))):
        reference = actor.get("reference")
        target = index.resolve(reference, found)
        if target is not None and target.type == "RelatedPerson":
            return reference, target.resource
        named = (address(reference) or "", string(obj(reference).get("type")) or "")
        if target is None and any("RelatedPerson" in word for word in named):
            return reference, {}
    return None


def _scope(resource: JsonObject, rule: JsonObject) -> str | None:
    actions = [names(rule.get("action")), names(resource.get("action"))]
    words = [names(resource.get("scope")), *actions, names(rule.get("purpose"))]
    return "; ".join(dict.fromkeys(word for word in words if word)) or None


def _is_role(relation: Concept) -> bool:
    systems = [(coding.system or "").lower() for coding in relation.codings]
    return any(mark in system for mark in _ROLES for system in systems)


def _relationship(relations: list[Concept]) -> dict[str, Json]:
    codings = [coding for relation in relations for coding in plain_codings(relation)]
    return plain(text=_joined(relations), coding=codings)


def _joined(relations: list[Concept]) -> str | None:
    return ", ".join(dict.fromkeys(r.name for r in relations if r.name)) or None


def _phone(holder: JsonObject) -> str | None:
    rows = [row for row in objs(holder.get("telecom")) if string(row.get("use")) != "old"]
    found = [string(row.get("value")) for row in rows if string(row.get("system")) == "phone"]
    return ", ".join(dict.fromkeys(number for number in found if number)) or None


def _name(holder: JsonObject) -> str | None:
    first = next(iter(objs(holder.get("name"))), {})
    parts = [
        *strings(first.get("prefix")),
        *strings(first.get("given")),
        *strings(first.get("family")),
    ]
    return string(first.get("text")) or " ".join(parts) or None
