"""Several organisations behind one address: which of their applications a request is for.

Rules: a wallet is heard at its organisation's own address, and a question that stands at another is
answered by the application that does not know it; a system is told by its API key. What is *not*
here: any answer of its own but the refusal of an unknown address.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from healthpassport.asgi import Problems, SecurityHeaders, host_header
from healthpassport.errors import PassportError, ServiceError
from verifier.service import Tenants

from .access import presented
from .app import create_app
from .wallets import PREFIX

HANDLES: Final = (f"{PREFIX}/requests/", f"{PREFIX}/responses/")
CODES: Final = f"{PREFIX}/codes/"


def create_organisations_app(tenants: Tenants) -> ASGIApp:
    """One application over those of every organisation; the first of them keeps the lists."""
    first = next(iter(tenants.desks))
    apps = {
        name: create_app(desk.settings, desk=desk, keeps_lists=name == first)
        for name, desk in tenants.desks.items()
    }

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
        self._first = next(iter(apps))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] != "http":
            await self._together(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith(f"{PREFIX}/"):
            name = await asyncio.to_thread(self._of_wallet, path, host_header(scope))
        else:
            name = await asyncio.to_thread(self._of_key, scope)
        await self._apps[name](scope, receive, send)

    def _of_wallet(self, path: str, host: str) -> str:
        among = self._tenants.at(host)
        if not among:
            raise ServiceError("request.host")
        for prefix in HANDLES:
            if path.startswith(prefix):
                return self._tenants.of_handle(path.removeprefix(prefix), among=among)
        if path.startswith(CODES):
            try:
                return self._tenants.of_code(path.removeprefix(CODES), among=among)
            except PassportError:
                return among[0]  # which says what is wrong with the code
        return among[0]

    def _of_key(self, scope: Scope) -> str:
        """Without a key that is anybody's, whose address it is: nobody knows that key there.

        What needs no key (``/fhir/metadata``) then tells of that organisation and of no other.
        """
        found = {name: value.decode("latin-1") for name, value in scope["headers"]}
        key = presented(found.get(b"authorization", ""), found.get(b"x-api-key", ""))
        name = self._tenants.of_key(key) if key else None
        return name or next(iter(self._tenants.at(host_header(scope))), self._first)
