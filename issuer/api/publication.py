"""The routes that everybody may read: metadata, keys, types."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

import schemas
from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vci import metadata as documents
from healthpassport.summary import record_types
from issuer import service

from .rendering import METADATA_CACHE, json

LD_JSON: Final = "application/ld+json"  # JSON-LD 1.1 section C


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

    # did:web: under /.well-known without a path, under the path itself with one.
    @router.get(f"{path or '/.well-known'}/did.json")
    async def did_document() -> Response:
        """The issuer's DID document, for others: desks use the trust list."""
        return json(service.published_did_document(issuer), cache=METADATA_CACHE)

    @router.get(f"{path}/vct/{{record_type}}/1")
    async def type_metadata(record_type: str) -> Response:
        """SD-JWT VC draft-19 section 5: the type metadata of a record type."""
        if record_type not in record_types():
            raise ServiceError("not_found")
        return json(
            schemas.load(f"generated/type-metadata/{record_type}.json"), cache=METADATA_CACHE
        )

    @router.get(f"{path}/contexts/{{record_type}}/1")
    async def context(record_type: str) -> Response:
        """JSON-LD 1.1: the context of a record type's W3C credentials, for others to bundle."""
        if record_type not in record_types():
            raise ServiceError("not_found")
        document = schemas.load(f"generated/json-ld/{record_type}.json")
        return json(document, cache=METADATA_CACHE, media_type=LD_JSON)

    @router.get(f"{path}/health")
    async def health() -> Response:
        """Whether the issuer answers."""
        return json({"status": "ok"})

    return router
