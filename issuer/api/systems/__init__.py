"""The API for record systems: tokens, offers, issuances, reports, cards, webhooks, sources.

Docs: docs/api.md, docs/openapi/issuer.json. What is *not* here: wallets' routes, which OpenID4VCI
and the issuer's metadata describe.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.api_page import api_page, policy
from issuer.api.rendering import METADATA_CACHE, json
from issuer.service import IssuerContext
from issuer.service.client_tokens import SERVER_PATH, server_document
from issuer.service.clients import Client

from . import bulk, cards, issued, offers, reports, sources, tokens, webhooks
from .access import opened
from .describing import describe
from .telling import keep_telling

__all__ = ["BODIES", "add_to", "document", "keep_telling"]

DESCRIPTION: Final[dict[str, Any]] = {
    "title": "Health Passport issuer: API for record systems",
    "version": "1",
    "description": "Offers, issuances, reports, cards and webhooks of one issuer. docs/api.md "
    "says how to begin, docs/errors.md what every code means.",
}
BODIES: Final = ("/offers", "/cards", "/bulk")  # take bundles and lists, and so larger bodies
_EXAMPLE: Final = "https://issuer.example"
_SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"
_ROUTERS: Final = (
    tokens.router,
    offers.router,
    issued.router,
    reports.router,
    cards.router,
    bulk.router,
    webhooks.router,
    sources.router,
)


def add_to(app: FastAPI, issuer: IssuerContext, clients: tuple[Client, ...]) -> None:
    """Serve the API of ``issuer`` from ``app``; ``clients`` are those of the file of API keys."""
    app.state.door = opened(issuer, clients)
    path = issuer.settings.path
    for router in _ROUTERS:
        app.include_router(router, prefix=path)
    whole = document(issuer.settings.iss)
    metadata = server_document(issuer)

    @cache
    def page() -> bytes:
        return api_page(whole, at=f"{path}/openapi.json").encode()

    async def openapi(_request: Request) -> Response:
        return json(whole, cache=METADATA_CACHE)

    async def docs(_request: Request) -> Response:
        headers = {"content-security-policy": policy(), "cache-control": METADATA_CACHE}
        return Response(page(), media_type="text/html; charset=utf-8", headers=headers)

    async def server(_request: Request) -> Response:
        return json(metadata, cache=METADATA_CACHE)

    app.add_route(f"{path}/openapi.json", openapi)
    app.add_route(f"{path}/docs", docs)
    app.add_route(f"{_SERVER_METADATA}{path}{SERVER_PATH}", server)  # RFC 8414 section 3.1


def document(iss: str = _EXAMPLE) -> dict[str, Any]:
    """The OpenAPI document of an issuer (docs/openapi/issuer.json)."""
    return {**_described(), "servers": [{"url": iss}]}


@cache
def _described() -> dict[str, Any]:
    """What is the same for every issuer: made once in a process, and only read."""
    app = FastAPI(**DESCRIPTION, servers=[{"url": _EXAMPLE}])
    for router in _ROUTERS:
        app.include_router(router)
    describe(app)
    return app.openapi()
