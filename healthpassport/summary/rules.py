"""What no record may be: the rules between a record's parts, cited from clinical.md.

The same rules judge a record before it is issued and what is left of it after selective disclosure;
``total`` says how many items there were. What is *not* here: wording for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import RecordError
from healthpassport.summary.catalogue import FieldDefinition, RecordDefinition, definition
from healthpassport.summary.derived import part_of, parts, said_of
from healthpassport.summary.shapes import fits_field
from healthpassport.summary.values import Item, Record, SectionState
from schemas.definitions import StateItems, states

# What a summary may say as a whole: absence is said by each of its sections, or not at all.
_OF_A_SUMMARY: Final = frozenset(
    {SectionState.ITEMS, SectionState.ONLY_INACTIVE, SectionState.NO_INFORMATION}
)


def validate(record: Record) -> RecordDefinition:
    """Refuse a ``record`` that its definition does not allow; its definition otherwise.

    Raises:
        RecordError: ``record.type_unknown``, ``record.member_unknown``, ``record.member_missing``,
            ``record.value``, ``record.unit_missing``, ``record.count`` or ``record.state``.
    """
    known = definition(record.type)
    check_members(record.always, known.always_fields, complete=True)
    check_members(record.subject, known.subject_fields, complete=False)
    envelope: dict[str, Json] = {
        "source": {
            "ods": record.source.ods,
            "name": record.source.name,
            "system": record.source.system,
        },
        "window": record.window,
        "warnings": list(record.warnings),
    }
    check_members(envelope, known.envelope_fields, complete=False)
    check_items(record.items, record.negations, known)
    total = len(record.items) if known.has_items else len(record.subject)
    check_state(record.state, record.items, total, known)
    check_counts(record.always, record.items, total, known)
    return known


def check_members(
    values: Mapping[str, Json], fields: Mapping[str, FieldDefinition], *, complete: bool
) -> None:
    """Refuse members that ``fields`` does not name and values that do not fit.

    ``complete`` asks for every required field as well: not so where a holder may hold some back.
    """
    for name, value in values.items():
        if name not in fields:
            raise RecordError("record.member_unknown", f"the member {name[:40]!r} is not defined")
        if not fits_field(value, fields[name]):
            raise RecordError("record.value", f"the member {name!r} does not fit its definition")
    if complete and (
        missing := [n for n, field in fields.items() if field.required and n not in values]
    ):
        raise RecordError("record.member_missing", f"missing: {', '.join(missing)}")


def check_items(items: Sequence[Item], negations: Sequence[Item], known: RecordDefinition) -> None:
    """Refuse items and negations that are not whole (clinical.md rules 1 to 3)."""
    if (items or negations) and not known.has_items:
        raise RecordError("record.member_unknown", "this record type has no items")
    if negations and not known.negation_fields:
        raise RecordError("record.member_unknown", "this record type denies nothing")
    for item in items:
        if not item.unit:
            raise RecordError("record.unit_missing")
        check_members(item.unit, known.unit_fields, complete=True)
        check_members(item.fields, known.item_fields, complete=False)
        if known.derived:
            own, inner = part_of(item, known)
            if own is known:
                raise RecordError("record.value", "an entry is of no section of this summary")
            check_members(inner.unit, own.unit_fields, complete=True)
    for negation in negations:
        if not negation.unit:
            raise RecordError("record.unit_missing")
        check_members(negation.unit, known.negation_fields, complete=True)
        check_members(negation.fields, {}, complete=False)


def is_past(item: Item, known: RecordDefinition) -> bool:
    """Whether ``item`` is stopped, resolved or past, so that it alone does not make a list."""
    if known.derived:
        own, inner = part_of(item, known)
        return own is not known and is_past(inner, own)
    return any(item.unit.get(name) in values for name, values in known.inactive.items())


def check_state(
    state: SectionState, items: Sequence[Item], total: int, known: RecordDefinition
) -> None:
    """Refuse a state that the items contradict; ``items`` may be some of ``total``."""
    if len(items) > total:
        raise RecordError("record.count", "more items than itemCount")
    if not known.has_items:
        if state is not SectionState.ITEMS or total == 0:
            raise RecordError("record.state", "an identity has the state items, and a field")
        return
    if known.derived and state not in _OF_A_SUMMARY:
        raise RecordError("record.state", f"no summary as a whole is {state.value}")
    active = [item for item in items if not is_past(item, known)]
    if state is SectionState.ITEMS:
        if total == 0 or (len(items) == total and not active):
            raise RecordError("record.state", "the state items needs one that is not past")
    elif active:
        raise RecordError("record.state", f"the state {state.value} has a current item")
    elif total and states()[state].items is StateItems.NONE:
        raise RecordError("record.state", f"the state {state.value} has items")


def check_counts(
    always: Mapping[str, Json], items: Sequence[Item], total: int, known: RecordDefinition
) -> None:
    """Refuse counts that the items contradict: fewer than shown, or other than all."""
    if known.derived:
        _check_parts(always, items, total, known)
    if known.counted is None:
        return
    counts = always[known.counted.field]
    if not isinstance(counts, Mapping):
        raise RecordError("record.value")
    groups = [item.unit.get(known.counted.by) for item in items]
    for name, values in known.counted.members.items():
        shown = sum(group in values for group in groups)
        said = counts.get(name)
        if not isinstance(said, int) or shown > said or (len(items) == total and shown != said):
            raise RecordError("record.count", f"the count {name!r} does not match the items")


def _check_parts(
    always: Mapping[str, Json], items: Sequence[Item], total: int, known: RecordDefinition
) -> None:
    """Judge each section of a summary as its own record would be judged."""
    said = said_of(always, known)
    counts: list[int] = []
    for section, own in parts(known).items():
        inner = [part_of(item, known)[1] for item in items if item.unit["section"] == section]
        count = said[section]["count"]
        counts.append(count if isinstance(count, int) else 0)
        if len(items) == total and len(inner) != count:
            raise RecordError("record.count", f"the count of {section} does not match its items")
        check_state(SectionState(str(said[section]["state"])), inner, counts[-1], own)
    if sum(counts) != total:
        raise RecordError("record.count", "the sections count other items than there are")
