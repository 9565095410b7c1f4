"""Which patient of the hospital's record system the shared record is of: for staff to decide.

Rules: nothing is written on likeness alone; a number that differs is another person; whoever cannot
be told apart (twins, one person twice) is never chosen between. What is *not* here: asking the
record system (``client``) and writing (``hospital``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from healthpassport.credential import VerifiedSummary
from healthpassport.encoding import Json, b64url_encode, jcs
from verifier.client import HospitalPatient

from .words import IDENTITY, READABLE

NUMBER: Final = "nhsNumber"
FAMILY: Final = "familyName"
GIVEN: Final = "givenNames"
BORN: Final = "birthDate"
FIELDS: Final = (NUMBER, FAMILY, GIVEN, BORN)
ONE_SLIP: Final = 1  # differing fields that can be a typing error or a marriage


class Strength(StrEnum):
    """How well a patient fits. Only ``sure`` and ``weak`` may be written to, each after a look."""

    SURE = "sure"
    WEAK = "weak"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Shared:
    """Who the shared record says that this is; empty where it does not say."""

    nhs_number: str = ""
    family_name: str = ""
    given_names: tuple[str, ...] = ()
    birth_date: str = ""

    @property
    def can_be_sought(self) -> bool:
        """Whether there is anything to search by."""
        return bool(self.nhs_number or (self.family_name and self.birth_date))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient beside the shared record: which fields agree, differ, or stand on one side only."""

    patient: HospitalPatient
    strength: Strength
    same: tuple[str, ...]
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    ambiguous: bool = False

    @property
    def to_agree(self) -> tuple[str, ...]:
        """What staff have to agree to before anything is written."""
        return (*self.differing, *self.missing)

    @property
    def seen(self) -> str:
        """A digest of who the record system says that this is, to notice that it says another."""
        one = self.patient
        numbers, families = sorted(one.nhs_numbers), sorted(one.families)
        givens = sorted(map(list, one.givens))
        said: list[Json] = [one.id, *numbers, "", *families, "", *givens, "", one.birth_date]
        return b64url_encode(hashlib.sha256(jcs(said)).digest())

    @property
    def may_be_chosen(self) -> bool:
        """Whether staff may choose this patient at all."""
        return self.strength is not Strength.OTHER and not self.ambiguous


def shared_person(summary: VerifiedSummary) -> Shared:
    """The person of ``summary``, from the identity record before any other."""
    named = [s for s in summary.sections if s.state in READABLE and s.subject]
    named.sort(key=lambda section: section.record_type != IDENTITY)
    known: dict[str, Json] = {}
    for section in named:
        known = {**(section.subject or {}), **known}
    number = known.get(NUMBER)
    given = known.get(GIVEN)
    return Shared(
        nhs_number=_digits(number.get("value")) if isinstance(number, Mapping) else "",
        family_name=_text(known.get(FAMILY)),
        given_names=tuple(map(str, given)) if isinstance(given, list | tuple) else (),
        birth_date=_text(known.get(BORN)),
    )


def candidates(shared: Shared, patients: Iterable[HospitalPatient]) -> tuple[Candidate, ...]:
    """Every patient beside ``shared``, the best first; those that cannot be told apart are marked.

    Two patients fit and neither is sure, or both are, or both bear the number: nobody chooses. Nor
    is anybody chosen who does not bear the number while another patient does.
    """
    found = [compare(shared, one) for one in patients]
    fitting = [one for one in found if one.strength is not Strength.OTHER]
    sure = [one for one in fitting if one.strength is Strength.SURE]
    numbered = [one for one in found if NUMBER in one.same]
    torn = [] if len(sure) == 1 and len(numbered) == 1 else fitting
    if len(fitting) > 1 or len(numbered) > 1:
        found = [_marked(one) if one in torn or len(numbered) > 1 else one for one in found]
    if numbered:
        found = [_marked(one) if _fits_without_number(one) else one for one in found]
    order = list(Strength)
    return tuple(sorted(found, key=lambda one: (order.index(one.strength), one.patient.id)))


def compare(shared: Shared, patient: HospitalPatient) -> Candidate:
    """``patient`` beside ``shared``."""
    sides = {
        NUMBER: (shared.nhs_number, set(patient.nhs_numbers)),
        FAMILY: (_folded(shared.family_name), set(map(_folded, patient.families))),
        GIVEN: (_first(shared.given_names), set(map(_first, patient.givens))),
        BORN: (shared.birth_date, {patient.birth_date}),
    }
    same, differing, missing = [], [], []
    for name, (ours, theirs) in sides.items():
        known = theirs - {""}
        if not ours or not known:
            missing.append(name)
        elif ours in known:
            same.append(name)
        else:
            differing.append(name)
    strength = _strength(same, differing)
    return Candidate(patient, strength, tuple(same), tuple(differing), tuple(missing))


def _strength(same: list[str], differing: list[str]) -> Strength:
    if NUMBER in differing or len(differing) > ONE_SLIP:
        return Strength.OTHER
    if NUMBER in same:
        whole = not differing and {FAMILY, BORN} <= set(same)
        return Strength.SURE if whole else Strength.WEAK
    return Strength.WEAK if {FAMILY, BORN} <= set(same) and not differing else Strength.OTHER


def _fits_without_number(one: Candidate) -> bool:
    return one.strength is not Strength.OTHER and NUMBER not in one.same


def _marked(one: Candidate) -> Candidate:
    return Candidate(
        one.patient, one.strength, one.same, one.differing, one.missing, ambiguous=True
    )


def _first(names: tuple[str, ...]) -> str:
    """The first given name: many systems hold no other."""
    return _folded(" ".join(names)).partition(" ")[0]


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())


def _text(value: Json) -> str:
    return value.strip() if isinstance(value, str) else ""


def _digits(value: Json) -> str:
    return "".join(c for c in value if c.isdigit()) if isinstance(value, str) else ""
