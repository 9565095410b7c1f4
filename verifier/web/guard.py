"""Who may open the page: this machine, under its own name, from its own forms.

The page is bound to loopback, but a browser there runs other sites as well. A Host allow-list ends
DNS rebinding, an Origin check ends forged forms. What is *not* here: a sign-in; whoever sits at the
machine is staff.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from healthpassport.asgi import Application, Receive, Scope, Send
from healthpassport.errors import ServiceError

SAFE: Final = frozenset({"GET", "HEAD"})


class Guard:
    """Lets through what comes from the page itself."""

    def __init__(self, app: Application, *, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; ``verifier.host`` or ``verifier.origin`` for any other."""
        if scope["type"] == "http":
            host = _only(scope, b"host")
            if _name(host) not in self._hosts:
                raise ServiceError("verifier.host")
            if scope["method"] not in SAFE and _only(scope, b"origin") != f"http://{host}":
                raise ServiceError("verifier.origin")
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    """The host name of a Host header; nothing for one that cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _only(scope: Scope, name: bytes) -> str:
    """The one header of that name; nothing where it is absent or stands twice."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""
