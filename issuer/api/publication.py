"""The routes that everybody may read: metadata, keys, types."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import schemas
from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.protocols.oid4vci import metadata as documents
from healthpassport.protocols.oid4vci.encryption import JWT
from healthpassport.summary import record_types
from issuer import service
from issuer.service.signed_metadata import SignedMetadata

from .negotiation import prefers
from .rendering import JSON, METADATA_CACHE, json

LD_JSON: Final = "application/ld+json"  # JSON-LD 1.1 section C


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The public routes of ``issuer``; well-known documents stand before its path (RFC 8414)."""
    path = issuer.settings.path
    router = APIRouter(tags=["Public"])

    def document(name: str, value: dict[str, Json]) -> None:
        @router.get(f"/.well-known/{name}{path}", name=name)
        async def serve() -> Response:
            return json(value, cache=METADATA_CACHE)

    _add_issuer_metadata(router, issuer)
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


def _add_issuer_metadata(router: APIRouter, issuer: service.IssuerContext) -> None:
    """The issuer's own metadata, in its two forms."""
    metadata = service.issuer_metadata(issuer)
    signed = SignedMetadata(issuer, metadata)

    @router.get(f"/.well-known/{documents.ISSUER_METADATA}{issuer.settings.path}")
    async def issuer_metadata(request: Request) -> Response:
        """OpenID4VCI 1.0 section 12.2.2: plain, or signed for a wallet that prefers it so."""
        accept = ",".join(request.headers.getlist("accept"))
        if prefers(accept, JWT, over=JSON):
            headers = {"cache-control": METADATA_CACHE, "vary": "accept"}
            return Response(signed.text(), media_type=JWT, headers=headers)
        answer = json(metadata, cache=METADATA_CACHE)
        answer.headers["vary"] = "accept"
        return answer
