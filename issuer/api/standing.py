"""What a worker answers at its port of figures: is it there, could it work, how does it fare?

What is *not* here: the figures (``metrics``), and a server's own health (``health``).
"""

from __future__ import annotations

from fastapi import FastAPI

from healthpassport.asgi import Problems, Receive, Scope, Send
from issuer.service import IssuerContext

from . import health
from .metrics import PATH, Metrics


class Standing:
    """An application of `/healthz`, `/readyz` and `/metrics`.

    Args:
        issuer: whose health.
        metrics: its figures.
    """

    def __init__(self, issuer: IssuerContext, metrics: Metrics) -> None:
        self._metrics = metrics
        self._health = FastAPI(
            docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
        )
        self._health.include_router(health.routes(issuer))
        self._health.add_middleware(Problems)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        app = self._metrics if scope.get("path") == PATH else self._health
        await app(scope, receive, send)
