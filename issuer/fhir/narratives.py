"""Sections that a source tells in words only: their rows as items of a NarrativeSummary.

The Summary Care Record gives allergies and medicines as tables. Each part is one item: its title,
its rows in their own words, the hash of the narrative, the period in the title, and whether the
source says that something was withheld. Only parts that speak of a section which is issued are
told; a row that says that there is nothing to say is a state, not an item. What is *not* here: any
reading of a row.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Final

from .entries import Bucket, Details, Entry
from .lists import Statement
from .references import Index
from .values import Concept, has_modifier, plain

SECTION: Final = "narrative"
_WITHHELD: Final = "deliberately-withheld"
_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
_PERIOD: Final = re.compile(r"\bperiod\b", re.IGNORECASE)


def entries(said: Iterable[Statement], sections: Container[str]) -> Iterator[Entry]:
    """One entry for each part of ``said`` that tells one of ``sections`` in words only."""
    for statement in said:
        table = statement.table
        if table is None or statement.section not in sections or table.is_blank:
            continue
        if statement.empty_reason is not None or table.says_nothing:
            continue
        brackets = _BRACKETS.findall(statement.title or "")
        period = next((words for words in brackets if _PERIOD.search(words)), None)
        part = plain(
            section=statement.section,
            rows=[list(row) for row in table.rows],
            sha256=table.sha256,
            window=period.strip() if period else None,
            withheld=True if _WITHHELD in table.warnings else None,
        )
        named = Concept(text=statement.title or statement.section)
        yield Entry(statement.found, SECTION, Bucket.ACTIVE, named, part=part)


def details(entry: Entry, _index: Index) -> Details | None:
    """The part as it stands; None where its document holds a modifier that nobody understands."""
    if entry.part is None or has_modifier(entry.found.resource):
        return None
    return Details(entry.part, {})
