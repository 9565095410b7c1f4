"""Whose records run out soon and were not fetched anew: for a record system to remind them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from issuer.client.api.models import Reminder, Reminders
from issuer.service.context import utc
from issuer.service.own_offers import USUAL_PAGE
from issuer.service.own_reminders import own_reminders
from issuer.service.scopes import Scope

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import shown
from .describing import operation
from .issued import Cursor, Limit

router = APIRouter(tags=["Reminders"], route_class=SystemRoute)


@router.get(
    "/reminders",
    summary="List reminders",
    **operation(
        "listReminders",
        scope=Scope.OFFERS_READ,
        answer=Reminders,
        example={"reminders": [examples.REMINDER], "next": None},
        refusals=("api.cursor",),
    ),
)
async def reminders(request: Request, cursor: Cursor = None, limit: Limit = USUAL_PAGE) -> Response:
    """Records that run out within a week and were not fetched anew, the soonest first.

    Each by the offer that they came from: you know whose it is. Opening the wallet is enough.
    """
    caller = await entered(request, Scope.OFFERS_READ)
    page = await run_in_threadpool(
        own_reminders, door_of(request).issuer, client=caller.name, cursor=cursor, limit=limit
    )
    seen = tuple(
        Reminder(
            offer_id=one.offer or "",
            expires_at=utc(one.expires_at),
            noted_at=utc(one.noted_at),
        )
        for one in page.rows
    )
    return shown(Reminders(reminders=seen, next=page.next))
