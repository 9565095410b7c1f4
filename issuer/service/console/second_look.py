"""A second look where a record that doctors rely on is unticked: what a hospital then reads; why.

Rules (clinical.md): leaving out allergies is no slip of the mouse; who signs it off is told what a
hospital will read, and gives one of our reasons, which goes to the audit trail with the kind of
record and nothing else. What is *not* here: records that the source does not have (``cautions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.languages import Words, msg
from healthpassport.summary import definition
from issuer.service.reading import Reading

# Kinds of record whose absence can harm at once [confirm], and what a hospital then reads.
CRITICAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AllergySummary": msg(
            "A hospital will read: Allergies unavailable. It will not see what they are allergic"
            " to, and it must not take this as no allergies."
        ),
        "MedicationSummary": msg(
            "A hospital will not see what they take. It must not take this as no medicines."
        ),
        "DeviceImplant": msg(
            "A hospital will not see implants, such as a pacemaker. It must not take this as none."
        ),
        "AdvanceCarePlan": msg(
            "A hospital will not see what they decided about their treatment, such as a refusal."
        ),
    }
)


class WithoutReason(StrEnum):
    """Why a record that doctors rely on is not given: a closed list."""

    PATIENT_ASKS = "patient_asks"
    BEING_CORRECTED = "being_corrected"
    HAS_IT = "has_it"
    LATER = "later"


REASONS: Final[Mapping[WithoutReason, str]] = MappingProxyType(
    {
        WithoutReason.PATIENT_ASKS: msg("The patient asks for it"),
        WithoutReason.BEING_CORRECTED: msg("It is wrong, and is being put right"),
        WithoutReason.HAS_IT: msg("They have it already"),
        WithoutReason.LATER: msg("They get it another day"),
    }
)


def unticked(reading: Reading, wanted: Sequence[str]) -> tuple[str, ...]:
    """The kinds that the source has, that doctors rely on, and that are not given."""
    there = [record.type for record in reading.summary.records]
    return tuple(one for one in there if one in CRITICAL and one not in wanted)


def told(kinds: Sequence[str], say: Words) -> tuple[tuple[str, str], ...]:
    """Each kind by its name, with what a hospital will read without it."""
    return tuple((say.of(definition(one).labels).clinical, say(CRITICAL[one])) for one in kinds)


def checked_reason(
    reading: Reading, wanted: Sequence[str], *, without: str, reason: str
) -> WithoutReason | None:
    """The reason for what is not given; None where nothing that matters is left out.

    ``without`` names the kinds that were asked about, with spaces; others are asked about anew.

    Raises:
        ServiceError: ``console.second_look``.
    """
    missing = unticked(reading, wanted)
    if not missing:
        return None
    if set(without.split()) != set(missing) or reason not in set(WithoutReason):
        raise ServiceError("console.second_look")
    return WithoutReason(reason)
