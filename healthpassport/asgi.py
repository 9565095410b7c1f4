"""What stands in front of every web application: guards, rates, body limits, refusals.

Pure ASGI, no framework. Wrap an application as ``SecurityHeaders(Problems(BodyLimit(app)))`` or
hand the classes to the framework's own middleware stack in that order. What is *not* here: routes,
sessions, and any rule of one application.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeAlias

from healthpassport.encoding import MAX_BODY_BYTES, dump_json
from healthpassport.errors import EncodingError, PassportError, ServiceError
from healthpassport.rates import RateLimit
from healthpassport.refused import say_refused

# The types of the ASGI specification 3.0: its messages are dictionaries of many shapes.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"  # RFC 9457 section 3
MAX_FORWARDED: Final = 1024  # bytes of X-Forwarded-For that are read, from its end
# RFC 9112 section 3.2: a host and perhaps a port, nothing of a URL around them.
HOST: Final = re.compile(r"\[?(?P<name>[A-Za-z0-9.:-]+?)\]?(?::[0-9]{1,5})?")
MAX_HEADER_DIGITS: Final = 12  # a Content-Length longer than this is larger than any limit
BODY_SECONDS: Final = 60.0  # for a whole body: 1 MiB at 150 kbit/s

DEFAULT_HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

UNREAD: Final = frozenset({408, 413})  # RFC 9110: the rest of the body is not read any more

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})  # RFC 9110 section 9.2.1, those that we serve


class Guard:
    """For pages on loopback: this machine, under its own name, from its own forms.

    A browser there runs other sites as well. The Host allow-list ends DNS rebinding; the Origin of
    a form must be the page itself, name and port, which ends forged forms.

    Args:
        app: the application behind.
        hosts: the host names that the pages answer to, in lower case, without a port.
        scheme: how browsers reach them: https where a proxy on this machine stands in front.
    """

    def __init__(self, app: Application, *, hosts: tuple[str, ...], scheme: str = "http") -> None:
        self._app = app
        self._scheme = scheme
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; ``request.host`` or ``csrf`` (403) for any other."""
        if scope["type"] == "http":
            host = _only(scope, b"host")
            if _name(host) not in self._hosts:
                raise ServiceError("request.host")
            own = f"{self._scheme}://{host}"
            if scope["method"] not in SAFE_METHODS and _only(scope, b"origin") != own:
                raise ServiceError("csrf")
        await self._app(scope, receive, send)


class BodyLimit:
    """Reads each request body up to its limit before the application sees any of it.

    Args:
        app: the application behind.
        limit: bytes, for every path without a limit of its own.
        limits: bytes, by exact path.
        seconds: for the whole body to come.
    """

    def __init__(
        self,
        app: Application,
        *,
        limit: int = MAX_BODY_BYTES,
        limits: Mapping[str, int] | None = None,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._limit = limit
        self._limits = dict(limits or {})
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        ``limit.size`` (413) for a body that is too large, ``http.timeout`` (408) for one that comes
        too slowly.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.get(scope["path"], self._limit)
        declared = _header(scope, b"content-length")
        if len(declared) > MAX_HEADER_DIGITS or (declared.isdigit() and int(declared) > limit):
            raise EncodingError("limit.size")
        try:
            async with asyncio.timeout(self._seconds):
                body = await _whole(receive, limit)
        except TimeoutError as error:
            raise ServiceError("http.timeout") from error
        if body is not None:  # else the client went away: nobody waits for an answer
            await self._app(scope, _replay(body, receive), send)


class Problems:
    """Turns a ``PassportError`` into an RFC 9457 problem object: code, words, next step.

    An error after the response has begun cannot be told any more and is raised on.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except PassportError as error:
            if begun or scope["type"] != "http":
                raise
            await send_problem(error, send)


class ProblemPages:
    """Tells a ``PassportError`` of guards and limits, in front of all routes, as a page.

    An error after the response has begun cannot be told any more and is raised on.

    Args:
        app: the application behind.
        page: the application that answers a refused request with a page, None for a program
            that reads no pages: it gets a problem object.
    """

    def __init__(
        self, app: Application, *, page: Callable[[Scope, PassportError], Application | None]
    ) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except PassportError as error:
            if begun or scope["type"] != "http":
                raise
            answer = self._page(scope, error)
            if answer is None:
                await send_problem(error, send)
            else:
                await answer(scope, receive, send)


class SecurityHeaders:
    """Adds the headers of ``DEFAULT_HEADERS`` (or others) where a response does not set its own."""

    def __init__(self, app: Application, *, headers: Mapping[str, str] = DEFAULT_HEADERS) -> None:
        self._app = app
        self._headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                missing = [pair for pair in self._headers if pair[0] not in present]
                message = {**message, "headers": [*message.get("headers", ()), *missing]}
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


class Throttle:
    """Counts the requests of each address and refuses those that are too many.

    Args:
        app: the application behind.
        limit: how many; one for each application, so that the callers of one use up nothing of
            another's.
        clock: the time.
        proxies: addresses whose X-Forwarded-For is believed.
        under: where paths begin that are counted; all others pass.
    """

    def __init__(
        self,
        app: Application,
        *,
        limit: RateLimit,
        clock: Callable[[], datetime],
        proxies: Collection[str] = (),
        under: str = "/",
    ) -> None:
        self._app = app
        self._limit = limit
        self._clock = clock
        self._proxies = frozenset(proxies)
        self._under = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; ``rate_limited`` (429) for one too many."""
        if scope["type"] == "http" and scope["path"].startswith(self._under):
            self._limit.take(client_address(scope, self._proxies), self._clock())
        await self._app(scope, receive, send)


def host_header(scope: Scope) -> str:
    """The one Host header in lower case; nothing where it is more than a name and a port."""
    host = _only(scope, b"host")
    return host.lower() if HOST.fullmatch(host) else ""


def host_name(scope: Scope) -> str:
    """The name in the one Host header, without its port; nothing for any other header."""
    return _name(_only(scope, b"host"))


def client_address(scope: Scope, proxies: Collection[str] = ()) -> str:
    """The address that a request came from, as requests are counted; of IPv6 the first 64 bits.

    A proxy appends whom it heard from to X-Forwarded-For, so that the last entry that is no proxy
    of ours is the caller, and what stands before it is the caller's own word.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if address in proxies:
        told = b",".join(value for key, value in scope["headers"] if key == b"x-forwarded-for")
        entries = told[-MAX_FORWARDED:].decode("latin-1").split(",") if told else []
        for one in reversed(entries):
            address = one.strip()
            if address not in proxies:
                break
    try:
        read = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((read, 64), strict=False)) if read.version == 6 else str(read)  # noqa: PLR2004


async def send_problem(error: PassportError, send: Send) -> None:
    """Answer with ``error`` as a problem object; a status of the catalogue is never 5xx here."""
    say_refused(error.code)
    body = dump_json(error.problem())
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if error.status in UNREAD:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _header(scope: Scope, name: bytes) -> bytes:
    """The first header ``name``, or nothing."""
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")


def _only(scope: Scope, name: bytes) -> str:
    """The one header of that name; nothing where it is absent or stands twice."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""


def _name(host: str) -> str:
    """The host name of a Host header; nothing for one that is more than name and port."""
    found = HOST.fullmatch(host)
    return found["name"].lower() if found else ""


async def _whole(receive: Receive, limit: int) -> bytes | None:
    """The body, of at most ``limit`` bytes; None where the client went away before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise EncodingError("limit.size")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the whole body once, then what the server says."""
    pending = True

    async def again() -> Message:
        nonlocal pending
        if pending:
            pending = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
