"""What an AdvanceCarePlan says of a Consent or a document that holds an advance care plan.

The plan's kind and recommendation come from the source's own words, whole, or are left out. What is
*not* here: any reading of a scanned form, and which resources are directives at all (people.py).
"""

from __future__ import annotations

import re
from typing import Final

from healthpassport.encoding import Json, JsonObject

from . import dates
from .entries import Details, Entry
from .references import Index
from .values import codes, concept, display, names, obj, objs, plain, plain_codings, seq, string

_KINDS: Final = (
    ("respect", re.compile(r"ReSPECT\b|\brecommended summary plan\b")),
    (
        "dnacpr",
        re.compile(
            r"\bdnacpr\b|\bdnar\b|\bdo not (?:attempt )?(?:cardiopulmonary )?resus|"
            r"\bnot for (?:attempted )?(?:cardiopulmonary )?resus",
            re.IGNORECASE,
        ),
    ),
    ("adrt", re.compile(r"\badrt\b|\badvance decision\b|\bliving will\b", re.IGNORECASE)),
    ("lpa", re.compile(r"\blasting power of attorney\b|\blpa\b", re.IGNORECASE)),
)
_DO_NOT_RESUSCITATE: Final = "dnr"  # HL7 consent category


def details(entry: Entry, index: Index) -> Details | None:
    """What the AdvanceCarePlan says of ``entry``; None for rules within rules: never a part."""
    resource = entry.found.resource
    rules = [*objs(resource.get("provision")), *objs(resource.get("except"))]
    if any(rule.get("provision") for rule in rules):
        return None
    said = "; ".join(told for rule in rules if (told := _rule(rule))) or None
    ends = (dates.period(rule.get("period"))[1] for rule in (*rules, resource))
    unit = plain(
        coding=plain_codings(entry.concept),
        kind=_kind(entry, said),
        status=entry.status,
        signed=entry.date,
        review=next((dates.normal(end) or end for end in ends if end), None),
        original=_original(entry, index),
        recommendation=said,
    )
    document = entry.found.type == "DocumentReference"
    fields = plain(
        priorities=string(resource.get("description")) if document else None,
        lpaHolder=_holder(rules, entry, index) if unit.get("kind") == "lpa" else None,
    )
    return Details(unit, fields)


def _rule(rule: JsonObject) -> str | None:
    """The code of a rule with its type: permit and deny say the opposite of each other."""
    named = names(rule.get("code"))
    kind = string(rule.get("type"))
    return f"{kind}: {named}" if named and kind else named


def _kind(entry: Entry, said: str | None) -> str | None:
    resource = entry.found.resource
    values = [*seq(resource.get("category")), resource.get("scope"), resource.get("type")]
    words = [said, string(resource.get("description")), *map(_all_words, values)]
    text = " ".join(word for word in words if word)
    found = next((kind for kind, pattern in _KINDS if pattern.search(text)), None)
    if found is None and any(_DO_NOT_RESUSCITATE in codes(value) for value in values):
        return "dnacpr"
    return found


def _all_words(value: Json) -> str:
    found = concept(value)
    return " ".join(word for word in (found.text, *(c.display for c in found.codings)) if word)


def _original(entry: Entry, index: Index) -> str | None:
    """Where the form is, by title or address."""
    resource = entry.found.resource
    reference = resource.get("sourceReference")
    target = index.resolve(reference, entry.found) if reference is not None else None
    holders = [resource, target.resource] if target is not None else [resource]
    attachments = [resource.get("sourceAttachment")]
    attachments += [c.get("attachment") for h in holders for c in objs(h.get("content"))]
    found = (string(obj(a).get(n)) for a in attachments for n in ("title", "url"))
    told = next((word for word in found if word), None)
    return told or display(reference) or string(obj(reference).get("reference"))


def _holder(rules: list[JsonObject], entry: Entry, index: Index) -> str | None:
    actors = [a for holder in (*rules, entry.found.resource) for a in objs(holder.get("actor"))]
    found = []
    for actor in actors:
        reference = actor.get("reference")
        target = index.resolve(reference, entry.found)
        name = display(reference)
        if name is None and target is not None:
            name = _person(target.resource)
        found.append(name)
    return ", ".join(dict.fromkeys(name for name in found if name)) or None


def _person(resource: JsonObject) -> str | None:
    first = next(iter(objs(resource.get("name"))), {})
    parts = [*map(string, seq(first.get("given"))), string(first.get("family"))]
    return string(first.get("text")) or " ".join(part for part in parts if part) or None
