"""Offers to many: bring or paste a list, see what each line would get, start, follow, cancel.

Rules: a line is told by its number and the kinds of record, never by a name or a value; links and
PINs are fetched by command with the operator's key, never shown here. What is *not* here: the
steps (``service.console.many``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from healthpassport.errors import PassportError, ServiceError
from healthpassport.languages import Words, msg
from healthpassport.record_words import record_label
from healthpassport.summary import definition, issued_types
from issuer.service.bulk import Planned, Progress
from issuer.service.bulk_lines import MAX_BYTES, parse_lines
from issuer.service.bulk_work import wanted_of
from issuer.service.console import Console, many
from issuer.service.console.plans import Plan
from issuer.service.console.problem_words import ProblemWords, problem_words
from issuer.service.console.staff import StaffMember
from issuer.service.context import utc
from issuer.store.bulk import BulkState, LineState

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import moment
from .upload import read_form

SEE_OTHER: Final = 303
PLAN: Final = "/many/plan"
MAX_UPLOAD: Final = 2 * MAX_BYTES + 65_536  # bytes of the form: a file, or pasted lines
MAX_SHOWN: Final = 1_000  # lines of a table
MAX_KEY: Final = 2_000  # characters
DAYS: Final = re.compile(r"[1-9][0-9]?")
# Refusals that are put right on the form itself, where what was typed still stands.
ON_FORM: Final = frozenset({"bulk.list", "console.days", "offer.record_type"})
HEADING: Final = b"nhs_number\n"
STATES: Final = {
    BulkState.RUNNING: msg("Being done"),
    BulkState.ENDED: msg("Done"),
    BulkState.CANCELLED: msg("Cancelled"),
}
COUNTS: Final = {
    LineState.WAITING: msg("Waiting"),
    LineState.OFFERED: msg("Offered, link and PIN not fetched yet"),
    LineState.TOLD: msg("Offered, link and PIN fetched"),
    LineState.REFUSED: msg("Refused"),
    LineState.CANCELLED: msg("Cancelled"),
    LineState.EXPIRED: msg("Not collected in time: erased"),
}

router = APIRouter(prefix="/many")


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it came: a list, what was pasted of it, and what is to be offered."""

    data: bytes = field(default=b"", repr=False)
    pasted: str = field(default="", repr=False)
    wanted: tuple[str, ...] = ()
    days: str = ""


async def asked(request: Request) -> Asked:
    """The file of the form, or the lines that were pasted, and the choices beside it."""
    data, words, ticks = await read_form(request, max_part=MAX_BYTES, several="types")
    pasted = words.get("lines", "")
    days = words.get("days", "").strip()
    return Asked(data or pasted.encode(), pasted, tuple(ticks), days)


@router.get("", response_class=HTMLResponse)
def ask(request: Request, console: Service, who: Member) -> str:
    """Whom do you offer their record?"""
    return _form(request, console, many.runs(console, who), Asked())


@router.post("/plan")
async def plan(
    request: Request, console: Service, who: Member, form: Annotated[Asked, Depends(asked)]
) -> Response:
    """Begin to read what each line would get."""
    try:
        made = await run_in_threadpool(_plan, console, who, form)
    except PassportError as error:
        if error.code not in ON_FORM:
            raise
        told = problem_words(error.code, words_of(request))
        runs = await run_in_threadpool(many.runs, console, who)
        html = _form(request, console, runs, form, problem=told, detail=error.detail or "")
        return HTMLResponse(html, status_code=error.status)
    return RedirectResponse(f"/many/plans/{made.id}", status_code=SEE_OTHER)


def _plan(console: Console, who: StaffMember, form: Asked) -> Plan:
    days = int(form.days) if DAYS.fullmatch(form.days) else -1
    lines = parse_lines(_headed(form.data))
    every = set(form.wanted) == set(issued_types())
    wanted = () if every else form.wanted
    return many.plan(console, who, lines, wanted=wanted, days=days if form.days else 0)


@router.get("/plans/{plan}")
def planned(request: Request, console: Service, who: Member, plan: str) -> Response:
    """What each line would get, and the form that starts."""
    held = many.planned(console, who, plan)
    if held.run:
        return RedirectResponse(f"/many/runs/{held.run}", status_code=SEE_OTHER)
    return HTMLResponse(_planned(request, console, held))


