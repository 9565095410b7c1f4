"""The one bounded way to the network: https only, pinned to a checked address, no redirects.

Rules (security.md, "Network"): the host is resolved once, every address found is checked, and the
connection goes to one of the checked addresses, so that a name cannot be rebound in between (SSRF).
TLS verifies the host name against the certificate. One deadline covers everything, also an answer
that drips; sizes are bounded. What is *not* here: what an answer means, retries, caching, cookies.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from healthpassport.errors import FetchError

TIMEOUT_SECONDS: Final = 3.0  # security.md, "Network": one deadline for the whole exchange
MAX_BYTES: Final = 1_048_576  # security.md, "Network": one answer
MAX_HEADER_BYTES: Final = 32_768  # all header fields of an answer together
READ_BYTES: Final = 65_536
HTTPS_PORT: Final = 443

_URL: Final = re.compile(r"[\x21-\x7e]{1,2048}\Z")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252})\Z")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# RFC 6052 section 2.1: an IPv4 address stands in the last 32 bits behind this prefix.
_NAT64: Final = IPv6Network("64:ff9b::/96")
# What Python 3.11 calls global and no public server has: a cloud platform's service address, IETF
# assignments (RFC 6890), 6to4 relays (RFC 7526), local NAT64 (RFC 8215), site-local (RFC 3879).
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "fec0::/10",
    )
)

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], tuple[str, ...]]


class BegunError(FetchError):
    """An exchange that failed once it had begun: the server may have the whole request."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request; ``max_bytes`` replaces the fetcher's own limit for this answer's body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer; the names of ``headers`` are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher(Protocol):
    """Whatever can carry an ``HttpRequest`` to its server: an argument everywhere in the core."""

    def fetch(self, request: HttpRequest) -> HttpResponse:
        """The answer to ``request``, whatever its status; no redirect is followed.

        Raises:
            FetchError: ``ssrf.blocked``, ``net.unreachable``, ``net.tls``, ``net.timeout``,
                ``net.redirect``, ``net.response`` or ``limit.fetch``; a ``BegunError`` where the
                server may have the request.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a URL leads: host and port, the path with its query, and checked addresses."""

    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The moment (monotonic clock) at which an exchange has to be over."""

    moment: float

    def left(self, code: str = "net.timeout") -> float:
        left = self.moment - time.monotonic()
        if left <= 0:
            raise FetchError(code)
        return left


def system_resolver(host: str, port: int) -> tuple[str, ...]:
    """Every address of ``host`` that the operating system knows."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class HttpsFetcher:
    """The fetcher of all applications.

    Args:
        ca_file: PEM file of the only authorities to believe; the system's when None.
        allowed_private_hosts: ``host:port`` entries whose address may be private or loopback.
        timeout: seconds for the whole exchange, from the name look-up to the last byte.
        max_bytes: the largest body, unless a request says otherwise.
        resolver: how a host name becomes addresses.
        certificate: PEM file with the chain that this side shows, where the other one asks for one.
        certificate_key: PEM file with its private key; None where it stands in the same file.
    """

    ca_file: Path | None = None
    allowed_private_hosts: frozenset[str] = frozenset()
    timeout: float = TIMEOUT_SECONDS
    max_bytes: int = MAX_BYTES
    resolver: Resolver = system_resolver
    certificate: Path | None = None
    certificate_key: Path | None = None

    def fetch(self, request: HttpRequest) -> HttpResponse:
        """Fetch, as ``Fetcher.fetch`` describes."""
        deadline = _Deadline(time.monotonic() + self.timeout)
        target = self._target(request.url, deadline)
        with self._connect(target, deadline) as secured:
            try:
                return self._exchange(request, target, secured, deadline)
            except (FetchError, OSError, HTTPException, ValueError) as error:
                found = _translated(error)
                raise BegunError(found.code, found.detail) from error

    def _target(self, url: str, deadline: _Deadline) -> _Target:
        host, port, path = _split(url)
        addresses = self._resolve(host, port, deadline)
        private = f"{host}:{port}" in self.allowed_private_hosts
        for address in addresses:
            if not is_acceptable(address, private=private):
                raise FetchError("ssrf.blocked", f"{host} has an address that is not public")
        return _Target(host, port, path, addresses)

    def _resolve(self, host: str, port: int, deadline: _Deadline) -> tuple[Address, ...]:
        """All addresses; a thread, since the system's look-up knows no deadline."""
        answers: SimpleQueue[tuple[str, ...] | OSError | UnicodeError] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self.resolver(host, port))
            except (OSError, UnicodeError) as error:  # a label of more than 63 characters
                answers.put(error)

        Thread(target=look_up, daemon=True, name="resolve").start()
        try:
            found = answers.get(timeout=deadline.left())
        except Empty as error:
            raise FetchError("net.timeout", f"{host} could not be looked up in time") from error
        if isinstance(found, OSError | UnicodeError) or not found:
            raise FetchError("net.unreachable", f"{host} has no address")
        return tuple(ip_address(text.partition("%")[0]) for text in found)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.certificate_key)
            except OSError as error:
                raise FetchError("net.tls", "our own certificate cannot be used") from error
        return context

    def _connect(self, target: _Target, deadline: _Deadline) -> ssl.SSLSocket:
        """A TLS connection to the first checked address that answers (pinned)."""
        refused: OSError | None = None
        for address in target.addresses:
            try:
                plain = socket.create_connection((str(address), target.port), deadline.left())
            except OSError as error:
                refused = error
                continue
            try:
                plain.settimeout(deadline.left())
                return self._context.wrap_socket(plain, server_hostname=target.host)
            except (OSError, FetchError) as error:
                plain.close()
                raise _translated(error) from error
        code = "net.timeout" if isinstance(refused, TimeoutError) else "net.unreachable"
        raise FetchError(code, f"{target.host}:{target.port} did not accept the connection")

    def _exchange(
        self, request: HttpRequest, target: _Target, secured: ssl.SSLSocket, deadline: _Deadline
    ) -> HttpResponse:
        if request.method not in {"GET", "POST"}:
            raise FetchError("net.response", f"{request.method} is not a method of this fetcher")
        reader = _BoundedReader(secured, deadline, MAX_HEADER_BYTES)
        connection = _PinnedConnection(target, _BoundedSocket(secured, deadline, reader))
        headers = {"Accept-Encoding": "identity", "Connection": "close", **request.headers}
        connection.request(request.method, target.path, body=request.body, headers=headers)
        response = connection.getresponse()
        if response.status in _REDIRECTS:
            self._refuse_redirect(request.url, response.getheader("Location"), deadline)
        limit = self.max_bytes if request.max_bytes is None else request.max_bytes
        reader.begin_body(limit)
        fields = {name.lower(): value for name, value in response.getheaders()}
        return HttpResponse(response.status, fields, _read_body(response, limit))

    def _refuse_redirect(self, url: str, location: str | None, deadline: _Deadline) -> None:
        """Never followed; one that leads inside is named for what it is."""
        if location is not None:
            try:
                self._target(urljoin(url, location), deadline)
            except FetchError as error:
                if error.code == "ssrf.blocked":
                    raise
        raise FetchError("net.redirect")


