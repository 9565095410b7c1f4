"""A real server on loopback, and clients that speak to it byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from healthpassport.deadlines import with_deadline

PATIENCE = 60.0  # seconds


@contextlib.contextmanager
def served(
    app: Any, *, protocol: Any = AutoHTTPProtocol, seconds: float = 15.0, lifespan: str = "off"
) -> Iterator[int]:
    """``app`` under uvicorn with the shipped deadline; gives the port."""
    config = uvicorn.Config(
        app,
        http=with_deadline(protocol, seconds=seconds),
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan=lifespan,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        until = time.monotonic() + PATIENCE
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(PATIENCE)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def rest(client: socket.socket) -> bytes:
    """Everything until the server closes, or has nothing to say for as long as we wait."""
    found = b""
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while part := client.recv(65536):
            found += part
    return found


def said(port: int, raw: bytes) -> bytes:
    """What comes back for ``raw`` until the server closes, or waits for more."""
    with connect(port) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(raw)
        client.settimeout(PATIENCE if b"Connection: close" in raw else 1)
        return rest(client)


def status(answer: bytes) -> int:
    """The status of the first response; 0 for none."""
    line = answer.partition(b"\r\n")[0].split(b" ")
    return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/") else 0


def get(port: int, path: str = "/healthz", *, host: str = "localhost") -> bytes:
    return said(port, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
