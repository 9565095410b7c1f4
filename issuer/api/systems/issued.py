"""What was issued for a record system's own offers: listed, withdrawn, suspended, replaced."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.status.reference import status_name
from issuer import service
from issuer.client.api.models import Issued, IssuedPage, StatusAsked
from issuer.service.context import utc
from issuer.service.own_offers import MAX_CURSOR, MAX_PAGE, USUAL_PAGE, own_issuances
from issuer.service.scopes import Scope
from issuer.store import Issuance

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import read, shown
from .describing import Body, operation

Cursor = Annotated[
    str | None,
    Query(
        max_length=MAX_CURSOR,
        description="`next` of the page before, as it was told.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
OfOffer = Annotated[
    str | None, Query(max_length=64, description="Only what was issued for this offer.")
]

router = APIRouter(tags=["Issuances"], route_class=SystemRoute)


@router.get(
    "/issuances",
    summary="List what was issued",
    **operation(
        "listIssuances",
        scope=Scope.STATUS_READ,
        answer=IssuedPage,
        example={"issuances": [examples.ISSUED], "next": None},
        refusals=("api.cursor",),
    ),
)
async def issuances(
    request: Request,
    offer: OfOffer = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> Response:
    """What was issued for this record system's offers, the newest first; it names no person."""
    caller = await entered(request, Scope.STATUS_READ)
    page = await run_in_threadpool(
        own_issuances,
        door_of(request).issuer,
        client=caller.name,
        offer=offer,
        cursor=cursor,
        limit=limit,
    )
    return shown(IssuedPage(issuances=tuple(map(issued, page.rows)), next=page.next))


@router.post(
    "/issuances/{issuance}/status",
    summary="Change a status",
    **operation(
        "changeStatus",
        scope=Scope.STATUS_CHANGE,
        answer=Issued,
        example={**examples.ISSUED, "status": "withdrawn"},
        body=Body(StatusAsked, examples.STATUS_ASKED),
        refusals=(
            "issuer.issuance_unknown",
            "issuer.withdrawn",
            "issuer.not_suspended",
            "issuer.replaced",
        ),
    ),
)
async def change_status(request: Request, issuance: str) -> Response:
    """Withdraw, suspend, reinstate or replace every copy; asking twice is asking once.

    A withdrawal is never reversed. Desks see it at their next look at the status list.
    """
    caller = await entered(request, Scope.STATUS_CHANGE)
    asked = read(StatusAsked, await request.body())
    changed = await run_in_threadpool(
        service.change_status,
        door_of(request).issuer,
        issuance=issuance,
        change=service.Change(asked.change.value),
        client=caller.name,
        reason=asked.reason.value if asked.reason else "",
    )
    return shown(issued(changed))


def issued(issuance: Issuance) -> Issued:
    """An issuance in words; it names no person."""
    return Issued(
        id=issuance.id,
        offer_id=issuance.offer,
        record_type=issuance.record_type,
        copies=issuance.copies,
        status=status_name(issuance.status),
        issued_at=utc(issuance.issued_at),
        expires_at=utc(issuance.expires_at),
        wallet=issuance.event,
    )
