"""Offers in bulk: started, followed, cancelled; links and PINs leave sealed for the caller."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import dump_json
from issuer import service
from issuer.client.api.bulk_models import (
    BulkAsked,
    BulkLineAsked,
    BulkPlan,
    BulkPlanAsked,
    BulkResult,
    BulkResults,
    Bulks,
    BulkSeen,
    BulkTakenBack,
    LinePlanned,
    LineRefused,
    LinesTaken,
)
from issuer.service.bulk import Planned, Progress, plan, start
from issuer.service.bulk_lines import MAX_BYTES, Line, parse_lines
from issuer.service.context import utc
from issuer.service.once import Made
from issuer.service.own_bulks import (
    cancel_own,
    checked_recipient,
    forget_own_results,
    own_bulks,
    own_progress,
    own_results,
    take_back_own,
)
from issuer.service.scopes import Scope

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import made_once, read, shown, told
from .describing import Body, operation

router = APIRouter(tags=["Bulk"], route_class=SystemRoute)


@router.post(
    "/bulk",
    summary="Start a bulk run",
    **operation(
        "startBulk",
        scope=Scope.BULK,
        status=202,
        answer=BulkSeen,
        example={**examples.BULK, "state": "running"},
        body=Body(BulkAsked, examples.BULKS_ASKED),
        refusals=("bulk.list", "offer.record_type", "source.none"),
        idempotent=True,
    ),
)
async def start_bulk(request: Request) -> Response:
    """Offer everybody in the list, in the background; up to 10,000 lines.

    Each line's link and PIN are sealed for `recipient`, a public P-256 JWK of yours.
    """
    caller = await entered(request, Scope.BULK)
    asked = read(BulkAsked, await request.body(), max_bytes=MAX_BYTES)
    lines, recipient = _lines(asked.lines), checked_recipient(asked.recipient)

    def work(issuer: service.IssuerContext) -> Made:
        made = start(
            issuer,
            lines,
            client=caller.name,
            recipient=recipient,
            wanted=asked.record_types,
            source=asked.source_kind,
            days=asked.days,
        )
        return told(seen(own_progress(issuer, made, client=caller.name)), status=202)

    return await made_once(request, caller, work)


@router.get(
    "/bulk",
    summary="List bulk runs",
    **operation("listBulks", scope=Scope.BULK, answer=Bulks, example={"bulks": [examples.BULK]}),
)
async def list_bulks(request: Request) -> Response:
    """The newest 50 runs of this record system."""
    caller = await entered(request, Scope.BULK)
    found = await run_in_threadpool(own_bulks, door_of(request).issuer, client=caller.name)
    return shown(Bulks(bulks=tuple(map(seen, found))))


@router.post(
    "/bulk/plan",
    summary="Plan a bulk run",
    **operation(
        "planBulk",
        scope=Scope.BULK,
        answer=BulkPlan,
        example=examples.BULK_PLAN,
        body=Body(BulkPlanAsked, examples.BULK_PLANS_ASKED),
        refusals=("bulk.list", "offer.record_type", "source.none"),
    ),
)
async def plan_bulk(request: Request) -> Response:
    """What a run would offer each line now, or the code of why nothing; nothing is offered.

    Up to 100 lines, since each is read while you wait.
    """
    caller = await entered(request, Scope.BULK)
    asked = read(BulkPlanAsked, await request.body(), max_bytes=MAX_BYTES)
    issuer, lines = door_of(request).issuer, _lines(asked.lines)

    def planned() -> tuple[Planned, ...]:
        return tuple(
            plan(
                issuer,
                lines,
                wanted=asked.record_types,
                source=asked.source_kind,
                who=issuer.audit.by(caller.name),
            )
        )

    found = await run_in_threadpool(planned)
    rows = tuple(
        LinePlanned(
            line=one.line,
            record_types=one.record_types,
            problem=one.problem,
            warnings=one.warnings,
        )
        for one in found
    )
    return shown(BulkPlan(lines=rows))


@router.get(
    "/bulk/{bulk}",
    summary="See a bulk run",
    **operation(
        "seeBulk",
        scope=Scope.BULK,
        answer=BulkSeen,
        example=examples.BULK,
        refusals=("bulk.unknown",),
    ),
)
async def see(request: Request, bulk: str) -> Response:
    """How many lines are waiting, offered, told, refused and cancelled; why a line was refused."""
    caller = await entered(request, Scope.BULK)
    found = await run_in_threadpool(own_progress, door_of(request).issuer, bulk, client=caller.name)
    return shown(seen(found))


@router.post(
    "/bulk/{bulk}/cancel",
    summary="Cancel a bulk run",
    **operation(
        "cancelBulk",
        scope=Scope.BULK,
        answer=BulkSeen,
        example={**examples.BULK, "state": "cancelled"},
        refusals=("bulk.unknown", "bulk.over", "limit.size"),
    ),
)
async def cancel(request: Request, bulk: str) -> Response:
    """Offer no further line; what was offered stays."""
    caller = await entered(request, Scope.BULK)
    found = await run_in_threadpool(cancel_own, door_of(request).issuer, bulk, client=caller.name)
    return shown(seen(found))


@router.post(
    "/bulk/{bulk}/take-back",
    summary="Take a bulk run back",
    **operation(
        "takeBackBulk",
        scope=Scope.BULK,
        answer=BulkTakenBack,
        example={"takenBack": 98},
        refusals=("bulk.unknown", "limit.size"),
    ),
)
async def take_back(request: Request, bulk: str) -> Response:
    """Offer no further line, and cancel each offer that nobody began to collect.

    What was collected stays: withdraw it by its issuance.
    """
    caller = await entered(request, Scope.BULK)
    taken = await run_in_threadpool(
        take_back_own, door_of(request).issuer, bulk, client=caller.name
    )
    return shown(BulkTakenBack(taken_back=taken))


@router.get(
    "/bulk/{bulk}/results",
    summary="Take results",
    **operation(
        "bulkResults",
        scope=Scope.BULK,
        answer=BulkResults,
        example={"results": [examples.BULK_RESULT]},
        refusals=("bulk.unknown",),
    ),
)
async def results(request: Request, bulk: str) -> Response:
    """Link and PIN of each offered line, sealed for the run's recipient, until they are let go."""
    caller = await entered(request, Scope.BULK)
    found = await run_in_threadpool(own_results, door_of(request).issuer, bulk, client=caller.name)
    rows = tuple(BulkResult(line=one.line, offer_id=one.offer, sealed=one.result) for one in found)
    return shown(BulkResults(results=rows))


