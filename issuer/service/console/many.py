"""Offers to many at the console: a list is planned in steps, then started, followed and cancelled.

Rules: nothing starts that was not planned to its end with the very choices that it starts with, and
a plan starts once however often its form is sent. What is *not* here: reading a list
(``issuer.service.bulk_lines``), holding the plan (``plans``) and the run (``issuer.service.bulk``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from healthpassport.errors import ServiceError
from issuer.service import bulk
from issuer.service.bulk import Planned
from issuer.service.bulk_lines import Line

from .handing import CLIENT
from .opening import Console
from .plans import Plan
from .staff import Action, StaffMember, require
from .trail import actor

STEP_LINES: Final = 500  # read at once, so that a page is answered
STEP_TIME: Final = timedelta(seconds=10)
ID_LENGTH: Final = 22  # characters of base64url: 132 random bits
RUNS: Final = 50
MAX_DAYS: Final = 90  # as the setting of the days


def plan(
    console: Console,
    who: StaffMember,
    lines: tuple[Line, ...],
    *,
    wanted: tuple[str, ...] = (),
    days: int = 0,
) -> Plan:
    """Begin to read what each line would get; nothing is offered.

    Args:
        console: the console.
        who: asks.
        lines: whom to offer.
        wanted: record types; none for all that the source gives.
        days: until the offers expire; 0 for the setting.

    Raises:
        ServiceError: ``staff.role``, ``console.days``.
        SourceError: ``offer.record_type``.
    """
    require(who, Action.BULK)
    bulk.check_types(wanted)
    if days and not 1 <= days <= MAX_DAYS:
        raise ServiceError("console.days")
    made = Plan(console.issuer.secret()[:ID_LENGTH], lines, _of(who), wanted, days)
    console.plans.add(made)
    return go_on(console, who, made.id)


def go_on(console: Console, who: StaffMember, name: str) -> Plan:
    """Read the next lines of a plan; while somebody does so already, the plan as it is.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``.
    """
    require(who, Action.BULK)
    issuer, by = console.issuer, _of(who)
    try:
        with console.plans.alone(name, by) as held:
            if held.run or held.is_whole:
                return held
            told = _more(console, held)
            changed = console.plans.change(name, by, lambda one: replace(one, told=told))
            if changed.is_whole:
                bulk.note_planned(issuer, len(held.lines), who=actor(issuer, who))
            return changed
    except ServiceError as error:
        if error.code != "console.busy":
            raise
        return console.plans.find(name, by)


def planned(console: Console, who: StaffMember, name: str) -> Plan:
    """The plan of this name.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``.
    """
    require(who, Action.BULK)
    return console.plans.find(name, _of(who))


def start(console: Console, who: StaffMember, name: str, *, recipient: str) -> str:
    """Offer to everybody on the list of a plan; the id of the run.

    ``recipient`` is the public JWK as JSON that links and PINs are sealed for.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.unplanned``, ``bulk.recipient``,
            ``console.busy`` while it is being started.
        SettingsError: ``issuer.queue_key``.
    """
    require(who, Action.BULK)
    issuer, by = console.issuer, _of(who)
    with console.plans.alone(name, by) as held:
        if held.run:
            return held.run
        if not held.is_whole:
            raise ServiceError("console.unplanned")
        run = bulk.start(
            issuer,
            held.lines,
            client=CLIENT,
            recipient=bulk.parse_recipient(recipient),
            wanted=held.wanted,
            days=held.days or None,
            who=actor(issuer, who),
        )
        console.plans.change(name, by, lambda one: replace(one, run=run, lines=(), told=()))
    issuer.store.wipe()
    return run


def runs(console: Console, who: StaffMember) -> tuple[bulk.Progress, ...]:
    """The newest runs, each with how far it is.

    Raises:
        ServiceError: ``staff.role``.
    """
    require(who, Action.BULK)
    found = bulk.all_bulks(console.issuer, limit=RUNS)
    return tuple(bulk.progress(console.issuer, one.id) for one in found)


def progress(console: Console, who: StaffMember, run: str) -> bulk.Progress:
    """How far a run is.

    Raises:
        ServiceError: ``staff.role``, ``bulk.unknown``.
    """
    require(who, Action.BULK)
    return bulk.progress(console.issuer, run)


def cancel(console: Console, who: StaffMember, run: str) -> None:
    """Offer no further line of a run.

    Raises:
        ServiceError: ``staff.role``, ``bulk.unknown``, ``bulk.over``.
    """
    require(who, Action.BULK)
    bulk.cancel(console.issuer, run, who=actor(console.issuer, who))


def _more(console: Console, held: Plan) -> tuple[Planned, ...]:
    """What was found of the lines so far, and of some more."""
    told, until = list(held.told), console.issuer.clock() + STEP_TIME
    for line in held.lines[len(told) : len(told) + STEP_LINES]:
        told.append(bulk.plan_line(console.issuer, line, wanted=held.wanted))
        if console.issuer.clock() >= until:
            break
    return tuple(told)


def _of(who: StaffMember) -> str:
    return f"{who.way}:{who.subject}"
