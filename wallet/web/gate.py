"""What each request passes before a page sees it: the cookie of this run, and an unlocked wallet.

Without the cookie there is nothing but style sheets and the start link. A locked wallet shows the
unlock page, and what was asked for or filled in waits (``visit``). What is *not* here: who may
reach this port at all (healthpassport.asgi.Guard).
"""

from __future__ import annotations

from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool

from healthpassport.asgi import SAFE_METHODS, Application, Message, Receive, Scope, Send
from healthpassport.encoding import MAX_BODY_BYTES
from healthpassport.errors import ServiceError
from wallet.service import BACK

from .visit import Visit

START: Final = "/start"
FOR_ANYBODY: Final = (START, BACK, "/static/", "/brand/")  # nothing of the person is there
SET_UP: Final = "/set-up"
UNLOCK: Final = "/unlock"
MAX_FIELDS: Final = 2000  # of one form: the boxes of all records together
FORM: Final = b"application/x-www-form-urlencoded"


class Gate:
    """Lets through what the person at this browser may see now.

    Args:
        app: the pages.
        visit: this run.
        open_paths: beginnings of paths that may be seen while the wallet is locked or not set up.
    """

    def __init__(self, app: Application, *, visit: Visit, open_paths: Collection[str]) -> None:
        self._app = app
        self._visit = visit
        self._open = tuple(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; ``wallet.page_closed`` for a browser without the cookie."""
        if scope["type"] != "http" or scope["path"].startswith(FOR_ANYBODY):
            await self._app(scope, receive, send)
            return
        if not self._visit.knows(cookie(scope, cookie_name(scope))):
            raise ServiceError("wallet.page_closed")
        if self._is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        where = await run_in_threadpool(self._where)
        if where is None:
            await self._app(scope, receive, send)
        else:
            self._visit.close_values()
            await self._keep(scope, receive)
            await _redirect(where, send)

    def _is_open(self, path: str) -> bool:
        return any(path == own or path.startswith(f"{own}/") for own in self._open)

    def _where(self) -> str | None:
        if not self._visit.wallet.exists:
            return SET_UP
        return UNLOCK if self._visit.wallet.locked else None

    async def _keep(self, scope: Scope, receive: Receive) -> None:
        query = scope["query_string"].decode("latin-1")
        path = f"{scope['path']}?{query}" if query else scope["path"]
        kind = next((v for k, v in scope["headers"] if k == b"content-type"), b"")
        if scope["method"] in SAFE_METHODS or not kind.startswith(FORM):
            self._visit.keep(path)
            return
        self._visit.keep(path, form_of(await _body(receive)))


def form_of(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form as it was posted; nothing of one that cannot be read."""
    try:
        return parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        return []


def cookie_name(scope: Scope) -> str:
    """Browsers send a host's cookies to all of its ports: each run's has its port in its name."""
    return f"wallet-{scope['server'][1]}"


def cookie(scope: Scope, name: str) -> str:
    """The value of the cookie ``name``; empty where it is absent or cannot be read."""
    found = [value.decode("latin-1") for key, value in scope["headers"] if key == b"cookie"]
    try:
        morsel = SimpleCookie("; ".join(found)).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


async def _body(receive: Receive) -> bytes:
    """The body, which BodyLimit has read and bounded before."""
    body = bytearray()
    while len(body) <= MAX_BODY_BYTES:
        message: Message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def _redirect(path: str, send: Send) -> None:
    headers = [(b"location", path.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