@router.post(
    "/bulk/{bulk}/results/taken",
    summary="Let results go",
    **operation(
        "letBulkResultsGo",
        scope=Scope.BULK,
        status=204,
        answer=None,
        body=Body(LinesTaken, {"two": {"lines": [1, 2]}}),
        refusals=("bulk.unknown",),
    ),
)
async def taken(request: Request, bulk: str) -> Response:
    """These results are safe with you: the issuer forgets them."""
    caller = await entered(request, Scope.BULK)
    asked = read(LinesTaken, await request.body())
    await run_in_threadpool(
        forget_own_results, door_of(request).issuer, bulk, asked.lines, client=caller.name
    )
    return Response(status_code=204)


def seen(found: Progress) -> BulkSeen:
    """A run as its record system sees it; nobody is named."""
    return BulkSeen(
        id=found.bulk.id,
        state=found.bulk.state.value,
        created_at=utc(found.bulk.created_at),
        counts=dict(found.counts),
        refused=tuple(LineRefused(line=line, code=code) for line, code in found.refused),
    )


def _lines(asked: Sequence[BulkLineAsked]) -> tuple[Line, ...]:
    """The lines under the rules of every list."""
    rows = [{name: value for name, value in one.model_dump().items() if value} for one in asked]
    return parse_lines(dump_json({"lines": rows}))
