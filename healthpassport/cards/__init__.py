"""The emergency card, made, measured, written and read (docs/emergency-card.md).

What is *not* here: whom to believe (``healthpassport.verification``), and words for people.
"""

from healthpassport.cards.building import CardChoices, Room, build, room
from healthpassport.cards.choosing import CardEntry, choices, entries, to_take_off, usual
from healthpassport.cards.envelope import (
    ALGORITHMS,
    ParsedCard,
    issue,
    key_name,
    limit_octets,
    octets_of,
    parse,
    verify,
)
from healthpassport.cards.heading import AllergyHeading, AllergyStatement, allergy_statement
from healthpassport.cards.packing import carried_fields
from healthpassport.cards.values import (
    ALLERGIES,
    DETAILS,
    CardClaims,
    CardContent,
    CardSection,
    check_content,
)
from schemas.cards import CARD_FORMAT as FORMAT

__all__ = [
    "ALGORITHMS",
    "ALLERGIES",
    "DETAILS",
    "FORMAT",
    "AllergyHeading",
    "AllergyStatement",
    "CardChoices",
    "CardClaims",
    "CardContent",
    "CardEntry",
    "CardSection",
    "ParsedCard",
    "Room",
    "allergy_statement",
    "build",
    "carried_fields",
    "check_content",
    "choices",
    "entries",
    "issue",
    "key_name",
    "limit_octets",
    "octets_of",
    "parse",
    "room",
    "to_take_off",
    "usual",
    "verify",
]
