"""The routes of the status lists, which everybody may read and nobody is told apart by."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.errors import ServiceError
from healthpassport.status.token_status_list import MEDIA_TYPE
from issuer import service
from issuer.service.publication import STATUS_PATH

from .rendering import json

MAX_CACHE: Final = 60  # seconds that a shared cache may hide a withdrawal
_MAX_DIGITS: Final = 9  # of a list's number


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The routes of the status lists of ``issuer``."""
    path = issuer.settings.path
    router = APIRouter(tags=["Public"])

    @router.get(f"{path}/status")
    async def status_lists() -> Response:
        """Status list draft section 9.3: every list of this issuer."""
        return json(await run_in_threadpool(service.status_aggregation, issuer), cache="no-cache")

    @router.get(f"{path}{STATUS_PATH}{{number}}")
    async def status_list(request: Request, number: str) -> Response:
        """Status list draft section 8.2."""
        if not (number.isascii() and number.isdigit()) or len(number) > _MAX_DIGITS:
            raise ServiceError("not_found")
        held = await run_in_threadpool(service.published_list, issuer, int(number))
        age = min(issuer.settings.status_ttl_seconds, MAX_CACHE)
        headers = {"etag": held.etag, "cache-control": f"public, max-age={age}"}
        asked = request.headers.get("if-none-match", "")
        if held.etag in (tag.strip() for tag in asked.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(held.text, media_type=MEDIA_TYPE, headers=headers)

    return router
