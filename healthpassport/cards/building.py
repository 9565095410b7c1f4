"""From records to what stands on a card, by somebody's choice, and how much room it takes.

Rules: the allergies' state, count and date stand on every card; an entry stands whole or not at
all; what does not fit is never dropped by itself: whoever makes the card chooses. Records of two
people, or of somebody who has died, make no card. What is *not* here: words for people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from healthpassport.cards.envelope import limit_octets, octets_of, sample
from healthpassport.cards.packing import plain
from healthpassport.cards.values import (
    ALLERGIES,
    DETAILS,
    NEEDED,
    CardClaims,
    CardContent,
    CardSection,
    check_content,
)
from healthpassport.encoding import Json
from healthpassport.errors import CardError
from healthpassport.summary import DisclosedRecord, Record, SectionState, definition
from healthpassport.summary.derived import said_of
from schemas.cards import table

AnyRecord: TypeAlias = "Record | DisclosedRecord"
SUMMARY: Final = "EmergencySummary"
_LARGEST_INDEX: Final = 2**22 - 1  # of a status list
_ANY_TIME: Final = datetime(2026, 6, 1, tzinfo=UTC)
SPARE: Final = 4  # bytes: another signature packs a little better or worse


@dataclass(frozen=True, slots=True)
class CardChoices:
    """What shall stand on a card.

    ``details`` names details of the person beyond name and birth date. ``items`` holds for each
    record type the places of the entries chosen; a type that is not named is left out, but the
    allergies, whose state stands there in any case.
    """

    details: frozenset[str] = frozenset()
    items: Mapping[str, frozenset[int]] | None = None

    def places(self, record: AnyRecord) -> frozenset[int] | None:
        """The entries of ``record`` that were chosen, or None where it is left out."""
        if self.items is None:
            return frozenset(range(len(record.items)))
        found = self.items.get(record.type)
        return frozenset() if found is None and record.type == ALLERGIES else found


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a card's room something takes: ``over`` is how many bytes are too many."""

    octets: int
    limit: int
    over: int

    @property
    def fits(self) -> bool:
        """Whether a card can hold it."""
        return self.over == 0


def build(records: Sequence[AnyRecord], choices: CardChoices) -> CardContent:
    """What stands on the card of ``choices``, made from ``records`` of one person and source.

    Raises:
        CardError: ``card.no_allergies``, ``card.deceased``, ``card.twice`` for two records of one
            type, ``card.content``.
    """
    held = {record.type: record for record in records}
    if len(held) != len(records):
        raise CardError("card.twice")
    if any(record.always.get("deceased") is True for record in records):
        raise CardError("card.deceased")
    sections = [] if ALLERGIES in held else [_no_allergies(held.get(SUMMARY))]
    sections += [
        _section(held[one.record_type], places)
        for one in table().sections
        if one.record_type in held and (places := choices.places(held[one.record_type])) is not None
    ]
    source = records[0].source
    content = CardContent(
        _subject(records, choices.details), source.ods, source.name, tuple(sections)
    )
    check_content(content)
    return content


def room(content: CardContent, *, iss: str, status_uri: str) -> Room:
    """How much of a card ``content`` takes, as a card of ``iss`` whose status is at ``status_uri``.

    A few bytes are kept spare, since a signature packs now better, now worse.
    """
    claims = CardClaims(iss, _ANY_TIME, _ANY_TIME, status_uri, _LARGEST_INDEX, content)
    text = sample(claims)
    octets, limit = octets_of(text) + SPARE, limit_octets()
    return Room(octets, limit, max(0, octets - limit))


def _section(record: AnyRecord, places: Collection[int]) -> CardSection:
    known = definition(record.type)
    count = record.item_count if isinstance(record, DisclosedRecord) else len(record.items)
    return CardSection(
        record_type=record.type,
        state=record.state,
        item_count=count,
        as_of=record.as_of,
        items=tuple(plain(item, known) for at, item in enumerate(record.items) if at in places),
        warnings=_warnings(record),
    )


def _warnings(record: AnyRecord) -> tuple[str, ...]:
    return tuple(w for w in record.warnings if w != table().implied_warning)


def _no_allergies(summary: AnyRecord | None) -> CardSection:
    """What an emergency summary says of allergies where its source holds no list of them.

    That there are none is said by the list itself alone: it may be newer, and it counts what ended.
    """
    if summary is not None:
        said = said_of(summary.always, definition(SUMMARY))[definition(ALLERGIES).section]
        if said["count"] == 0 and said["state"] != SectionState.NONE_KNOWN:
            state = SectionState(str(said["state"]))
            return CardSection(ALLERGIES, state, 0, summary.as_of, warnings=_warnings(summary))
    raise CardError("card.no_allergies")


def _subject(records: Sequence[AnyRecord], details: Collection[str]) -> dict[str, Json]:
    """The details that were chosen, from the first record that tells each."""
    wanted = {*NEEDED, "givenNames", *details}
    told: dict[str, Json] = {}
    for record in records:
        told = {**record.subject, **told}
    return {name: told[name] for name in DETAILS if name in told and name in wanted}
