"""The routes that everybody may read: metadata, keys, types, status lists."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import schemas
from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vci import metadata as documents
from healthpassport.status.token_status_list import MEDIA_TYPE
from healthpassport.summary import record_types
from issuer import service
from issuer.service.publication import STATUS_PATH

from .rendering import json

METADATA_CACHE: Final = "public, max-age=300"  # seconds; metadata changes with a release
MAX_STATUS_CACHE: Final = 60  # seconds that a shared cache may hide a withdrawal
_MAX_DIGITS: Final = 9  # of a list's number


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The public routes of ``issuer``; well-known documents stand before its path (RFC 8414)."""
    path = issuer.settings.path
    router = APIRouter(tags=["Public"])

    def document(name: str, value: dict[str, Json]) -> None:
        @router.get(f"/.well-known/{name}{path}", name=name)
        async def serve() -> Response:
            return json(value, cache=METADATA_CACHE)

    document(documents.ISSUER_METADATA, service.issuer_metadata(issuer))
    document(documents.SERVER_METADATA, service.server_metadata(issuer))
    document(documents.JWT_VC_ISSUER, service.key_set(issuer))

    @router.get(f"{path}/vct/{{record_type}}/1")
    async def type_metadata(record_type: str) -> Response:
        """SD-JWT VC draft-19 section 5: the type metadata of a record type."""
        if record_type not in record_types():
            raise ServiceError("not_found")
        return json(
            schemas.load(f"generated/type-metadata/{record_type}.json"), cache=METADATA_CACHE
        )

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
        age = min(issuer.settings.status_ttl_seconds, MAX_STATUS_CACHE)
        headers = {"etag": held.etag, "cache-control": f"public, max-age={age}"}
        asked = request.headers.get("if-none-match", "")
        if held.etag in (tag.strip() for tag in asked.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(held.token, media_type=MEDIA_TYPE, headers=headers)

    @router.get(f"{path}/health")
    async def health() -> Response:
        """Whether the issuer answers."""
        return json({"status": "ok"})

    return router
