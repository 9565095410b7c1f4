"""Offers to many at the console: a list is planned in steps, then started, followed and cancelled.

Rules: nothing starts that was not planned to its end, and a plan starts once however often its form
is sent. What is *not* here: reading a list (``issuer.service.bulk_lines``), holding the plan
(``plans``) and the run itself (``issuer.service.bulk``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from healthpassport.errors import ServiceError
from issuer.service import bulk
from issuer.service.bulk_lines import Line

from .handing import CLIENT
from .opening import Console
from .plans import HELD, Plan
from .staff import Action, StaffMember, require
from .trail import actor

STEP_LINES: Final = 500  # read at once, so that a page is answered
STEP_TIME: Final = timedelta(seconds=10)
ID_LENGTH: Final = 22  # characters of base64url: 132 random bits
RUNS: Final = 50


def plan(console: Console, who: StaffMember, lines: tuple[Line, ...]) -> Plan:
    """Begin to read what each line would get; nothing is offered.

    Raises:
        ServiceError: ``staff.role``.
    """
    require(who, Action.BULK)
    issuer = console.issuer
    made = Plan(
        id=issuer.secret()[:ID_LENGTH],
        lines=lines,
        by=_of(who),
        ends_at=issuer.clock() + HELD,
        rest=bulk.plan(issuer, lines, who=actor(issuer, who)),
    )
    console.plans.add(made)
    return go_on(console, who, made.id)


def go_on(console: Console, who: StaffMember, name: str) -> Plan:
    """Read the next lines of a plan.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``.
    """
    require(who, Action.BULK)

    def step(held: Plan) -> Plan:
        until = console.issuer.clock() + STEP_TIME
        told = list(held.told)
        for one in held.rest:
            told.append(one)
            # The last line is followed by the end, which writes the trail.
            if len(told) == len(held.lines):
                continue
            if len(told) - len(held.told) >= STEP_LINES or console.issuer.clock() >= until:
                break
        return replace(held, told=tuple(told))

    return console.plans.change(name, _of(who), step)


def planned(console: Console, who: StaffMember, name: str) -> Plan:
    """The plan of this name.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``.
    """
    require(who, Action.BULK)
    return console.plans.change(name, _of(who), lambda held: held)


def start(console: Console, who: StaffMember, name: str, *, recipient: str) -> str:
    """Offer to everybody on the list of a plan; the id of the run.

    ``recipient`` is the public JWK as JSON that links and PINs are sealed for.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.unplanned``, ``bulk.recipient``.
        SettingsError: ``issuer.queue_key``.
    """
    require(who, Action.BULK)
    issuer = console.issuer

    def step(held: Plan) -> Plan:
        if held.run:
            return held
        if not held.is_whole:
            raise ServiceError("console.unplanned")
        run = bulk.start(
            issuer,
            held.lines,
            client=CLIENT,
            recipient=bulk.parse_recipient(recipient),
            who=actor(issuer, who),
        )
        return replace(held, run=run, lines=(), told=())

    return console.plans.change(name, _of(who), step).run


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


def _of(who: StaffMember) -> str:
    return f"{who.way}:{who.subject}"