@router.post("/plans/{plan}/more")
def more(console: Service, who: Member, plan: str) -> RedirectResponse:
    """Read the next lines."""
    many.go_on(console, who, plan)
    return RedirectResponse(f"/many/plans/{plan}", status_code=SEE_OTHER)


@router.post("/plans/{plan}/start")
def start(
    request: Request,
    console: Service,
    who: Member,
    plan: str,
    recipient: Annotated[str, Form(max_length=MAX_KEY)] = "",
) -> Response:
    """Offer to everybody on the list."""
    try:
        run = many.start(console, who, plan, recipient=recipient)
    except ServiceError as error:
        if error.code != "bulk.recipient":
            raise
        told = problem_words(error.code, words_of(request))
        held = many.planned(console, who, plan)
        return HTMLResponse(
            _planned(request, console, held, problem=told), status_code=error.status
        )
    return RedirectResponse(f"/many/runs/{run}", status_code=SEE_OTHER)


@router.get("/runs/{run}", response_class=HTMLResponse)
def follow(request: Request, console: Service, who: Member, run: str) -> str:
    """How far a run is."""
    say, found = words_of(request), many.progress(console, who, run)
    refused = [(line, problem_words(code, say).title, code) for line, code in found.refused]
    return page(
        request,
        "many/run.html",
        run=_run(found, say),
        counts=[(say(COUNTS[LineState(name)]), found.counts[name]) for name in _named(found)],
        refused=refused[:MAX_SHOWN],
    )


@router.post("/runs/{run}/cancel")
def cancel(console: Service, who: Member, run: str) -> RedirectResponse:
    """Offer no further line."""
    many.cancel(console, who, run)
    return RedirectResponse(f"/many/runs/{run}", status_code=SEE_OTHER)


def _headed(data: bytes) -> bytes:
    """``data``; bare NHS numbers, one a line, get the heading that they need."""
    first = data.lstrip().split(b"\n", 1)[0]
    bare = first and all(chr(byte).isdigit() or chr(byte) in " \r\t-" for byte in first)
    return HEADING + data.lstrip() if bare else data


def _form(
    request: Request,
    console: Console,
    runs: tuple[Progress, ...],
    form: Asked,
    *,
    problem: ProblemWords | None = None,
    detail: str = "",
) -> str:
    say = words_of(request)
    return page(
        request,
        "many/list.html",
        runs=[_run(one, say) for one in runs],
        form=form,
        types=[(name, record_label(definition(name), say.language)) for name in issued_types()],
        set_days=console.issuer.settings.bulk_offer_days,
        problem=problem,
        detail=detail,
    )


def _planned(
    request: Request, console: Console, held: Plan, problem: ProblemWords | None = None
) -> str:
    say = words_of(request)
    return page(
        request,
        "many/plan.html",
        plan=held,
        rows=[_row(one, say) for one in held.told[:MAX_SHOWN]],
        good=len(held.told) - held.refused,
        part=_part(len(held.told), len(held.lines)),
        wanted=_labels(held.wanted, say),
        days=held.days or console.issuer.settings.bulk_offer_days,
        shown=MAX_SHOWN,
        problem=problem,
    )


def _row(one: Planned, say: Words) -> dict[str, object]:
    problem = problem_words(one.problem, say) if one.problem else None
    return {"line": one.line, "labels": _labels(one.record_types, say), "problem": problem}


def _run(found: Progress, say: Words) -> dict[str, Any]:
    row, waits = found.bulk, found.counts.get(LineState.WAITING.value, 0)
    return {
        "id": row.id,
        "time": moment(utc(row.created_at), say),
        "state": say(STATES[row.state]),
        "runs": row.state is BulkState.RUNNING,
        "lines": found.lines,
        "done": found.lines - waits,
        "part": _part(found.lines - waits, found.lines),
        "wanted": _labels(wanted_of(row), say),
        "ready": found.counts.get(LineState.OFFERED.value, 0),
        "days": row.days,
    }


def _labels(types: Iterable[str], say: Words) -> str:
    return ", ".join(record_label(definition(name), say.language) for name in types)


def _part(done: int, every: int) -> int:
    """How much is done, in whole percent; all only where all is."""
    return 100 * done // every if every else 0


def _named(found: Progress) -> list[str]:
    return [state.value for state in COUNTS if found.counts.get(state.value)]
