"""The routes of the status lists, which everybody may read and nobody is told apart by."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.errors import ServiceError
from healthpassport.status import cwt
from healthpassport.status.token_status_list import MEDIA_TYPE
from issuer import service
from issuer.service.bitstrings import BITSTRING_PATH
from issuer.service.token_lists import STATUS_PATH, etag, gzipped

from .rendering import json

CREDENTIAL_TYPE: Final = "application/vc"  # VC Data Model 2.0 section 6.2.1
MAX_CACHE: Final = 60  # seconds that a shared cache may hide a withdrawal
_MAX_DIGITS: Final = 9  # of a list's number


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The routes of the status lists of ``issuer``."""
    path = issuer.settings.path
    router = APIRouter(tags=["Public"])

    @router.get(f"{path}/status")
    async def status_lists() -> Response:
        """Status list draft section 9.3: every list of this issuer, of either kind."""
        uris = await run_in_threadpool(service.all_list_uris, issuer)
        return json({"status_lists": list(uris)}, cache="no-cache")

    @router.get(f"{path}{STATUS_PATH}bitstring")
    async def bitstring_lists() -> Response:
        """Every bitstring list of this issuer."""
        uris = await run_in_threadpool(service.bitstring_uris, issuer)
        return json({"status_lists": list(uris)}, cache="no-cache")

    @router.get(f"{path}{STATUS_PATH}{{number}}")
    async def status_list(request: Request, number: str) -> Response:
        """Status list draft section 8.2: a JWT, or a CWT for who asks for one alone."""
        held = await run_in_threadpool(service.published_list, issuer, _number(number))
        if held.cwt is not None and _wants_cwt(request):
            return _list(issuer, request, held.cwt, cwt.MEDIA_TYPE)
        return _list(issuer, request, held.text.encode(), MEDIA_TYPE)

    @router.get(f"{path}{BITSTRING_PATH}{{number}}")
    async def bitstring_list(request: Request, number: str) -> Response:
        """Bitstring Status List 1.0 section 2.2: the list in a signed credential."""
        held = await run_in_threadpool(service.published_bitstring, issuer, _number(number))
        return _list(issuer, request, held.text.encode(), CREDENTIAL_TYPE)

    return router


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        raise ServiceError("not_found")
    return int(text)


def _wants_cwt(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return cwt.MEDIA_TYPE in accepted and MEDIA_TYPE not in accepted


def _list(issuer: service.IssuerContext, request: Request, body: bytes, kind: str) -> Response:
    """The list, or 304 for who has this very one (RFC 9110 section 13.1.2).

    Draft section 8.2: a JWT should be sent with a content coding.
    """
    age = min(issuer.settings.status_ttl_seconds, MAX_CACHE)
    headers = {"cache-control": f"public, max-age={age}", "vary": "accept, accept-encoding"}
    headers["etag"] = etag(body)
    if kind != cwt.MEDIA_TYPE and "gzip" in request.headers.get("accept-encoding", ""):
        headers["etag"] = (
            headers["etag"][:-1] + '-gzip"'
        )  # section 8.8.3.3: another for each coding
        headers["content-encoding"] = "gzip"
    asked = request.headers.get("if-none-match", "")
    if headers["etag"] in (tag.strip() for tag in asked.split(",")):
        headers.pop("content-encoding", None)
        return Response(status_code=304, headers=headers)
    sent = gzipped(body) if "content-encoding" in headers else body
    return Response(sent, media_type=kind, headers=headers)
