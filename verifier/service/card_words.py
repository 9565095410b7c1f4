"""The exact words around an emergency card: how it stands, and what paper cannot prove.

Rules: a card that failed a check shows nothing and says why; what it says is never called more than
checked; the four allergy headings are those of every result (``words``). What is *not* here: HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.credential import CardLimit, DeskState, VerifiedCard, VerifiedSection
from healthpassport.errors import catalogue

from .rule_words import rule_words
from .words import AllergyHeading, age_in_years, allergy_heading, day, state_words

USUAL_SOURCES: Final = "Use your usual sources. Care never waits for a passport."
NOT_ADDED: Final = "A card holds words, no codes: nothing of it is added to a record by itself."
SAFEGUARDING: Final = "Safeguarding is not shown here; check CP-IS."
ADULT: Final = 18
# NHS SCR alert reasons, by their numbers; the wording of 5 is to be confirmed.
REASONS: Final[Mapping[int, str]] = {
    1: "Access made in the public interest",
    2: "Access required by statute",
    3: "Access required by court order",
    4: "Emergency: the patient cannot be asked",
    5: "The patient gives permission",
    6: "Other",
}
_LIMITS: Final[Mapping[CardLimit, str]] = {
    CardLimit.COPY: "A copy or a photo of this card reads the same.",
    CardLimit.HOLDER: "It does not prove who holds it. Check it is the same person.",
    CardLimit.CHOSEN: "Its holder chose what is on it. What is missing may still be there.",
    CardLimit.PRINTED: "It does not renew itself. Anything since it was made is not on it.",
}
_ENDED: Final[Mapping[str, str]] = {
    "status.revoked": "Withdrawn by its holder or its issuer (hidden)",
    "status.replaced": "Replaced by a newer card (hidden)",
}


@dataclass(frozen=True, slots=True)
class CardWords:
    """What is said of a card as a whole, and of each of its sections, in order."""

    verdict: str
    next_step: str
    allergies: AllergyHeading
    sections: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]


def card_words(card: VerifiedCard) -> CardWords:
    """Everything that is said of ``card`` beside its entries."""
    return CardWords(
        verdict=_verdict(card),
        next_step=_next_step(card),
        allergies=allergy_heading(card.summary),
        sections=tuple((s.record_type, section_words(s)) for s in card.summary.sections),
        limits=tuple(_LIMITS[one] for one in card.limits),
        notes=_notes(card, card.summary.verified_at),
    )


def section_words(section: VerifiedSection) -> str:
    """The state of one section, its day, and each rule of freshness that it did not keep."""
    parts = [state_words(section)]
    if section.as_of is not None:
        parts.append(f"as of {day(section.as_of)}")
    return ". ".join([", ".join(parts), *(rule_words(one).rstrip(".") for one in section.rules)])


def _verdict(card: VerifiedCard) -> str:
    codes = card.summary.codes
    if card.subject is None:
        code = codes[0] if codes else ""
        entry = catalogue().get(code)
        return _ENDED.get(code) or f"Failed check (hidden): {entry.title if entry else code}"
    states = {section.state for section in card.summary.sections}
    if DeskState.COULD_NOT_CHECK in states:
        return "Could not check"
    if DeskState.OUT_OF_DATE in states and card.valid_until is not None:
        return f"Out of date since {day(card.valid_until.date())}"
    name = f"{card.issuer.name} ({card.issuer.ods})" if card.issuer else ""
    return f"Source checked: signed by {name}"


def _next_step(card: VerifiedCard) -> str:
    """What to do where the card cannot be relied on; empty where it can."""
    if not card.summary.codes:
        return ""
    entry = catalogue().get(card.summary.codes[0])
    return " ".join(part for part in (entry.hint if entry else "", USUAL_SOURCES) if part)


def _notes(card: VerifiedCard, now: datetime) -> tuple[str, ...]:
    """Clinical.md rule 13: safeguarding is named for the young and in pregnancy."""
    if card.subject is None:
        return ()
    age = age_in_years(card.subject.get("birthDate"), now.date())
    pregnancy = card.summary.section("PregnancyStatus")
    watched = (age is not None and age < ADULT) or (pregnancy is not None and pregnancy.shown > 0)
    return (NOT_ADDED, SAFEGUARDING) if watched else (NOT_ADDED,)
