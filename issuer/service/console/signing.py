"""Checking who the patient is, choosing what they get, and a clinician's sign-off.

Rules: nothing is signed off before it is said how the patient was identified; a clerk sends what is
chosen to a clinician; where the settings ask for four eyes, whoever prepared it does not sign it
off; warnings are read, not passed over. What is *not* here: making the offer (``handing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from healthpassport.errors import ServiceError

from .cautions import cautions
from .identity import checked_vouching, named_check
from .opening import Console
from .preparing import Preparation, Step
from .second_look import checked_reason
from .staff import Action, StaffMember, require


def identify(
    console: Console, who: StaffMember, name: str, *, check: str, vouched_by: str = ""
) -> Preparation:
    """Say how it was made sure who the patient is.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.identity``,
            ``console.vouching``, ``console.change`` once it is offered.
    """
    require(who, Action.PREPARE)
    made = named_check(check)
    vouching = checked_vouching(made, vouched_by)

    def step(held: Preparation) -> Preparation:
        _still_open(held)
        return replace(held, checked=made, vouched_by=vouching)

    return console.preparations.change(name, step)


def choose(console: Console, who: StaffMember, name: str, wanted: Sequence[str]) -> Preparation:
    """Choose what the patient gets, and let it wait for a clinician.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.identity``, ``console.chosen``,
            ``console.change``.
    """
    require(who, Action.PREPARE)

    def step(held: Preparation) -> Preparation:
        _still_open(held)
        return _chosen(held, who, wanted)

    return console.preparations.change(name, step)


def sign_off(
    console: Console,
    who: StaffMember,
    name: str,
    wanted: Sequence[str],
    *,
    cautions_read: bool = False,
    without: str = "",
    reason: str = "",
) -> Preparation:
    """Say, as a clinician, that the chosen records may go to the patient.

    ``without`` and ``reason`` answer the second look (``second_look``).

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.identity``, ``console.chosen``,
            ``console.cautions``, ``console.second_look``, ``console.four_eyes``,
            ``console.change``.
    """
    require(who, Action.SIGN_OFF)

    def step(held: Preparation) -> Preparation:
        if held.step is Step.SIGNED and held.wanted == _in_order(held, wanted):
            return held
        _still_open(held)
        chosen = _chosen(held, held.prepared_by or who, wanted)
        first = held.prepared_by or held.opened_by
        if console.issuer.settings.web_four_eyes and first.subject == who.subject:
            raise ServiceError("console.four_eyes")
        if cautions(held.reading) and not cautions_read:
            raise ServiceError("console.cautions")
        why = checked_reason(held.reading, chosen.wanted, without=without, reason=reason)
        return replace(chosen, step=Step.SIGNED, signed_by=who, without_reason=why)

    return console.preparations.change(name, step)


def _still_open(held: Preparation) -> None:
    if held.step not in {Step.OPENED, Step.WAITING}:
        raise ServiceError("console.change")


def _chosen(held: Preparation, by: StaffMember, wanted: Sequence[str]) -> Preparation:
    if held.checked is None:
        raise ServiceError("console.identity")
    chosen = _in_order(held, wanted)
    if not chosen or set(wanted) - set(chosen):
        raise ServiceError("console.chosen")
    return replace(held, wanted=chosen, prepared_by=by, step=Step.WAITING)


def _in_order(held: Preparation, wanted: Sequence[str]) -> tuple[str, ...]:
    return tuple(r.type for r in held.reading.summary.records if r.type in wanted)
