"""The one route that a nation's wallets wait for, reached without the framework's router.

FastAPI looks through every route for the one that is meant, resolves what a handler depends on and
keeps two stacks of what is to be closed; the credential endpoint needs none of it
(docs/adr/0085). Rules: limits, refusals and headers stand
outside of this and hold as for every route; another method or spelling of the address goes to the
router. What is *not* here: what the route does (``credentials``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from healthpassport.asgi import Application, Receive, Scope, Send

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_POST: Final = "POST"


class Straight:
    """Hands a POST to ``path`` to ``endpoint``, everything else to ``app``.

    ``path`` is public, since whoever watches requests reads the route's template from there.
    """

    def __init__(self, app: Application, *, path: str, endpoint: Endpoint) -> None:
        self.path = path
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] != _POST:
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        response = await self._endpoint(Request(scope, receive))
        await response(scope, receive, send)
