"""The state of a section: exactly one, by the rules of clinical.md, first match wins.

Active entries outrank every assertion of none, and only an assertion that covers the whole section
makes ``none_known``: one that stands beside a list with more to tell, or beside what could not be
read, does not. What is *not* here: how an entry got its bucket.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from healthpassport.summary import SectionState

from .entries import Bucket, Entry
from .lists import Statement

_ITEMS: Final = frozenset(
    {Bucket.ACTIVE, Bucket.UNKNOWN_STATUS, Bucket.ON_HOLD, Bucket.PLANNED, Bucket.NOT_GIVEN}
)
_DENIED: Final = frozenset({Bucket.NEGATED, Bucket.ABSENT_INFO})
_NONE: Final = SectionState.NONE_KNOWN
_NONE_KNOWN: Final = frozenset({"nilknown", "nil known"})
_WITHHELD: Final = frozenset({"withheld", "information withheld"})
# Where two lists of one section disagree, or a list and a denial, the one that gives least comfort
# stands.
_BY_CAUTION: Final = (
    SectionState.WITHHELD,
    SectionState.NARRATIVE_ONLY,
    SectionState.NO_INFORMATION,
    SectionState.NONE_KNOWN,
)


def state(
    entries: Iterable[Entry], said: Iterable[Statement], *, whole: bool = True
) -> SectionState:
    """The state of the section to which ``entries`` and ``said`` belong.

    ``whole`` is false where the source holds something that could not be read.
    """
    known, lists = list(entries), list(said)
    buckets = {entry.bucket for entry in known}
    if buckets & _ITEMS:
        return SectionState.ITEMS
    spoken = {found for statement in lists if (found := _spoken(statement)) is not None}
    if any(statement.missing for statement in lists) or not whole:
        spoken = {SectionState.NO_INFORMATION if s is _NONE else s for s in spoken}
        whole = False
    denied = [e.negation for e in known if e.bucket in _DENIED and e.negation is not None]
    if any(n.whole for n in denied):
        spoken.add(_NONE if whole else SectionState.NO_INFORMATION)
    elif denied:
        return SectionState.NO_INFORMATION
    elif Bucket.INACTIVE in buckets:
        return SectionState.ONLY_INACTIVE
    return next((s for s in _BY_CAUTION if s in spoken), SectionState.NOT_RECORDED)


def _spoken(statement: Statement) -> SectionState | None:
    """What one List or section says by being empty or told in words only."""
    if statement.empty_reason is not None:
        if says_none(statement):
            return SectionState.NONE_KNOWN
        if statement.empty_reason in _WITHHELD:
            return SectionState.WITHHELD
        return SectionState.NO_INFORMATION
    if statement.table is None or statement.table.is_blank:
        return None
    if statement.table.says_nothing:
        return SectionState.NO_INFORMATION
    return SectionState.NARRATIVE_ONLY


def says_none(statement: Statement) -> bool:
    """Whether a List or section is empty because there is none (emptyReason nilknown).

    One that names entries which stand nowhere is not empty, and one of a part denies that part.
    """
    said = statement.empty_reason in _NONE_KNOWN
    return said and statement.whole and statement.missing == 0
