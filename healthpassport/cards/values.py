"""What an emergency card says, as plain frozen values: nothing of how it is written or signed.

Rules: a card always holds the allergies' state, count and date, whatever else was chosen; an entry
is there whole or not at all; words, never codes. What is *not* here: the desk's states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import CardError, PassportError
from healthpassport.summary import Item, SectionState, definition
from healthpassport.summary.rules import check_items, check_members, check_state
from schemas.cards import table

ALLERGIES: Final = "AllergySummary"
NEEDED: Final = ("familyName", "birthDate")  # clinical.md: who a record is of
DETAILS: Final = ("familyName", "givenNames", "birthDate", "nhsNumber", "addressLines", "postcode")
IDENTITY: Final = "PatientIdentity"  # whose definition judges the details


@dataclass(frozen=True, slots=True)
class CardSection:
    """One section: what its source says of it, how many entries there are, and those on the card.

    ``as_of`` is the day for which the source vouches.
    """

    record_type: str
    state: SectionState
    item_count: int
    as_of: date
    items: tuple[Item, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every entry of the source's list stands on the card."""
        return len(self.items) == self.item_count


@dataclass(frozen=True, slots=True)
class CardContent:
    """Everything on a card: the person, the source (ODS code and name), the sections in order."""

    subject: Mapping[str, Json]
    ods: str
    organisation: str
    sections: tuple[CardSection, ...]

    def section(self, record_type: str) -> CardSection | None:
        """The section of ``record_type``, or None where it is not on the card."""
        return next((one for one in self.sections if one.record_type == record_type), None)

    @property
    def allergies(self) -> CardSection:
        """The section that no card lacks."""
        found = self.section(ALLERGIES)
        if found is None:
            raise CardError("card.no_allergies")
        return found


@dataclass(frozen=True, slots=True)
class CardClaims:
    """A card's content with what its issuer adds: who, when, until when, and where its status is.

    ``key_name`` is the beginning of the thumbprint of the key that is said to have signed.
    """

    iss: str
    issued_at: datetime
    expires_at: datetime
    status_uri: str
    status_index: int
    content: CardContent


def check_content(content: CardContent) -> None:
    """Refuse what no card may say.

    Raises:
        CardError: ``card.content``; ``card.no_allergies`` without the allergies' state.
    """
    if content.section(ALLERGIES) is None:
        raise CardError("card.no_allergies")
    order = [one.record_type for one in table().sections]
    named = [one.record_type for one in content.sections]
    if named != [name for name in order if name in named]:
        raise CardError("card.content", "a section stands twice, or out of order")
    if any(name not in content.subject for name in NEEDED) or not content.ods:
        raise CardError("card.content", "it does not say of whom it is, or from where")
    if unknown := content.subject.keys() - set(DETAILS):
        raise CardError("card.content", f"no card tells {min(unknown)}")
    try:
        check_members(content.subject, definition(IDENTITY).subject_fields, complete=False)
        for section in content.sections:
            _check_section(section)
    except PassportError as error:
        raise CardError("card.content", f"{error.code}: {error.detail}") from error


def _check_section(section: CardSection) -> None:
    known = definition(section.record_type)
    if len(section.items) > section.item_count:
        raise CardError("card.content", "more entries than there are")
    check_items(section.items, (), known)
    check_state(section.state, section.items, section.item_count, known)
