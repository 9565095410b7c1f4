"""Fresh values in the heads of answers: DPoP nonces, and challenges for attestations.

RFC 9449 section 8, attestation-based client authentication draft-07 section 8.1. Rules: only where
the settings ask wallets for them; giving one writes nothing. What is *not* here: checking them.
"""

from __future__ import annotations

from typing import Final

from healthpassport.asgi import Application, Message, Receive, Scope, Send
from healthpassport.protocols.oid4vci.wallet_attestation import CHALLENGE_HEADER
from issuer import service
from issuer.service.nonces import new_nonce
from issuer.service.wallet_clients import new_challenge

NONCE_HEADER: Final = "dpop-nonce"
_PROOF: Final = b"dpop"


class FreshValues:
    """Adds what is needed for the next request to each answer to a POST or to a proof."""

    def __init__(self, app: Application, *, issuer: service.IssuerContext) -> None:
        self._app = app
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not _is_of_a_client(scope):
            await self._app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._values()]}
            await send(message)

        await self._app(scope, receive, add)

    def _values(self) -> list[tuple[bytes, bytes]]:
        issuer, found = self._issuer, []
        if issuer.settings.dpop_nonce:
            found.append((NONCE_HEADER.encode(), new_nonce(issuer).encode()))
        if issuer.settings.wallet_attestation_challenge:
            found.append((CHALLENGE_HEADER.lower().encode(), new_challenge(issuer).encode()))
        return found


def _is_of_a_client(scope: Scope) -> bool:
    """Whether it is a step of a protocol, or another method with a proof (section 9)."""
    return scope["method"] == "POST" or any(name == _PROOF for name, _ in scope["headers"])
