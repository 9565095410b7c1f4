"""Forgetting a patient who asks for it: what would go, a second look, then all of it goes.

Rules: only a clinician does it, since records stop counting; a reason of ours stands in the audit
trail; what was looked at is what goes, and anything new is looked at anew. What is *not* here: what
forgetting is (``issuer.service.forgetting``, docs/adr/0083), and persons without an NHS number
(``passport-issuer forget --offer``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.languages import msg
from issuer.service.context import digest
from issuer.service.forgetting import forget_person, held_about
from issuer.store.forgetting import Held

from .lookup import checked_number, person_of
from .opening import Console
from .staff import Action, StaffMember, require
from .trail import actor


class ForgetReason(StrEnum):
    """Why somebody is forgotten: a closed list."""

    PATIENT_ASKS = "patient_asks"
    WRONG_PERSON = "wrong_person"
    DECIDED = "decided"


REASONS: Final[Mapping[ForgetReason, str]] = MappingProxyType(
    {
        ForgetReason.PATIENT_ASKS: msg("The patient asks for it"),
        ForgetReason.WRONG_PERSON: msg("It was given to the wrong person"),
        ForgetReason.DECIDED: msg("The data protection officer, or a court, decided it"),
    }
)
EFFECTS: Final = (
    msg(
        "Every record and card of theirs from this practice stops counting, for good. A hospital"
        " that looks at one reads: Withdrawn."
    ),
    msg("What waits to be collected is erased, and their wallet gets no newer records."),
    msg(
        "What is held about them here is deleted. The audit trail stays and holds no name; backups"
        " keep it until they are deleted."
    ),
    msg("Their notes in the record system stay as they are."),
    msg("Nobody can undo it. For a lost phone or a wrong record, withdraw that record instead."),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is held about somebody, in numbers; ``seen`` says which look it was."""

    seen: str
    offers: int
    records: int
    reports: int
    in_hand: int
    held: Held = field(repr=False)

    @property
    def nothing(self) -> bool:
        """Whether nothing at all is held."""
        return not (self.offers or self.records or self.reports or self.in_hand)


def look(console: Console, who: StaffMember, nhs_number: str) -> Looked:
    """What is held about the patient with this number.

    Raises:
        ServiceError: ``staff.role``, ``console.number``.
    """
    require(who, Action.FORGET)
    number = checked_number(nhs_number)
    looked = _looked(console, number)
    by = actor(console.issuer, who)
    console.issuer.audit.write(
        "patient.looked_for", who=by, subject=number, found=looked.offers + looked.in_hand
    )
    return looked


def forget(
    console: Console, who: StaffMember, nhs_number: str, *, seen: str, reason: str, told: bool
) -> None:
    """Withdraw and delete all of what was ``seen``; ``told`` says that the patient knows of it.

    Raises:
        ServiceError: ``staff.role``, ``console.number``, ``console.reason``,
            ``console.forget_told``, ``console.forget_other`` for a number that is not the one
            looked for, ``console.forget_changed`` where something came or went since the look.
    """
    require(who, Action.FORGET)
    number = checked_number(nhs_number)
    now = _looked(console, number)
    if _whose(seen) != _whose(now.seen):
        raise ServiceError("console.forget_other")
    if seen != now.seen:
        raise ServiceError("console.forget_changed")
    if reason not in set(ForgetReason):
        raise ServiceError("console.reason")
    if not told:
        raise ServiceError("console.forget_told")
    offered = [console.preparations.drop(name) for name in _in_hand(console, number)]
    if any(offered):
        raise ServiceError("console.forget_changed", "it was handed over at this moment")
    forget_person(
        console.issuer,
        now.held,
        who=actor(console.issuer, who),
        nhs_number=number,
        reason=ForgetReason(reason).value,
    )


def _looked(console: Console, number: str) -> Looked:
    held, in_hand = held_about(console.issuer, nhs_number=number), _in_hand(console, number)
    ids = (*held.offers, "", *held.issuances, "", *held.reports, "", *in_hand)
    return Looked(
        seen=f"{person_of(console, number)}.{digest(' '.join(sorted(ids)))}",
        offers=len(held.offers),
        records=len(held.issuances),
        reports=len(held.reports),
        in_hand=len(in_hand),
        held=held,
    )


def _in_hand(console: Console, number: str) -> tuple[str, ...]:
    """What is being prepared for the patient at this moment."""
    return tuple(one.id for one in console.preparations.waiting() if one.who.nhs_number == number)


def _whose(seen: str) -> str:
    return seen.partition(".")[0]
