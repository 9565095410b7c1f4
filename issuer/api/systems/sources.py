"""Whether the issuer's sources of notes can be read now."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from issuer.client.api.models import Sources, SourceSeen
from issuer.service.scopes import Scope
from issuer.service.whose import source_problems

from .access import SystemRoute, door_of, entered
from .bodies import shown
from .describing import operation

router = APIRouter(tags=["Sources"], route_class=SystemRoute)


@router.get(
    "/sources",
    summary="See sources",
    **operation(
        "listSources",
        scope=Scope.OFFERS_READ,
        answer=Sources,
        example={"sources": [{"kind": "folder", "ready": True, "problem": None}]},
    ),
)
async def sources(request: Request) -> Response:
    """Each source by its kind, asked for a person who cannot be there; or why it cannot be read."""
    await entered(request, Scope.OFFERS_READ)
    found = await run_in_threadpool(source_problems, door_of(request).issuer)
    return shown(
        Sources(
            sources=tuple(
                SourceSeen(kind=kind, ready=problem is None, problem=problem)
                for kind, problem in found.items()
            )
        )
    )
