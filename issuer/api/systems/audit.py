"""The audit trail of the issuer's organisation, with what proves that it is whole."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from issuer.client.api.models import AuditEntry, AuditHead, AuditPage
from issuer.service.audit_pages import MAX_ENTRIES, USUAL_ENTRIES, trail_end, trail_page
from issuer.service.scopes import Scope

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import shown
from .describing import operation

_MOST: Final = 2**53 - 1  # what JSON numbers carry exactly (RFC 8259 section 6)

After = Annotated[
    int, Query(ge=0, le=_MOST, description="Number of the entry behind which to begin.")
]
Entries = Annotated[int, Query(ge=1, le=MAX_ENTRIES, description="How many at most.")]

router = APIRouter(tags=["Audit"], route_class=SystemRoute)


@router.get(
    "/audit/head",
    summary="Sign the end of the audit trail",
    **operation(
        "auditHead",
        scope=Scope.AUDIT_READ,
        answer=AuditHead,
        example=examples.AUDIT_HEAD,
    ),
)
async def audit_head(request: Request) -> Response:
    """A head over every entry up to now, signed by the issuer, and the base where there is one.

    That you asked is the last entry. Keep heads elsewhere: they prove what stood there then.
    """
    caller = await entered(request, Scope.AUDIT_READ)
    found = await run_in_threadpool(trail_end, door_of(request).issuer, client=caller.name)
    return shown(
        AuditHead(
            trail=found.end.trail,
            seq=found.end.seq,
            hash=found.end.previous,
            head=found.head,
            base=found.base,
        )
    )


@router.get(
    "/audit",
    summary="Read the audit trail",
    **operation(
        "readAudit",
        scope=Scope.AUDIT_READ,
        answer=AuditPage,
        example={"entries": [examples.AUDIT_ENTRY], "next": None},
    ),
)
async def audit(request: Request, after: After = 0, limit: Entries = USUAL_ENTRIES) -> Response:
    """Entries in order, each as the canonical text that its hash is made of (docs/audit.md).

    `next` is the `after` of the page behind, null where there is none yet.
    """
    caller = await entered(request, Scope.AUDIT_READ)
    found = await run_in_threadpool(
        trail_page, door_of(request).issuer, client=caller.name, after=after, limit=limit
    )
    entries = tuple(AuditEntry(seq=one.seq, entry=one.entry, hash=one.hash) for one in found)
    more = found[-1].seq if len(found) == limit else None
    return shown(AuditPage(entries=entries, next=more))
