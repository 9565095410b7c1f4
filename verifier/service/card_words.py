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
from healthpassport.languages import ENGLISH, Words, msg

from .acting import SAFEGUARDING
from .problem_words import problem_words
from .rule_words import rule_words
from .words import (
    OUT_OF_DATE_SINCE,
    STATES,
    AllergyHeading,
    age_in_years,
    allergy_heading,
    day,
    state_words,
)

USUAL_SOURCES: Final = msg("Use your usual sources. Care never waits for a passport.")
NOT_ADDED: Final = msg(
    "A card holds words, no codes: nothing of it is added to a record by itself."
)
ADULT: Final = 18
# NHS SCR alert reasons, by their numbers; the wording of 5 is to be confirmed.
REASONS: Final[Mapping[int, str]] = {
    1: msg("Access made in the public interest"),
    2: msg("Access required by statute"),
    3: msg("Access required by court order"),
    4: msg("Emergency: the patient cannot be asked"),
    5: msg("The patient gives permission"),
    6: msg("Other"),
}
_LIMITS: Final[Mapping[CardLimit, str]] = {
    CardLimit.COPY: msg("A copy or a photo of this card reads the same."),
    CardLimit.HOLDER: msg("It does not prove who holds it. Check it is the same person."),
    CardLimit.CHOSEN: msg("Its holder chose what is on it. What is missing may still be there."),
    CardLimit.PRINTED: msg("It does not renew itself. Anything since it was made is not on it."),
}
_ENDED: Final[Mapping[str, str]] = {
    "status.revoked": msg("Withdrawn by its holder or its issuer (hidden)"),
    "status.suspended": msg("Suspended by its issuer for now (hidden)"),
    "status.replaced": msg("Replaced by a newer card (hidden)"),
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


def card_words(card: VerifiedCard, say: Words = ENGLISH) -> CardWords:
    """Everything that is said of ``card`` beside its entries."""
    return CardWords(
        verdict=_verdict(card, say),
        next_step=_next_step(card, say),
        allergies=allergy_heading(card.summary, say),
        sections=tuple((s.record_type, section_words(s, say)) for s in card.summary.sections),
        limits=tuple(say(_LIMITS[one]) for one in card.limits),
        notes=tuple(say(note) for note in _notes(card, card.summary.verified_at)),
    )


def section_words(section: VerifiedSection, say: Words = ENGLISH) -> str:
    """The state of one section, its day, and each rule of freshness that it did not keep."""
    first = state_words(section, say)
    if section.as_of is not None:
        first = say(msg("%(state)s, as of %(day)s"), state=first, day=day(section.as_of, say))
    return ". ".join([first, *(rule_words(one, say).rstrip(".") for one in section.rules)])


def _verdict(card: VerifiedCard, say: Words) -> str:
    codes = card.summary.codes
    if card.subject is None:
        code = codes[0] if codes else ""
        if code in _ENDED:
            return say(_ENDED[code])
        problem = problem_words(code, say)
        why = problem.title if problem else code
        return f"{say(STATES[DeskState.FAILED_CHECK])}: {why}"
    states = {section.state for section in card.summary.sections}
    if DeskState.COULD_NOT_CHECK in states:
        return say(STATES[DeskState.COULD_NOT_CHECK])
    if DeskState.OUT_OF_DATE in states and card.valid_until is not None:
        return say(OUT_OF_DATE_SINCE, day=day(card.valid_until.date(), say))
    name = f"{card.issuer.name} ({card.issuer.ods})" if card.issuer else ""
    return say(msg("Source checked: signed by %(name)s"), name=name)


def _next_step(card: VerifiedCard, say: Words) -> str:
    """What to do where the card cannot be relied on; empty where it can."""
    if not card.summary.codes:
        return ""
    problem = problem_words(card.summary.codes[0], say)
    return " ".join([*([problem.hint] if problem else []), say(USUAL_SOURCES)])


def _notes(card: VerifiedCard, now: datetime) -> tuple[str, ...]:
    """Clinical.md rule 13: safeguarding is named for the young and in pregnancy."""
    if card.subject is None:
        return ()
    age = age_in_years(card.subject.get("birthDate"), now.date())
    pregnancy = card.summary.section("PregnancyStatus")
    watched = (age is not None and age < ADULT) or (pregnancy is not None and pregnancy.shown > 0)
    return (NOT_ADDED, SAFEGUARDING) if watched else (NOT_ADDED,)
