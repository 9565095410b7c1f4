"""Records made up for tests: one of each type, and hypothesis strategies drawn from definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from healthpassport.summary import (
    Item,
    Record,
    RecordDefinition,
    SectionState,
    Source,
    definition,
    record_types,
)
from schemas.definitions import StateItems, states, types

SOURCE = Source("A12345", "Example Surgery", "demo")
AS_OF = date(2026, 11, 1)
SUBJECT: dict[str, Any] = {
    "nhsNumber": {"value": "9990000018", "verificationStatus": "01"},
    "familyName": "Example",
    "givenNames": ["Given"],
    "birthDate": "1958-07-14",
}
PENICILLIN = Item(
    {
        "text": "Penicillin",
        "coding": [{"system": "http://snomed.info/sct", "code": "91936005"}],
        "clinicalStatus": "active",
        "verificationStatus": "confirmed",
        "category": ["medication"],
        "criticality": "high",
        "reaction": [{"text": "Anaphylaxis", "severity": "severe"}],
    },
    {"onset": "2001"},
)
LATEX = Item({"text": "Latex"}, {"onset": "2010"})
NO_ALLERGIES = Item({"text": "No known allergies", "kind": "negated"})


def allergies(**changes: Any) -> Record:
    parts: dict[str, Any] = {
        "type": "AllergySummary",
        "source": SOURCE,
        "state": SectionState.ITEMS,
        "as_of": AS_OF,
        "subject": SUBJECT,
        "items": (PENICILLIN, LATEX),
        "always": {"endedCount": 0},
    }
    return Record(**(parts | changes))


def medicines(*groups: str, state: SectionState = SectionState.ITEMS, **counts: int) -> Record:
    kinds = {"current": "current", "on_hold": "onHold", "stopped": "recentlyStopped"}
    said = {kinds[kind]: groups.count(kind) for kind in kinds} | counts
    items = tuple(Item({"text": f"Medicine {n}", "group": g}) for n, g in enumerate(groups))
    return Record(
        "MedicationSummary",
        SOURCE,
        state,
        AS_OF,
        subject=SUBJECT,
        items=items,
        always={"counts": said},
    )


def identity(**changes: Any) -> Record:
    parts: dict[str, Any] = {
        "type": "PatientIdentity",
        "source": SOURCE,
        "state": SectionState.ITEMS,
        "as_of": AS_OF,
        "subject": SUBJECT | {"gender": "female", "ageOver16": True},
        "always": {"deceased": False},
    }
    return Record(**(parts | changes))


def values(shape: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """JSON values of one shape of ``schemas/records/_common.json``."""
    if "$ref" in shape:
        drawn = values(types()[shape["$ref"].rpartition("/")[2]])
    elif "enum" in shape:
        drawn = st.sampled_from(shape["enum"])
    else:
        drawn = _BY_TYPE[shape["type"]](shape)
    return (
        drawn.filter(lambda value: value not in shape["not"]["enum"]) if "not" in shape else drawn
    )


def _text(shape: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in shape:
        return st.from_regex(shape["pattern"], fullmatch=True).filter(str.isascii)
    characters = st.characters(codec="utf-8")
    return st.text(characters, min_size=shape["minLength"], max_size=20)


def _object(shape: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in shape:
        return st.dictionaries(st.text(max_size=3), st.text(max_size=3), min_size=1, max_size=2)
    members = {name: values(of) for name, of in shape["properties"].items()}
    needed = shape.get("required", [])
    return st.fixed_dictionaries(
        {name: members[name] for name in needed},
        optional={name: of for name, of in members.items() if name not in needed},
    ).filter(lambda value: len(value) >= shape.get("minProperties", 0))


_BY_TYPE: dict[str, Any] = {
    "string": _text,
    "boolean": lambda _: st.booleans(),
    "integer": lambda shape: st.integers(shape["minimum"], shape["maximum"]),
    "array": lambda shape: st.lists(
        values(shape["items"]), min_size=shape.get("minItems", 0), max_size=3
    ),
    "object": _object,
}


def members(fields: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {name: values(field.shape) for name, field in fields.items() if field.required},
        optional={
            name: values(field.shape) for name, field in fields.items() if not field.required
        },
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that its definition allows."""
    known = definition(draw(st.sampled_from(record_types())))
    if known.derived:
        return _drawn_summary(draw, known)
    items, negations = _drawn_items(draw, known)
    always = draw(members(known.always_fields))
    if known.counted:
        groups = [item.unit.get(known.counted.by) for item in items]
        always[known.counted.field] = {
            name: sum(group in counted for group in groups)
            for name, counted in known.counted.members.items()
        }
    subject = draw(members(known.subject_fields).filter(lambda found: found or known.has_items))
    return Record(
        known.type,
        Source(*draw(st.tuples(*[_text({"minLength": 1})] * 3))),
        draw(st.sampled_from(_possible_states(items, known))),
        draw(st.dates()),
        draw(_text({"minLength": 1})),
        tuple(draw(st.lists(_text({"minLength": 1}), max_size=2))),
        subject,
        items,
        negations,
        always,
    )


def _drawn_summary(draw: st.DrawFn, known: RecordDefinition) -> Record:
    """A summary of records of other types, as the rules want it."""
    items, told = [], []
    full = draw(st.sets(st.sampled_from(known.derived), max_size=2))  # all would be slow to draw
    for name in known.derived:
        own = definition(name)
        drawn = _drawn_items(draw, own)[0] if name in full else ()
        state = draw(st.sampled_from(_possible_states(drawn, own)))
        told.append(
            {"section": own.section, "state": state.value, "count": len(drawn), "window": "all"}
        )
        for item in drawn:
            rest = {member: value for member, value in item.unit.items() if member != "text"}
            unit = {"text": item.unit["text"], "section": own.section}
            items.append(Item(unit | ({"entry": rest} if rest else {})))
    current = any(row["state"] == "items" for row in told)
    return Record(
        known.type,
        SOURCE,
        SectionState.ITEMS if current else SectionState.NO_INFORMATION,
        draw(st.dates()),
        subject=draw(members(known.subject_fields)),
        items=tuple(items),
        always={"deceased": draw(st.booleans()), "sections": told},
    )


def _drawn_items(
    draw: st.DrawFn, known: RecordDefinition
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    if not known.has_items:
        return (), ()
    item = st.builds(Item, members(known.unit_fields), members(known.item_fields))
    negation = st.builds(Item, members(known.negation_fields))
    return (
        tuple(draw(st.lists(item, max_size=3))),
        tuple(draw(st.lists(negation, max_size=2))) if known.negation_fields else (),
    )


def _possible_states(items: tuple[Item, ...], known: RecordDefinition) -> list[SectionState]:
    past = [
        any(item.unit.get(name) in found for name, found in known.inactive.items())
        for item in items
    ]
    if not known.has_items or not all(past):
        wanted = {StateItems.SOME}
    else:
        wanted = {StateItems.PAST} if items else {StateItems.PAST, StateItems.NONE}
    return [state for state in SectionState if states()[state].items in wanted]
