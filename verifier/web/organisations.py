"""The pages of several organisations on one port: each has its own application, chosen by name.

Rules: nothing is shared between the applications but the port, so that no page, cookie, card or
event of one can be reached under the host name of another; a name that is nobody's is refused
before any of them. What is *not* here: pages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from healthpassport.asgi import Problems, SecurityHeaders, host_name
from healthpassport.errors import ServiceError
from verifier.service import Tenants

from .app import create_app


def create_organisations_app(tenants: Tenants) -> ASGIApp:
    """The pages of every organisation; serve them on loopback alone."""
    apps = {name: create_app(desk.settings, desk) for name, desk in tenants.desks.items()}

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    chosen = _Organisations(tenants, apps, Starlette(lifespan=lifespan))
    return SecurityHeaders(Problems(chosen))


class _Organisations:
    def __init__(self, tenants: Tenants, apps: Mapping[str, FastAPI], together: ASGIApp) -> None:
        self._tenants = tenants
        self._apps = apps
        self._together = together

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] != "http":
            await self._together(scope, receive, send)
            return
        name = self._tenants.by_web_host(host_name(scope))
        if name is None:
            raise ServiceError("request.host")
        await self._apps[name](scope, receive, send)
