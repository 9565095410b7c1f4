"""Sections of one kind from several sources, side by side, with their differences marked.

Rules (clinical.md rule 12): nothing is merged or chosen; entries stand in one row where they share
a code, or the same words where there is none; "only here" is said for certain only where every
other list is whole. What is *not* here: the comparison with the hospital's own demographics
(``matching``) and the heading over all sources (``words``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.credential import VerifiedSection, VerifiedSummary
from healthpassport.encoding import Json, jcs
from healthpassport.summary import Item, definition, record_types

from .export import is_whole
from .words import READABLE

# Codes that stand for many things at once put no two entries side by side.
_NOT_A_THING: Final = re.compile(r"null-?flavor|data-absent|absent-unknown|5\.1008", re.IGNORECASE)
_DEGRADED: Final = re.compile(r"degraded", re.IGNORECASE)
_NAMES: Final = frozenset({"text", "coding"})
_SUBJECT: Final = ("familyName", "givenNames", "birthDate", "nhsNumber")


@dataclass(frozen=True, slots=True)
class Alignment:
    """One row: for each source its entries, none where it has no such entry.

    ``differing`` names the members of the unit in which the sources that have it disagree.
    ``missing`` says that some source does not show it; ``certain`` that it is then not on its list.
    """

    cells: tuple[tuple[Item, ...], ...]
    differing: tuple[str, ...]
    missing: bool
    certain: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sections of one record type, one column for each source, in the order of the answer."""

    record_type: str
    sources: tuple[VerifiedSection, ...]
    rows: tuple[Alignment, ...]


def comparisons(summary: VerifiedSummary) -> tuple[Comparison, ...]:
    """Every record type of which more than one source may be read."""
    found = []
    for name in record_types():
        sources = tuple(
            s for s in summary.sections if s.record_type == name and s.state in READABLE
        )
        known = definition(name)
        if len(sources) > 1 and known.has_items and not known.derived:
            found.append(Comparison(name, sources, _rows(sources)))
    return tuple(found)


def contradictions(summary: VerifiedSummary) -> tuple[str, ...]:
    """The fields of the person on which the records of one answer disagree: a new name, say."""
    subjects = [s.subject or {} for s in summary.sections if s.state in READABLE]
    return tuple(
        name
        for name in _SUBJECT
        if len({_comparable(subject[name]) for subject in subjects if name in subject}) > 1
    )


def _rows(sources: tuple[VerifiedSection, ...]) -> tuple[Alignment, ...]:
    whole = [is_whole(section) for section in sources]
    rows = []
    for group in _groups(sources):
        cells = tuple(
            tuple(item for place, item in group if place == column)
            for column in range(len(sources))
        )
        without = [column for column, cell in enumerate(cells) if not cell]
        rows.append(
            Alignment(
                cells=cells,
                differing=_differing([cell for cell in cells if cell]),
                missing=bool(without),
                certain=all(whole[column] for column in without),
            )
        )
    return tuple(rows)


def _groups(sources: tuple[VerifiedSection, ...]) -> list[list[tuple[int, Item]]]:
    """Entries that share a name, each with its column, in the order of the first of them."""
    groups: list[list[tuple[int, Item]]] = []
    known: list[set[str]] = []
    for column, section in enumerate(sources):
        for item in section.items:
            names = _called(item)
            same = [place for place, others in enumerate(known) if others & names]
            group, called = [(column, item)], names
            for place in reversed(same[1:]):
                group = groups.pop(place) + group
                called = called | known.pop(place)
            if same:
                groups[same[0]] += group
                known[same[0]] |= called
            else:
                groups.append(group)
                known.append(set(called))
    return groups


def _called(item: Item) -> set[str]:
    """The codes of ``item``; its words where no code says what it is."""
    coding = item.unit.get("coding")
    listed = coding if isinstance(coding, list | tuple) else ()
    codings = [row for row in listed if isinstance(row, Mapping)]
    codes = {
        f"{row.get('system', '')}|{row['code']}"
        for row in codings
        if row.get("code")
        and not _NOT_A_THING.search(str(row.get("system", "")))
        and not _DEGRADED.search(str(row.get("display", "")))
    }
    return codes or {" ".join(str(item.unit.get("text", "")).casefold().split())}


def _differing(cells: Iterable[tuple[Item, ...]]) -> tuple[str, ...]:
    shown = list(cells)
    if len(shown) < 2:  # noqa: PLR2004 - one source alone disagrees with nobody
        return ()
    names = dict.fromkeys(
        name for cell in shown for item in cell for name in item.unit if name not in _NAMES
    )
    return tuple(
        name
        for name in names
        if len({tuple(sorted(_comparable(item.unit.get(name)) for item in cell)) for cell in shown})
        > 1
    )


def _comparable(value: Json) -> bytes:
    """Any value in one spelling; words count, their case and spaces do not."""
    return jcs(" ".join(value.casefold().split()) if isinstance(value, str) else value)
