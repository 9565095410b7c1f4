"""A summary that is made from other records: it can say nothing that they do not.

Each item carries the unit of an item of another record type; that type judges it, and the state and
count of each section are judged against the items as they would be in the section's own record
(docs/adr/0027-emergency-summary.md). What is *not* here: making a summary (the issuer's).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import RecordError
from healthpassport.summary.catalogue import RecordDefinition, definition
from healthpassport.summary.values import Item, SectionState

SECTIONS: Final = "sections"  # the field that holds the state of each section
SECTION: Final = "section"
ENTRY: Final = "entry"
TEXT: Final = "text"


def parts(known: RecordDefinition) -> Mapping[str, RecordDefinition]:
    """The definitions of which a summary ``known`` is made, by their sections, in order."""
    return _parts(known.derived)


@cache  # as many as there are summaries
def _parts(names: tuple[str, ...]) -> Mapping[str, RecordDefinition]:
    found = (definition(name) for name in names)
    return {one.section: one for one in found}


def part_of(item: Item, known: RecordDefinition) -> tuple[RecordDefinition, Item]:
    """The definition that judges ``item`` of a summary, and the item as its own record has it.

    An item of no section of the summary is returned as it came, beside ``known`` itself; the rules
    refuse it.
    """
    own = parts(known).get(str(item.unit.get(SECTION)))
    entry = item.unit.get(ENTRY, {})
    if own is None or not isinstance(entry, Mapping) or TEXT in entry:
        return known, item
    return own, Item({TEXT: item.unit.get(TEXT), **entry})


def said_of(always: Mapping[str, Json], known: RecordDefinition) -> dict[str, Mapping[str, Json]]:
    """What a summary says of each of its sections, each of them once and in order.

    Raises:
        RecordError: ``record.value`` for other sections than the definition's.
    """
    listed = always.get(SECTIONS)
    listed = listed if isinstance(listed, list | tuple) else ()
    rows = [row for row in listed if isinstance(row, Mapping)]
    if [row.get(SECTION) for row in rows] != list(parts(known)):
        raise RecordError("record.value", "a summary tells of each of its sections once, in order")
    return {str(row[SECTION]): row for row in rows}


def noted(always: Mapping[str, Json], known: RecordDefinition) -> list[RecordDefinition]:
    """The definitions whose notes belong beside a record: its own, and those of its parts.

    A part of which there is no record has nothing to be noted of.
    """
    listed = always.get(SECTIONS)
    rows = listed if isinstance(listed, list | tuple) else ()
    told = {row.get(SECTION) for row in rows if isinstance(row, Mapping) and _is_told(row)}
    return [known, *(own for section, own in parts(known).items() if section in told)]


def _is_told(row: Mapping[str, Json]) -> bool:
    return row.get("state") != SectionState.NOT_RECORDED
