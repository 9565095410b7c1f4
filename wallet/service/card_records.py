"""Which of the records held can go on one card: those of one issuer and one passport, newest first.

A card is signed by the issuer of its records, so that two issuers make two cards. What is lent to
this wallet makes none: a card would outlive its end. What is *not* here: what is ticked
(``cards``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from healthpassport import cards
from healthpassport.cards import ALLERGIES
from healthpassport.encoding import Json
from healthpassport.errors import CardError, ServiceError
from healthpassport.formats import HeldCredential, format_named
from healthpassport.summary import DisclosedRecord
from schemas.cards import table
from wallet.vault import Vault

from .passports import settled
from .shelf import StoredCopy, StoredRecord, next_copy
from .whose import Kin, compare, subject_of

FORMAT: Final = "dc+sd-jwt"  # what an issuer asks for to make a card
IDENTITY: Final = "PatientIdentity"
SUMMARY: Final = "EmergencySummary"
STATUS_PATH: Final = "/status/1"  # where a first list stands, for measuring alone


@dataclass(frozen=True, slots=True)
class HeldForCard:
    """One record as the copy that would be shown to its issuer."""

    stored: StoredRecord
    copy: StoredCopy = field(repr=False)
    held: HeldCredential = field(repr=False)

    @property
    def record(self) -> DisclosedRecord:
        """Its content."""
        return self.stored.record


@dataclass(frozen=True, slots=True)
class CardRecords:
    """Everything that one card can be made of."""

    iss: str
    issuer: str
    ods: str
    person: str
    held: tuple[HeldForCard, ...]

    @property
    def records(self) -> tuple[DisclosedRecord, ...]:
        """The contents, in the order of the records."""
        return tuple(one.record for one in self.held)

    @property
    def status_uri(self) -> str:
        """Where a card's status would stand, as near as can be known before."""
        for one in self.held:
            status = one.held.claims.get("status")
            listed = status.get("status_list") if isinstance(status, Mapping) else None
            if isinstance(listed, Mapping) and isinstance(listed.get("uri"), str):
                return str(listed["uri"])
        return self.iss + STATUS_PATH

    def room(self, content: cards.CardContent) -> cards.Room:
        """How much of a card ``content`` takes."""
        return cards.room(content, iss=self.iss, status_uri=self.status_uri)


def card_records(vault: Vault, *, about: StoredRecord | None) -> CardRecords:
    """The records for a card of the person and issuer of ``about``.

    Without it, of the only person and issuer of whom there is an allergy list (or a summary).

    Raises:
        CardError: ``card.no_allergies`` where nothing says what is known of allergies,
            ``card.whose`` where it could be of several, ``card.copy_format``.
        ServiceError: ``helper.not_yours`` for a record that is lent.
    """
    if about is not None and about.until is not None:
        raise ServiceError("helper.not_yours")
    stored = [r for r in settled(vault) if r.until is None and r.record.type in _carried()]
    first = about or _first(stored)
    own: dict[str, StoredRecord] = {}
    for one in stored:  # the newest of each type comes first
        if (one.iss, one.person) == (first.iss, first.person):
            own.setdefault(one.record.type, one)
    if ALLERGIES not in own and SUMMARY not in own:
        raise CardError("card.no_allergies")
    if ALLERGIES in own:
        own.pop(SUMMARY, None)  # the list itself says more
    held = []
    for one in own.values():
        copy = next_copy(vault, one.row)
        if copy.format != FORMAT:
            raise CardError("card.copy_format")
        held.append(HeldForCard(one, copy, format_named(FORMAT).open_held(copy.text)))
    return CardRecords(first.iss, first.issuer, first.ods, first.person, tuple(held))


def newer_than(vault: Vault, claims: cards.CardClaims, *, person: str) -> bool:
    """Whether a record is held that speaks for a later day than the card of ``claims`` does.

    ``person`` is the passport that the card is of, empty for a card from before it was noted.
    """
    content = claims.content
    for one in settled(vault):
        section = content.section(one.record.type)
        if section is None or one.iss != claims.iss or one.until is not None:
            continue
        same = one.person == person if person else one_person(one.payload, content.subject)
        if same and one.record.as_of > section.as_of:
            return True
    return False


def one_person(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether two are surely of one person: twins share a birth date and a family name."""
    return compare(subject_of(one), subject_of(other)) is Kin.SAME


def _first(stored: Sequence[StoredRecord]) -> StoredRecord:
    lists = [one for one in stored if one.record.type in {ALLERGIES, SUMMARY}]
    if not lists:
        raise CardError("card.no_allergies")
    first = lists[0]
    if any((one.iss, one.person) != (first.iss, first.person) for one in lists):
        raise CardError("card.whose")
    return first


def _carried() -> frozenset[str]:
    return frozenset({IDENTITY, SUMMARY, *(one.record_type for one in table().sections)})


def find(vault: Vault, record_id: str) -> StoredRecord:
    """The record with exactly this id, or ``wallet.record_unknown``."""
    for one in settled(vault):
        if one.id == record_id:
            return one
    raise ServiceError("wallet.record_unknown")