def is_acceptable(address: Address, *, private: bool = False) -> bool:
    """Whether a connection to ``address`` may be made; ``private`` allows private and loopback.

    Link-local addresses (cloud metadata services live there), multicast and unspecified ones are
    never acceptable. An IPv4 address inside an IPv6 one counts as itself.
    """
    inner = _embedded(address)
    if inner is not None:
        return is_acceptable(inner, private=private)
    if any(address in network for network in _NEVER):
        return False
    if address.is_link_local or address.is_multicast:
        return False
    if address.is_unspecified or (address.is_reserved and not address.is_loopback):
        return False
    return address.is_global or (private and (address.is_private or address.is_loopback))


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def refuse_inside(url: str) -> None:
    """Refuse an address that nobody may fetch, before anything else is asked about it.

    Nothing is resolved: a name that leads inside is for the fetcher to notice.

    Raises:
        FetchError: ``ssrf.blocked`` for anything but https, a user name, or an address in numbers
            that lies on this machine or in its network.
    """
    host, _, _ = _split(url)
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not is_acceptable(address):
        raise FetchError("ssrf.blocked", "the address lies inside this network")


def _split(url: str) -> tuple[str, int, str]:
    """Host, port and path of an https URL without user name or fragment (else ssrf.blocked)."""
    if not _URL.match(url) or "\\" in url:
        raise FetchError("ssrf.blocked", "the address has characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchError("ssrf.blocked", "the address cannot be read") from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" or "@" in parts.netloc or parts.fragment:
        raise FetchError("ssrf.blocked", "only https without user name or fragment is fetched")
    if not (_HOST.match(host) or ":" in host):
        raise FetchError("ssrf.blocked", "the address names no host")
    path = parts.path or "/"
    return (
        host,
        HTTPS_PORT if port is None else port,
        path + (f"?{parts.query}" * bool(parts.query)),
    )


def _read_body(response: HTTPResponse, limit: int) -> bytes:
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("net.response", "the body is compressed, which was not asked for")
    if response.length is not None and response.length > limit:
        raise FetchError("limit.fetch", f"the answer is larger than {limit} bytes")
    body = bytearray()
    while chunk := response.read(READ_BYTES):
        body += chunk
        if len(body) > limit:
            raise FetchError("limit.fetch", f"the answer is larger than {limit} bytes")
    if response.length:
        raise FetchError("net.response", "the answer broke off")
    return bytes(body)


def _translated(error: Exception) -> FetchError:
    if isinstance(error, FetchError):
        return error
    if isinstance(error, TimeoutError):
        return FetchError("net.timeout")
    if isinstance(error, ssl.SSLError):
        return FetchError("net.tls", error.reason or "")
    if isinstance(error, OSError):
        return FetchError("net.unreachable", "the connection broke off")
    return FetchError("net.response", type(error).__name__)


class _BoundedReader(io.RawIOBase):
    """What the server sends, within the deadline and a number of bytes."""

    def __init__(self, secured: ssl.SSLSocket, deadline: _Deadline, budget: int) -> None:
        self._secured = secured
        self._deadline = deadline
        self._budget = budget
        self._slow = "net.timeout"

    def begin_body(self, limit: int) -> None:
        """From here bytes of a body: the budget also covers the framing of small chunks."""
        self._budget = 2 * limit + READ_BYTES
        self._slow = "limit.fetch"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._budget <= 0:
            raise FetchError("limit.fetch", "the answer's header is too large")
        self._secured.settimeout(self._deadline.left(self._slow))
        try:
            count = self._secured.recv_into(buffer, min(len(buffer), self._budget))
        except TimeoutError as error:
            raise FetchError(self._slow) from error
        self._budget -= count
        return count


class _BoundedSocket:
    """The little of a socket that http.client needs, each step within the deadline."""

    def __init__(self, secured: ssl.SSLSocket, deadline: _Deadline, reader: _BoundedReader) -> None:
        self._secured = secured
        self._deadline = deadline
        self._reader = reader

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._secured.settimeout(self._deadline.left())
            rest = rest[self._secured.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)

    def close(self) -> None:
        """Closing is the caller's ``with``."""


class _PinnedConnection(HTTPConnection):
    """An HTTP connection over a socket that is connected already; it never opens another."""

    def __init__(self, target: _Target, connected: _BoundedSocket) -> None:
        super().__init__(target.host, target.port)
        self.default_port = HTTPS_PORT
        self.sock = connected
        self.auto_open = 0
