"""The emergency summary: what the section records say, once more and on one page.

It is made from records that were built already and from nothing else, so that it can neither
contradict them nor tell what they leave out: a section has the very state, count and entries that
its own record shows, and one without a record reads as not recorded whatever the reason
(docs/adr/0027-emergency-summary.md). What is *not* here: reading a source, and any choice among
entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import Item, Record, SectionState, definition
from healthpassport.summary.derived import ENTRY, SECTION, SECTIONS, TEXT, parts

EMERGENCY: Final = "EmergencySummary"
MAX_ENTRIES: Final = 200  # a longer list is no summary, and would not fit into one token
# A summary of no current entry never reads as whole where one of its sections does not.
_NOT_WHOLE: Final = frozenset(
    {
        SectionState.NO_INFORMATION,
        SectionState.NOT_RECORDED,
        SectionState.WITHHELD,
        SectionState.NARRATIVE_ONLY,
    }
)


def emergency_summary(identity: Record, records: Sequence[Record]) -> Record | None:
    """The summary of ``records``; None where none of them belongs in it, or they hold too much.

    Args:
        identity: the person's PatientIdentity, for who they are and whether they live.
        records: the section records as they will be issued, of the same person and source.
    """
    known = definition(EMERGENCY)
    held = {one.type: one for one in records if one.type in known.derived}
    items = [
        _entry(item, section)
        for section, own in parts(known).items()
        if (one := held.get(own.type)) is not None
        for item in one.items
    ]
    if not held or len(items) > MAX_ENTRIES:
        return None
    told: list[Json] = []
    for section, own in parts(known).items():
        one = held.get(own.type)
        state = one.state if one is not None else SectionState.NOT_RECORDED
        count = len(one.items) if one is not None else 0
        told.append({SECTION: section, "state": state.value, "count": count, "window": own.window})
    first = next(iter(held.values()))
    # Its parts were judged when they were made; to_payload judges the whole before it is issued.
    return replace(
        first,
        type=EMERGENCY,
        state=_state(held.values(), whole=len(held) == len(known.derived)),
        window=known.window,
        warnings=tuple(dict.fromkeys(w for one in held.values() for w in one.warnings)),
        items=tuple(items),
        negations=(),
        always={"deceased": identity.always["deceased"], SECTIONS: told},
    )


def _entry(item: Item, section: str) -> Item:
    """``item`` as it stands, whole; what its holder may hold back alone stays in its own record."""
    rest = {name: value for name, value in item.unit.items() if name != TEXT}
    unit: dict[str, Json] = {TEXT: item.unit[TEXT], SECTION: section}
    return Item({**unit, ENTRY: rest} if rest else unit)


def _state(held: Iterable[Record], *, whole: bool) -> SectionState:
    """The state of all together: none of them makes it none known."""
    states = {one.state for one in held}
    if SectionState.ITEMS in states:
        return SectionState.ITEMS
    if whole and SectionState.ONLY_INACTIVE in states and not states & _NOT_WHOLE:
        return SectionState.ONLY_INACTIVE
    return SectionState.NO_INFORMATION
