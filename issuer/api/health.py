"""Is the process there, and could it issue a record now? For whoever watches the service."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from issuer import service

from .rendering import json


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The two routes; they stand before the issuer's path, as the well-known ones do."""
    router = APIRouter(tags=["Health"])

    @router.get("/healthz")
    async def healthz() -> Response:
        """The process answers."""
        return json({"status": "ok"})

    @router.get("/readyz")
    async def readyz() -> Response:
        """Database and certificate are in order, and what to look at; else the problem."""
        await run_in_threadpool(service.check, issuer)
        found = await run_in_threadpool(service.warnings, issuer)
        return json({"status": "ready", **({"warnings": list(found)} if found else {})})

    return router
