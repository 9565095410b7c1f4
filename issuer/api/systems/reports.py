"""What patients say is wrong; the words stay sealed for the practice's own key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from issuer import service
from issuer.client.api.models import ReportAnswer, Reports, ReportSealed, ReportSeen
from issuer.service.context import utc
from issuer.service.reports import parse_answer
from issuer.service.scopes import Scope
from issuer.store import Report

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import shown
from .describing import Body, operation

Answered = Annotated[bool, Query(description="Also those that were answered.")]

router = APIRouter(tags=["Reports"], route_class=SystemRoute)


@router.get(
    "/reports",
    summary="List reports",
    **operation(
        "listReports",
        scope=Scope.REPORTS_READ,
        answer=Reports,
        example={"reports": [examples.REPORT]},
    ),
)
async def reports(request: Request, answered: Answered = False) -> Response:
    """The reports that wait for an answer, the soonest due first."""
    caller = await entered(request, Scope.REPORTS_READ)
    found = await run_in_threadpool(
        service.all_reports, door_of(request).issuer, client=caller.name, answered=answered
    )
    return shown(Reports(reports=tuple(map(seen, found))))


@router.get(
    "/reports/{report}",
    summary="Read a report",
    **operation(
        "readReport",
        scope=Scope.REPORTS_READ,
        answer=ReportSealed,
        example={**examples.REPORT, "sealed": "eyJhbGciOiJFQ0RILUVTIn0..x.y.z"},
        refusals=("report.unknown",),
    ),
)
async def report(request: Request, report: str) -> Response:
    """One report; `sealed` is a JWE for the practice's own key, gone once it is answered."""
    caller = await entered(request, Scope.REPORTS_READ)
    found = await run_in_threadpool(
        service.one_report, door_of(request).issuer, report, client=caller.name
    )
    return shown(ReportSealed(**dict(seen(found)), sealed=found.sealed))


@router.post(
    "/reports/{report}/answer",
    summary="Answer a report",
    **operation(
        "answerReport",
        scope=Scope.REPORTS_ANSWER,
        answer=ReportSeen,
        example={**examples.REPORT, "state": "answered", "outcome": "corrected"},
        body=Body(ReportAnswer, examples.ANSWERS),
        refusals=("report.unknown", "report.answered"),
    ),
)
async def answer(request: Request, report: str) -> Response:
    """Answer one report; its words are erased, and new copies are no longer disputed."""
    caller = await entered(request, Scope.REPORTS_ANSWER)
    asked = parse_answer(await request.body())
    done = await run_in_threadpool(
        service.answer_report, door_of(request).issuer, report, asked, client=caller.name
    )
    return shown(seen(done))


def seen(report: Report) -> ReportSeen:
    """A report as the practice's list has it; no person is named."""
    return ReportSeen(
        id=report.id,
        record_type=report.record_type,
        issuance=report.issuance,
        state=report.state.value,
        outcome=report.outcome,
        made_at=utc(report.made_at),
        due_by=utc(report.due_at),
    )
