"""What a person is asked about their card, and how a card of some ticks would be.

What is *not* here: what can be ticked (``healthpassport.cards``) and making it (``cards``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from healthpassport import cards
from healthpassport.cards import CardContent, CardEntry
from healthpassport.cards.building import AnyRecord
from schemas.definitions import LANGUAGES

from .words import IDENTITY, Words, allergy_words, detail_words, entry_words, title_of, word

NAMES: Final = ("familyName", "givenNames", "birthDate")  # on every card


class CardSource(Protocol):
    """Everything that one card can be made of: records of one person and one issuer."""

    @property
    def iss(self) -> str:
        """The issuer's address."""

    @property
    def issuer(self) -> str:
        """The issuer's name."""

    @property
    def status_uri(self) -> str:
        """Where the card's status will stand, as near as can be known before."""

    @property
    def records(self) -> Sequence[AnyRecord]:
        """The contents."""


@dataclass(frozen=True, slots=True)
class CardChoice:
    """One box: an entry of a record or a detail of the person, and what it says."""

    key: str
    section: Words
    words: Words
    ticked: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """What can be on a card.

    ``always`` stands on it whatever is ticked; so do the allergies' state, count and day.
    """

    issuer: str
    always: tuple[tuple[Words, Words], ...]
    choices: tuple[CardChoice, ...]

    @property
    def ticked(self) -> frozenset[str]:
        """The keys that are ticked to begin with."""
        return frozenset(choice.key for choice in self.choices if choice.ticked)


@dataclass(frozen=True, slots=True)
class CardPreview:
    """How a card of some ticks would be.

    ``over`` is how many bytes are too many. ``could_leave_off`` names keys without which the rest
    fits, and never an allergy; ``warnings`` are sentences that the holder should read first.
    """

    allergies: Words
    octets: int
    limit: int
    over: int
    could_leave_off: tuple[str, ...]
    warnings: tuple[Words, ...]

    @property
    def fits(self) -> bool:
        """Whether this card can be made."""
        return self.over == 0


def question(found: CardSource) -> CardQuestion:
    """What can be on a card of ``found``."""
    records = found.records
    told = {name: record.subject[name] for record in records for name in record.subject}
    return CardQuestion(
        issuer=found.issuer,
        always=tuple(detail_words(name, told[name]) for name in NAMES if name in told),
        choices=tuple(_choice(entry, found) for entry in cards.entries(records)),
    )


def preview(found: CardSource, ticks: Collection[str]) -> CardPreview:
    """How a card of exactly ``ticks`` would be."""
    content = content_of(found, ticks)
    space = cards.room(content, iss=found.iss, status_uri=found.status_uri)
    off: tuple[str, ...] | None = ()
    if not space.fits:
        off = cards.to_take_off(found.records, ticks, iss=found.iss, status_uri=found.status_uri)
    return CardPreview(
        allergies=allergy_words(content.allergies),
        octets=space.octets,
        limit=space.limit,
        over=space.over,
        could_leave_off=off or (),
        warnings=_warnings(content, fits=space.fits, helps=off is not None),
    )


def content_of(found: CardSource, ticks: Collection[str]) -> CardContent:
    """What stands on a card of ``ticks``."""
    return cards.build(found.records, cards.choices(found.records, ticks))


def _choice(entry: CardEntry, found: CardSource) -> CardChoice:
    records = {record.type: record for record in found.records}
    if entry.detail is not None:
        value = next(r.subject[entry.detail] for r in records.values() if entry.detail in r.subject)
        title, words = detail_words(entry.detail, value)
        told = {language: f"{title[language]}: {words[language]}" for language in LANGUAGES}
        section = title_of(IDENTITY)
    else:
        item = records[entry.record_type].items[entry.place or 0]
        told = dict(entry_words(entry.record_type, item))
        section = title_of(entry.record_type)
    return CardChoice(entry.key, section, told, entry.ticked, entry.sensitive)


def _warnings(content: CardContent, *, fits: bool, helps: bool) -> tuple[Words, ...]:
    said = []
    allergies = content.allergies
    if not fits:
        said.append(word("sentences", "too_much" if helps else "allergies_too_long"))
    if allergies.item_count and not allergies.items:
        said.append(word("sentences", "none_shown"))
    elif not allergies.complete:
        said.append(word("sentences", "not_whole"))
    return (*said, word("sentences", "anyone"))
