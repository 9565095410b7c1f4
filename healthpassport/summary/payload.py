"""A record as the wire object of protocols.md "Records on the wire", and back again.

Going out, everything is plain: the format turns the paths of ``disclosure_tree`` into disclosures.
Coming in, a payload holds what the holder chose to show. What is *not* here: the members that a
format adds and checks itself (iss, iat, exp, cnf, status).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import RecordError
from healthpassport.summary.catalogue import FieldDefinition, RecordDefinition, definition_for_vct
from healthpassport.summary.rules import (
    check_counts,
    check_items,
    check_members,
    check_state,
    validate,
)
from healthpassport.summary.values import Item, Record, SectionState, Source
from schemas.definitions import FORMAT_MEMBERS

_FULL_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True, slots=True)
class DisclosedRecord:
    """What a payload shows of a record: some of its ``item_count`` items, some of its subject.

    ``shown`` is n of "n of m". Never built but by ``from_payload``.
    """

    type: str
    source: Source
    state: SectionState
    item_count: int
    as_of: date
    window: str
    warnings: tuple[str, ...]
    always: Mapping[str, Json]
    subject: Mapping[str, Json]
    items: tuple[Item, ...]
    negations: tuple[Item, ...]
    shown: int

    @property
    def complete(self) -> bool:
        """Whether every item is shown."""
        return self.shown == self.item_count


def to_payload(record: Record) -> dict[str, Json]:
    """The wire object of a ``record``, with ``vct`` and without what the format adds.

    Raises:
        RecordError: whatever ``validate`` refuses.
    """
    known = validate(record)
    payload: dict[str, Json] = {
        "vct": known.vct,
        "source": {
            "ods": record.source.ods,
            "name": record.source.name,
            "system": record.source.system,
        },
        "state": record.state.value,
        "itemCount": len(record.items) if known.has_items else len(record.subject),
        "asOf": record.as_of.isoformat(),
        "window": record.window,
        "warnings": list(record.warnings),
        **_ordered(record.always, known.always_fields),
        **_ordered(record.subject, known.subject_fields),
    }
    if record.items:
        payload["items"] = [_wire_item(item, known) for item in record.items]
    if record.negations:
        payload["negations"] = [
            {"unit": _ordered(row.unit, known.negation_fields)} for row in record.negations
        ]
    return payload


def from_payload(payload: Mapping[str, Json]) -> DisclosedRecord:
    """The parts of a processed ``payload``: what was disclosed, digests and decoys already gone.

    Raises:
        RecordError: ``record.type_unknown``, ``record.member_unknown``, ``record.member_missing``,
            ``record.value``, ``record.unit_missing``, ``record.count`` or ``record.state``.
    """
    vct = payload.get("vct")
    known = definition_for_vct(vct if isinstance(vct, str) else "")
    parts = {name: value for name, value in payload.items() if name not in FORMAT_MEMBERS}
    lists = {name: parts.pop(name, ()) for name in ("items", "negations") if known.has_items}
    plain = {**known.envelope_fields, **known.always_fields}
    check_members(parts, {**plain, **known.subject_fields}, complete=False)
    check_members({n: v for n, v in parts.items() if n in plain}, plain, complete=True)
    record = _disclosed(parts, lists, known)
    check_items(record.items, record.negations, known)
    if not known.has_items and record.shown > record.item_count:
        raise RecordError("record.count", "more fields than itemCount")
    check_state(record.state, record.items, record.item_count, known)
    check_counts(record.always, record.items, record.item_count, known)
    return record


def _disclosed(
    parts: Mapping[str, Json], lists: Mapping[str, Json], known: RecordDefinition
) -> DisclosedRecord:
    """``parts`` fit their shapes already; the casts below say so to the reader of types."""
    source, warnings, count = parts["source"], parts["warnings"], parts["itemCount"]
    if not (isinstance(source, Mapping) and isinstance(warnings, Sequence)):
        raise RecordError("record.value")
    items = tuple(_read_item(entry) for entry in _entries(lists.get("items", ())))
    subject = _ordered(parts, known.subject_fields)
    return DisclosedRecord(
        type=known.type,
        source=Source(str(source["ods"]), str(source["name"]), str(source["system"])),
        state=SectionState(str(parts["state"])),
        item_count=count if isinstance(count, int) else 0,
        as_of=_date(str(parts["asOf"])),
        window=str(parts["window"]),
        warnings=tuple(str(warning) for warning in warnings),
        always=_ordered(parts, known.always_fields),
        subject=subject,
        items=items,
        negations=tuple(_read_item(entry) for entry in _entries(lists.get("negations", ()))),
        shown=len(items) if known.has_items else len(subject),
    )


def _wire_item(item: Item, known: RecordDefinition) -> dict[str, Json]:
    return {
        "unit": _ordered(item.unit, known.unit_fields),
        **_ordered(item.fields, known.item_fields),
    }


def _ordered(values: Mapping[str, Json], fields: Mapping[str, FieldDefinition]) -> dict[str, Json]:
    """The ``values`` that ``fields`` names, in the order of the definition."""
    return {name: values[name] for name in fields if name in values}


def _entries(value: Json) -> Sequence[Json]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise RecordError("record.value", "items and negations are arrays")
    return value


def _read_item(entry: Json) -> Item:
    if not isinstance(entry, Mapping):
        raise RecordError("record.value", "an item is an object")
    unit = entry.get("unit")
    if not isinstance(unit, Mapping):
        raise RecordError("record.unit_missing")
    return Item(unit, {name: value for name, value in entry.items() if name != "unit"})


def _date(text: str) -> date:
    if not _FULL_DATE.match(text):
        raise RecordError("record.value", "asOf is a full date")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RecordError("record.value", "asOf is not a date of the calendar") from error
