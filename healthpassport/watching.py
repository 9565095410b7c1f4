"""What became of each request, for logs, figures and traces: never what it was about.

Stands outside everything else of an application. Rules: a route is told as its template, so that
no id, name or number of an address is told; no query, no header and no body is; a number for the
request is drawn here and never taken from the caller. An exception that nobody caught goes on to
the server. What is *not* here: where it is told (``logs``), and any rule of an application.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from healthpassport.asgi import Application, Message, Receive, Scope, Send
from healthpassport.refused import refusals_heard

OTHER: Final = "other"  # no route of ours: the address was made up, or is of a static file
METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
FAILED: Final = "internal"
HEADER: Final = b"x-request-id"
CLOSED: Final = 499  # the client went away before there was an answer
# W3C Trace Context section 3.2.2: version, trace, parent, flags; all zeros stand for nothing.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and its answer.

    ``route`` is a template or ``OTHER``; ``seconds`` begin with the first byte of the request and
    end with the last of the answer; ``code`` is of the catalogue, ``internal`` or nothing;
    ``traceparent`` is well-formed, and the caller's own word.
    """

    app: str
    request: str
    method: str
    route: str
    status: int
    seconds: float
    code: str = ""
    traceparent: str = ""


Watcher: TypeAlias = Callable[[Seen], None]


class Watched:
    """Serves ``app`` and tells every watcher of each request.

    Args:
        app: the application behind, with its routes in ``scope["route"]`` as Starlette does.
        name: which application, for logs.
        watchers: each is called once a request, after the answer.
        new_id: draws the number of a request.
        clock: seconds from any start, such as ``time.perf_counter``.
    """

    def __init__(
        self,
        app: Application,
        *,
        name: str,
        watchers: Sequence[Watcher],
        new_id: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._name = name
        self._watchers = tuple(watchers)
        self._new_id = new_id
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, number, status, over = self._clock(), self._new_id(), 0, False

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = [*message.get("headers", ()), (HEADER, number.encode())]
                message = {**message, "headers": headers}
            await send(message)

        with refusals_heard() as codes:
            try:
                await self._app(scope, receive, watch)
                over = True
            finally:
                if not over:
                    _LOG.error("A request broke off", exc_info=True, extra={"request": number})
                    codes.append(FAILED)
                self._tell(
                    Seen(
                        app=self._name,
                        request=number,
                        method=scope["method"] if scope["method"] in METHODS else OTHER,
                        route=_template(scope),
                        status=status or CLOSED,
                        seconds=self._clock() - begun,
                        code=codes[-1] if codes else "",
                        traceparent=_traceparent(scope),
                    )
                )

    def _tell(self, seen: Seen) -> None:
        for watcher in self._watchers:
            watcher(seen)


def log_request(seen: Seen) -> None:
    """A watcher that writes one line of the log for each request."""
    fields = {
        "app": seen.app,
        "request": seen.request,
        "method": seen.method,
        "route": seen.route,
        "status": seen.status,
        "ms": round(seen.seconds * 1000, 1),
        "code": seen.code,
    }
    level = logging.ERROR if seen.code == FAILED else logging.INFO
    _LOG.log(level, "request", extra=fields)


def _template(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else OTHER


def _traceparent(scope: Scope) -> str:
    found = [value for key, value in scope["headers"] if key == b"traceparent"]
    told = found[0].decode("latin-1") if len(found) == 1 else ""
    return told if _TRACEPARENT.fullmatch(told) else ""
