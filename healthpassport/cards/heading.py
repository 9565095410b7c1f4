"""Which of the four allergy headings a card bears (clinical.md "Words and screens").

Rules: a list that is not whole never reads as none; a card that shows no allergy of several says
"unavailable". A desk that reads the card weighs its age and checks besides. What is *not* here: the
words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from healthpassport.cards.values import CardSection
from healthpassport.summary import SectionState, definition
from healthpassport.summary.rules import is_past


class AllergyHeading(StrEnum):
    """One of the four."""

    KNOWN = "known"
    NONE = "none"
    NOT_RECORDED = "not_recorded"
    UNAVAILABLE = "unavailable"


# Warnings after which a list is still the whole list; any other may mean that entries are missing.
STILL_WHOLE: Final = frozenset(
    {
        "nhs-number-not-valid",
        "degraded-entries",
        "uncoded-entries",
        "unnamed-entries",
        "active-with-end-date",
        "dose-not-in-words",
    }
)
_SILENT: Final = frozenset(
    {SectionState.NO_INFORMATION, SectionState.NOT_RECORDED, SectionState.ONLY_INACTIVE}
)


@dataclass(frozen=True, slots=True)
class AllergyStatement:
    """The heading, whether the list is incomplete, and n of m."""

    heading: AllergyHeading
    incomplete: bool
    shown: int
    total: int


def allergy_statement(section: CardSection) -> AllergyStatement:
    """What a card says of the allergies in ``section``."""
    known = definition(section.record_type)
    current = any(not is_past(item, known) for item in section.items)
    doubtful = not section.complete or any(w not in STILL_WHOLE for w in section.warnings)
    heading = AllergyHeading.UNAVAILABLE
    if current:
        heading = AllergyHeading.KNOWN
    elif not doubtful and section.state is SectionState.NONE_KNOWN:
        heading = AllergyHeading.NONE
    elif not doubtful and section.state in _SILENT:
        heading = AllergyHeading.NOT_RECORDED
    return AllergyStatement(
        heading,
        doubtful or heading is AllergyHeading.UNAVAILABLE,
        len(section.items),
        section.item_count,
    )
