"""Which of the records held can go on one card: those of one issuer and one person, newest first.

A card is signed by the issuer of its records, so that two issuers make two cards. What is *not*
here: what is ticked (``cards``).
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

from .receiving import differ
from .shelf import StoredCopy, StoredRecord, next_copy, read_records

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
    """
    stored = [one for one in read_records(vault) if one.record.type in _carried()]
    first = about or _first(stored)
    own: dict[str, StoredRecord] = {}
    for one in stored:  # the newest of each type comes first
        if one.iss == first.iss and not differ(one.payload, first.payload):
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
    return CardRecords(first.iss, first.issuer, first.ods, tuple(held))


def newer_than(vault: Vault, claims: cards.CardClaims) -> bool:
    """Whether a record is held that speaks for a later day than the card of ``claims`` does."""
    content = claims.content
    person: Mapping[str, Json] = content.subject
    for one in read_records(vault):
        section = content.section(one.record.type)
        same = one.iss == claims.iss and not differ(one.payload, person)
        if section is not None and same and one.record.as_of > section.as_of:
            return True
    return False


def _first(stored: Sequence[StoredRecord]) -> StoredRecord:
    lists = [one for one in stored if one.record.type in {ALLERGIES, SUMMARY}]
    if not lists:
        raise CardError("card.no_allergies")
    first = lists[0]
    if any(one.iss != first.iss or differ(one.payload, first.payload) for one in lists):
        raise CardError("card.whose")
    return first


def _carried() -> frozenset[str]:
    return frozenset({IDENTITY, SUMMARY, *(one.record_type for one in table().sections)})


def find(vault: Vault, record_id: str) -> StoredRecord:
    """The record with exactly this id, or ``wallet.record_unknown``."""
    for one in read_records(vault):
        if one.id == record_id:
            return one
    raise ServiceError("wallet.record_unknown")
